"""Resampling against its definition: insert zeros, pad, correlate with the filter, take every second pixel."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from graftgan.networks.resample import blur, downsample, lowpass_filter, upsample


def by_definition(x, kernel, up=1, down=1, pad=(0, 0), gain=1.0):
    n, c, h, w = x.shape
    spread = x.new_zeros(n, c, h * up, w * up)
    spread[:, :, ::up, ::up] = x
    spread = F.pad(spread, (*pad, *pad))
    windows = spread.unfold(2, 4, 1).unfold(3, 4, 1)
    return (windows * kernel * gain).sum(dim=(-1, -2))[:, :, ::down, ::down]


OPERATIONS = {
    "blur": (lambda x, k: blur(x, k, padding=2), dict(pad=(2, 2))),
    "blur with gain": (lambda x, k: blur(x, k, padding=1, gain=4.0), dict(pad=(1, 1), gain=4.0)),
    "upsample": (upsample, dict(up=2, pad=(2, 1), gain=4.0)),
    "downsample": (downsample, dict(down=2, pad=(1, 1))),
}


@pytest.fixture
def x():
    return torch.randn(2, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", OPERATIONS)
def test_equals_the_definition(name, x):
    operation, arguments = OPERATIONS[name]
    kernel = lowpass_filter().double()
    torch.testing.assert_close(operation(x, kernel), by_definition(x, kernel, **arguments))
    torch.testing.assert_close(operation(x.clone().requires_grad_(), kernel), by_definition(x, kernel, **arguments))


@pytest.mark.parametrize("name", OPERATIONS)
def test_first_and_second_derivative(name, x):
    operation, kernel = OPERATIONS[name][0], lowpass_filter().double()
    x.requires_grad_()
    assert gradcheck(lambda x: operation(x, kernel), x)
    # The cube makes the second derivative depend on x; the operations alone are linear.
    assert gradgradcheck(lambda x: operation(x**3, kernel), x)


@pytest.mark.parametrize("name", OPERATIONS)
def test_memory_format_changes_nothing_but_the_layout(name, x):
    operation, kernel = OPERATIONS[name][0], lowpass_filter()
    x = x.float()
    last = operation(x.contiguous(memory_format=torch.channels_last), kernel)
    assert last.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last, operation(x, kernel))


def test_filter_sums_to_one_and_is_symmetric():
    kernel = lowpass_filter()
    assert kernel.sum().item() == pytest.approx(1.0)
    assert torch.equal(kernel, kernel.t()) and torch.equal(kernel, kernel.flip(0))
    torch.testing.assert_close(kernel[0] * 64, torch.tensor([1.0, 3.0, 3.0, 1.0]))
