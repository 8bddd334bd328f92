"""BSA draws the photos ever better without an adversary, and touches nothing but scales, shifts and latents."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from graftgan.augment import NoAugment
from graftgan.errors import UserError
from graftgan.methods.base import Preparation
from graftgan.methods.bsa import BSA, Latents, distance_from_normal, feature_distance
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.merge import merged
from graftgan.surgery.scale_shift import scale_shift
from graftgan.training import ema


@pytest.mark.parametrize("network", NETWORKS)
def test_only_scales_shifts_and_latents_move_and_d_has_no_optimiser(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), BSA())
    assert state.optimiser_d is None
    assert set(state.trainable_g()) == {f"generator.{name}" for name in scale_shift(state.generator)} | {
        "with_generator.latents.z"
    }
    before = {name: value.clone() for name, value in state.tensors().items()}
    state.average = copy.deepcopy(state.generator).eval()
    tiny.advance(state, BSA(), 3)
    ema.update(state.average, state.generator, 0.5)
    after = state.tensors()
    moved = {name for name in before if name.startswith("generator.") and not torch.equal(before[name], after[name])}
    assert moved == {f"generator.{name}" for name in scale_shift(state.generator)}
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith("discriminator."))
    plain = merged(state.average).state_dict()
    assert all(torch.equal(plain[name], after[f"average.{name}"]) for name in plain)


def test_photos_are_drawn_ever_better(tiny: SimpleNamespace) -> None:
    terms = tiny.advance(tiny.prepare(tiny.built("dcgan"), BSA()), BSA(), 12)
    assert terms[-1]["loss_g"] < terms[0]["loss_g"]
    assert terms[-1]["near"] > terms[0]["near"] == 0


def test_the_photos_are_not_saved_but_their_latents_are(tiny: SimpleNamespace) -> None:
    names = set(tiny.prepare(tiny.built("dcgan"), BSA()).tensors())
    assert "with_generator.latents.z" in names
    assert not any(name.startswith("fixed.") for name in names)


def test_first_latents_of_a_resumed_run_are_not_searched_again(
    monkeypatch: pytest.MonkeyPatch, tiny: SimpleNamespace
) -> None:
    saved = tiny.prepare(tiny.built("dcgan"), BSA()).tensors()
    monkeypatch.setattr("graftgan.methods.bsa.latent_search", None)
    latents = tiny.prepare(tiny.built("dcgan"), BSA(), saved).with_generator["latents"]
    assert isinstance(latents, Latents) and latents.z.shape == (8, 8)


def test_latents_at_the_normal_quantiles_have_no_distance() -> None:
    # three latents of length 1 in any direction (+1 or -1): quantiles at 1/6, 1/2, 5/6 are -0.96742, 0, 0.96742
    quantile = 0.9674215661
    rng = torch.Generator().manual_seed(0)
    ideal = torch.tensor([[quantile], [-quantile], [0.0]], dtype=torch.float64)
    assert distance_from_normal(ideal, rng).item() == pytest.approx(0, abs=1e-9)
    middle = torch.zeros(3, 1, dtype=torch.float64)
    assert distance_from_normal(middle, rng).item() == pytest.approx(2 / 3 * quantile**2)
    assert distance_from_normal(ideal + 2, rng).item() == pytest.approx(4.0)


def test_a_single_latent_is_held_to_its_length_and_not_to_the_middle() -> None:
    found = [distance_from_normal(torch.full((1, 8), value), torch.Generator()).item() for value in (1.0, 3.0, 0.0)]
    assert found == pytest.approx([0, 4, 1], abs=1e-6)


def test_the_distance_from_normal_has_the_gradient_of_finite_differences() -> None:
    z = torch.randn(5, 3, dtype=torch.float64, generator=generator_at(0, 0)).requires_grad_()

    def distance(rows: Tensor) -> Tensor:
        return distance_from_normal(rows, torch.Generator().manual_seed(1))

    assert torch.autograd.gradcheck(distance, (z,))


def test_features_are_compared_relative_to_the_photos(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), BSA())
    photos = tiny.photos()
    assert feature_distance(state, photos, photos).item() == 0
    # an undrawn norm and no bias anywhere: grey gives nothing at all, as far from the photos as their own size
    assert feature_distance(state, photos * 0, photos).item() == pytest.approx(1)


def prepared(photos: Tensor, tiny: SimpleNamespace, classes: int = 0) -> None:
    widths = {"resolution": 16, "channel_base": 64, "channel_max": 4, "c_dim": classes}
    generator = NETWORKS["stylegan2"].generator(**widths, z_dim=4, w_dim=4, mapping_layers=1)
    state = State(generator, NETWORKS["stylegan2"].discriminator(**widths), generator, NoAugment())
    nothing = Preparation(tiny.batch_at, tiny.rules, tiny.fabric, 0, None, lambda *_: None, lambda most: photos[:most])
    BSA().prepare(state, nothing)


def test_more_photos_than_it_can_fit_and_classes_are_refused(tiny: SimpleNamespace) -> None:
    with pytest.raises(UserError, match="it fits every picture, so 1000 at most"):
        prepared(torch.zeros(1, 3, 16, 16).expand(1001, -1, -1, -1), tiny)
    with pytest.raises(UserError, match="the source has 2 classes"):
        prepared(torch.zeros(1, 3, 16, 16), tiny, classes=2)


@pytest.mark.parametrize("settings", [{"perceptual": -1.0}, {"noise": float("nan")}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        BSA(**settings)  # type: ignore[arg-type]
