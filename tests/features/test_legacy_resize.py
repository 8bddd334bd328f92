"""The rules of older numbers and of LPIPS, against values derived by hand and the operations that define them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from graftgan.features.resize import IN_WORDS, RESIZES, resize_clean, resize_pillow_bilinear

ROW = [0.0, 40.0, 100.0]


def resized_row(rule: str, values: list[float], size: int) -> list[float]:
    """Every row of a square picture is the same, so that one axis is looked at alone."""
    picture = torch.tensor(values, dtype=torch.float64).expand(1, 1, len(values), len(values))
    result = RESIZES[rule](picture, size)[0, 0]
    assert result.shape == (size, size) and torch.equal(result, result[:1].expand(size, size))
    return result[0].tolist()


@pytest.mark.parametrize(
    ("rule", "size", "expected"),
    [
        # read at (i + 1/2) / 2 - 1/2: 0 (clamped), .25, .75, 1.25, 1.75, 2 (clamped)
        ("legacy-pytorch", 6, [0, 10, 30, 55, 85, 100]),
        # read at i / 2: 0, .5, 1, 1.5, 2, 2 (the last pixel is repeated)
        ("legacy-tensorflow", 6, [0, 20, 40, 70, 100, 100]),
        # read at 1.5 (i + 1/2) - 1/2: .25, 1.75
        ("legacy-pytorch", 2, [10, 85]),
        # read at 1.5 i: 0, 1.5
        ("legacy-tensorflow", 2, [0, 70]),
        ("legacy-pytorch", 1, [40]),
        ("legacy-tensorflow", 1, [0]),
        ("legacy-pytorch", 3, ROW),
        ("legacy-tensorflow", 3, ROW),
    ],
)
def test_values_derived_by_hand(rule, size, expected):
    assert resized_row(rule, ROW, size) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rule", ["legacy-pytorch", "legacy-tensorflow"])
def test_shrinking_skips_pixels_and_clean_does_not(rule):
    """Eight pixels become two: only a pixel or two around each position is read."""
    bright = [0.0, 255.0, 255.0, 0.0] * 2
    assert resized_row(rule, [255.0, 0.0, 0.0, 255.0] * 2, 2) in ([0, 0], [255, 255])
    assert resized_row("clean", bright, 2) == pytest.approx([127.5, 127.5], abs=30)


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (512, 300), (1, 5)])
def test_legacy_pytorch_is_its_operation(shape):
    pixels = torch.rand(2, 3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 255
    expected = F.interpolate(pixels, size=(299, 299), mode="bilinear", align_corners=False)
    torch.testing.assert_close(RESIZES["legacy-pytorch"](pixels, 299), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (256, 300), (512, 100), (7, 1000), (600, 1000)])
def test_bilinear_in_bytes_is_pillows(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR))
    ours = resize_pillow_bilinear(torch.from_numpy(pixels).permute(2, 0, 1)[None].float(), 256)
    np.testing.assert_array_equal(ours[0].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("source", [1, 64, 100, 299, 300])
def test_legacy_tensorflow_reads_between_two_neighbours(source):
    """A ramp is read at its position, which says where each weight lies; beyond the last pixel it stays flat."""
    ramp = torch.arange(float(source), dtype=torch.float64).expand(1, 1, source, source)
    expected = [min(i * source / 299, source - 1) for i in range(299)]
    assert RESIZES["legacy-tensorflow"](ramp, 299)[0, 0, 0].tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rule", list(RESIZES))
def test_gradient_reaches_the_picture(rule):
    pixels = torch.rand(1, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 100 + 50
    assert torch.autograd.gradcheck(lambda x: RESIZES[rule](x, 7), pixels.requires_grad_())


def test_rules_differ_and_each_has_words():
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    results = [rule(pixels, 299) for rule in RESIZES.values()]
    assert RESIZES["clean"] is resize_clean
    for at, one in enumerate(results):
        assert all((one - other).abs().max() > 1 for other in results[:at])
    assert set(IN_WORDS) == set(RESIZES) and len(set(IN_WORDS.values())) == len(RESIZES)
