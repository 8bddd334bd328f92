"""Kernels by their singular values: the decomposition of torch is the judge."""

import copy

import pytest
import torch
from torch import Tensor, nn

from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.surgery.singular_values import SingularValues, by_singular_values


def built(network: str) -> Generator:
    style = {"w_dim": 8, "mapping_layers": 2} if network == "stylegan2" else {}
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8, **style)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


def drawn(generator: Generator) -> Tensor:
    return generator(torch.randn(3, 8, generator=generator_at(1, 0)), noise="const")


@pytest.mark.parametrize(("shape", "dim"), [((4, 5, 3, 3), 0), ((5, 4, 3, 3), 1), ((9, 2, 2, 2), 0), ((6, 4), 0)])
def test_factors_multiply_the_singular_values(shape: tuple[int, ...], dim: int) -> None:
    weight = torch.randn(shape, dtype=torch.float64, generator=generator_at(0, 0))
    values = SingularValues(weight, dim)
    factors = torch.rand(values.multiplier.shape, generator=generator_at(0, 1), dtype=torch.float64) * 2
    with torch.no_grad():
        values.multiplier.copy_(factors)
    matrix = weight.movedim(dim, 0).flatten(1)
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    assert factors.shape == s.shape
    expected = u @ torch.diag(s * factors) @ v
    torch.testing.assert_close(values(weight).movedim(dim, 0).flatten(1), expected, rtol=1e-7, atol=1e-9)


def test_factors_of_one_give_the_kernel_to_the_bit_and_zero_gives_nothing() -> None:
    weight = torch.randn(16, 8, 3, 3, generator=generator_at(0, 0))
    values = SingularValues(weight, 0)
    assert torch.equal(values(weight), weight)
    with torch.no_grad():
        values.multiplier.zero_()
    torch.testing.assert_close(values(weight), torch.zeros_like(weight), rtol=0, atol=1e-5)


def test_the_gradient_is_that_of_finite_differences() -> None:
    weight = torch.randn(3, 4, dtype=torch.float64, generator=generator_at(0, 0))
    values = SingularValues(weight, 0)

    def kernel(multiplier: Tensor) -> Tensor:
        return torch.func.functional_call(values, {"multiplier": multiplier}, (weight,))

    start = torch.rand(3, dtype=torch.float64, generator=generator_at(0, 1)).requires_grad_()
    assert torch.autograd.gradcheck(kernel, (start,))


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_is_the_source_at_the_start_and_plain_once_merged(network: str) -> None:
    plain, changed = built(network), built(network)
    found = by_singular_values(changed)
    kernels = {
        name for name, m in plain.named_modules() if isinstance(w := getattr(m, "weight", None), Tensor) and w.dim() > 1
    }
    assert set(found) == kernels
    assert {name.rpartition(".")[2] for name, p in changed.named_parameters() if p.requires_grad} == {"multiplier"}
    assert torch.equal(drawn(plain), drawn(changed))
    for index, values in enumerate(found.values()):
        values.multiplier.data.normal_(1.0, 0.2, generator=generator_at(0, index))
    moved = drawn(changed)
    assert not torch.allclose(moved, drawn(plain), atol=0)
    taken_down = merged(copy.deepcopy(changed))
    assert taken_down.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(drawn(taken_down), moved)


def test_the_vectors_are_not_saved_and_are_found_anew() -> None:
    conv, again = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(3, 4, 3, bias=False)
    conv.weight.data.normal_(generator=generator_at(0, 0))
    again.weight.data.copy_(conv.weight)
    first, second = SingularValues(conv.weight, 0), SingularValues(again.weight, 0)
    assert list(first.state_dict()) == ["multiplier"]
    assert torch.equal(first.left, second.left) and torch.equal(first.right, second.right)
