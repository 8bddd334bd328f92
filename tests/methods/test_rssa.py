"""RSSA holds layout to the source's, and draws latents toward the span of the photos'."""

from types import SimpleNamespace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.methods.rssa import RSSA, compressed, spanned
from graftgan.randomness import generator_at


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_compressed_latent_by_hand() -> None:
    # (3, 4): half of what is outside the first axis goes: (3, 2), of length sqrt(13), made 5 long.
    found = compressed(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0], [0.0]]), 0.5)
    torch.testing.assert_close(found, torch.tensor([[3.0, 2.0]]) * 5 / 13**0.5)


def test_compression_keeps_length_and_leaves_what_is_in_the_span() -> None:
    z, photos = normal(0, 20, 6), normal(1, 2, 6)
    basis = spanned(photos)
    assert basis.shape == (6, 2)
    torch.testing.assert_close(basis.T @ basis, torch.eye(2, dtype=torch.float64))
    for part in (0.0, 0.4, 1.0):
        torch.testing.assert_close(compressed(z, basis, part).norm(dim=1), z.norm(dim=1))
        torch.testing.assert_close(compressed(photos, basis, part), photos)
    torch.testing.assert_close(compressed(z, basis, 0.0), z)
    whole = torch.cat([photos, compressed(z, basis, 1.0)])
    assert torch.linalg.matrix_rank(whole) == 2


def test_photos_with_the_same_latent_span_one_direction() -> None:
    one = normal(2, 1, 6)
    assert spanned(torch.cat([one, 2 * one, -one])).shape == (6, 1)


def test_latents_of_a_run_lie_in_the_photos_span(tiny: SimpleNamespace) -> None:
    method = RSSA(compression=1.0, search_steps=0, anchors=3)
    state = tiny.prepare(tiny.built("dcgan"), method)
    basis = state.fixed["span"].basis
    assert 1 <= basis.shape[1] < 8 == basis.shape[0]
    for state.step in (0, 1):
        z = method.latents(state, 5, generator_at(0, 0))
        torch.testing.assert_close(z, z @ basis @ basis.T)


def test_without_compression_nothing_is_searched(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), RSSA(compression=0.0))
    assert "span" not in state.fixed
    assert RSSA(compression=0.0).latents(state, 5, generator_at(0, 0)).shape == (5, 8)


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_both_terms_are_zero_at_the_start_and_not_later(network: str, tiny: SimpleNamespace) -> None:
    method = RSSA(search_steps=0)
    first, second = tiny.advance(tiny.prepare(tiny.built(network), method), method, 2)
    for term in ("self_correlation", "cross_correlation"):
        assert first[term].abs() < 1e-4 < second[term]


def test_a_weight_of_zero_leaves_its_term_out(tiny: SimpleNamespace) -> None:
    method = RSSA(self_weight=0.0, compression=0.0)
    (losses,) = tiny.advance(tiny.prepare(tiny.built("dcgan"), method), method, 1)
    assert "self_correlation" not in losses and "cross_correlation" in losses


@pytest.mark.parametrize("settings", [{"side": 6}, {"compression": 1.5}, {"self_weight": -1.0}, {"spread": -0.1}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        RSSA(**settings)  # type: ignore[arg-type]
