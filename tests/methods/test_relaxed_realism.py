"""Relaxed realism: whole pictures near anchors every so many steps, patches elsewhere otherwise."""

from types import SimpleNamespace

import pytest
import torch

from graftgan.augment import NoAugment
from graftgan.errors import UserError
from graftgan.methods.cdc import CDC
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.state import State

METHOD = CDC(weight=0.0)


def large(network: str, tiny: SimpleNamespace) -> State:
    """A prepared pair of 32 px, D in evaluation mode."""
    widths = {"resolution": 32, "channel_base": 128, "channel_max": 8}
    generator = NETWORKS[network].generator(**widths, z_dim=4)
    discriminator = NETWORKS[network].discriminator(**widths)
    generator.init_weights(generator_at(0, 0))
    discriminator.init_weights(generator_at(0, 1))
    state: State = tiny.prepare(State(generator, discriminator, generator, NoAugment()), METHOD)
    state.discriminator.eval()
    return state


def test_latents_are_near_anchors_in_image_steps_only(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), METHOD)
    anchors = state.fixed["anchors"].z
    assert anchors.shape == (10, 8)
    for step, near in ((0, True), (1, False), (3, False), (4, True)):
        state.step = step
        z = METHOD.latents(state, 64, generator_at(1, step))
        closest = torch.cdist(z, anchors).min(1)
        assert (closest.values < 0.1 * 8).all() == near  # 8 deviations away at 8 dimensions: never
        if near:
            assert len(closest.indices.unique()) == 10
            assert (z - anchors[closest.indices]).std().item() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_patchs_logit_sees_its_patch_and_the_whole_pictures_sees_all(network: str, tiny: SimpleNamespace) -> None:
    if not NETWORKS[network].discriminator.adversary:
        return
    state = large(network, tiny)
    images = torch.rand(1, 3, 32, 32, generator=generator_at(2, 0)) * 2 - 1
    corner = images.clone()
    corner[:, :, :4, :4] *= -1
    for step, count in ((0, 1), (1, 64)):
        state.step = step
        one, other = (METHOD.score(state, seen, None, generator_at(0, 0)) for seen in (images, corner))
        assert one.shape == (1, count)
        assert one[0, 0] != other[0, 0] and (torch.equal(one[0, -1], other[0, -1]) == (count > 1))


def test_each_path_trains_its_own_part_of_d(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("stylegan2"), METHOD)
    trained = state.trainable_d()
    for step, absent, present in (
        (0, "with_discriminator.patch", "discriminator.b4"),
        (1, "discriminator.b4", "patch"),
    ):
        state.step = step
        score = METHOD.score(state, tiny.batch_at(0)[0], None, generator_at(0, 0)).square().sum()
        gradients = torch.autograd.grad(score, list(trained.values()), allow_unused=True)
        reached = {name for name, gradient in zip(trained, gradients, strict=True) if gradient is not None}
        assert not any(absent in name for name in reached) and any(present in name for name in reached)


def test_lazy_penalties_fall_on_image_steps(tiny: SimpleNamespace) -> None:
    assert tiny.rules.r1_every == 2 and METHOD.game(tiny.rules).r1_every == 4
    losses = tiny.advance(tiny.prepare(tiny.built("dcgan"), METHOD), METHOD, 5)
    assert ["r1" in step for step in losses] == [True, False, False, False, True]


def test_the_head_starts_at_the_pace_of_its_network(tiny: SimpleNamespace) -> None:
    heads = {
        name: tiny.prepare(tiny.built(name), METHOD).with_discriminator["patch"] for name in ("dcgan", "stylegan2")
    }
    # 16 px: the block that reads 8 px gives 16 channels; fan-in 144. Equalised weights are stored at unit scale.
    assert heads["dcgan"].weight.std().item() == pytest.approx(1 / 12, rel=0.2)
    assert heads["stylegan2"].weight.std().item() == pytest.approx(1, rel=0.2)


def test_without_patch_steps_there_is_no_head(tiny: SimpleNamespace) -> None:
    method = CDC(weight=0.0, image_every=1)
    state = tiny.prepare(tiny.built("dcgan"), method)
    assert "patch" not in state.with_discriminator
    state.step = 3
    assert method.score(state, tiny.batch_at(0)[0], None, generator_at(0, 0)).shape == (4, 1)


def test_a_block_that_d_lacks_is_refused_by_name(tiny: SimpleNamespace) -> None:
    with pytest.raises(UserError, match=r"patch_block=64: D has no such block \(there are: 16, 8\)"):
        tiny.prepare(tiny.built("dcgan"), CDC(patch_block=64))
