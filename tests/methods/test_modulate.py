"""Kernel modulation against values derived by hand, and the quantile that parts kept filters from fine-tuned ones."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from graftgan.errors import UserError
from graftgan.methods.modulate import Modulate, filter_scores, settle
from graftgan.surgery.modulation import KernelModulation


def modulation(filters: int = 2) -> KernelModulation:
    return KernelModulation(torch.zeros(filters, 1, 1, 2), 0, 1, torch.Generator().manual_seed(0))


def test_a_kept_filter_is_modulated_and_another_is_its_own_weight() -> None:
    found = modulation()
    with torch.no_grad():
        found.u.copy_(torch.tensor([[0.5, -1.0]]))
        found.v.copy_(torch.tensor([[2.0], [3.0]]))
    found.keep[1] = 0
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(2, 1, 1, 2)
    # filter 0: W (1 + v u) = 1 * (1 + 2 * 0.5), 2 * (1 - 2 * 1); filter 1: untouched
    assert torch.equal(found(weight), torch.tensor([[2.0, -2.0], [3.0, 4.0]]).view(2, 1, 1, 2))


def test_gradients_reach_modulation_of_kept_filters_and_weights_of_the_others_only() -> None:
    conv = nn.Conv2d(1, 2, (1, 2), bias=False)
    found = modulation()
    found.keep[1] = 0
    parametrize.register_parametrization(conv, "weight", found)
    conv.weight.sum().backward()
    original = conv.parametrizations.weight.original  # type: ignore[union-attr, index]
    assert torch.equal(original.grad[0], torch.zeros(1, 1, 2)) and torch.equal(original.grad[1], torch.ones(1, 1, 2))
    assert found.u.grad is not None and found.u.grad.abs().sum() > 0


def test_the_more_important_half_is_kept() -> None:
    modulations = {"a": modulation(), "b": modulation()}
    settle(modulations, {"a": torch.tensor([1.0, 4.0]), "b": torch.tensor([2.0, 3.0])}, 0.5)
    assert modulations["a"].keep.flatten().tolist() == [0, 1]
    assert modulations["b"].keep.flatten().tolist() == [0, 1]


def test_importance_is_the_mean_of_both_factors() -> None:
    found = modulation()
    fisher = {found.v: torch.tensor([[1.0], [3.0]]), found.u: torch.tensor([[2.0, 4.0]])}
    assert filter_scores(found, fisher).tolist() == [4.0, 6.0]  # 1 + mean(2, 4), 3 + mean(2, 4)


@pytest.mark.parametrize("settings", [{"quantile": 7.0}, {"rank": 0}, {"fisher_steps": 0}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        Modulate(**settings)  # type: ignore[arg-type]


def test_findings_are_the_share_of_each_layer_that_was_kept(tiny: SimpleNamespace) -> None:
    method = Modulate(probe_steps=1, fisher_steps=1)
    state = tiny.prepare(tiny.built("dcgan"), method)
    parts = {name: part for name, part in state.generator.named_modules() if isinstance(part, KernelModulation)}
    next(iter(parts.values())).keep.fill_(0.0)
    found = {one.layer: one.value for one in method.findings(state)}
    assert list(found) == ["main.0", "main.3", "main.6"] and found["main.0"] == 0
    assert list(found.values()) == [part.keep.mean().item() for part in parts.values()]
