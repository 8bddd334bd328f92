"""Latents of given pictures: found again where they exist, and the generator none the wiser."""

import pytest
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.surgery.latent_search import Found, latent_search


def drawn(network: str = "dcgan", **changes: int) -> Generator:
    sizes = {"resolution": 16, "channel_base": 128, "channel_max": 8, "z_dim": 4, **changes}
    generator: Generator = NETWORKS[network].generator(**sizes)
    generator.init_weights(torch.Generator().manual_seed(1))
    for weight in generator.parameters():
        if network == "dcgan" and weight.ndim == 4:
            weight.data *= 6  # undrawn statistics: without it every picture is nearly grey
    return generator.eval()


def searched(generator: Generator, pictures: Tensor, steps: int, seed: int = 0) -> Found:
    rng = torch.Generator().manual_seed(seed)
    return latent_search(generator, pictures, starts=2, steps=steps, rng=rng, candidates=32)


def test_a_known_latent_is_found_again() -> None:
    generator = drawn()
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        pictures = generator(z, noise="const")
    found = searched(generator, pictures, steps=80)
    assert (found.z - z).norm(dim=1).max() < 0.05 * z.norm(dim=1).min()
    assert found.error.max() < 0.01 < 0.05 < found.drawn.min()
    torch.testing.assert_close(found.pictures, pictures, atol=0.02, rtol=0)


def test_the_error_is_the_share_of_the_contrast_that_is_missed() -> None:
    generator = drawn()
    pictures = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1
    found = searched(generator, pictures, steps=5)
    for at in range(3):
        flat = torch.stack([torch.full((16, 16), float(channel.mean())) for channel in pictures[at]])
        missed = ((found.pictures[at] - pictures[at]) ** 2).mean() / ((flat - pictures[at]) ** 2).mean()
        assert float(found.error[at]) == pytest.approx(float(missed), rel=1e-4)


def test_without_steps_it_answers_the_best_candidate_and_steps_never_make_it_worse() -> None:
    generator = drawn()
    pictures = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(3)) * 2 - 1
    candidates = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = generator(candidates, noise="const")
    nearest = ((pictures[:, None] - made[None]) ** 2).mean((2, 3, 4)).argmin(1)
    still = searched(generator, pictures, steps=0)
    torch.testing.assert_close(still.pictures, made[nearest], atol=1e-5, rtol=0)
    assert torch.equal(still.error, still.drawn)
    after = searched(generator, pictures, steps=10)
    assert (after.error < still.error).all() and torch.equal(after.drawn, still.drawn)


def test_latents_stay_such_as_the_generator_draws() -> None:
    found = searched(drawn(), torch.ones(2, 3, 16, 16), steps=40)
    # 0.999 of the chi-square distribution with 4 degrees of freedom: 18.467, from a table
    assert found.z.square().sum(1).max() <= 18.467 * 1.0001


@pytest.mark.parametrize("network", NETWORKS)
def test_the_generator_is_left_as_it_was(network: str) -> None:
    generator = drawn(network).train()
    first, *_ = generator.parameters()
    first.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    state = torch.get_rng_state()
    searched(generator, torch.zeros(1, 3, 16, 16), steps=2)
    assert all(module.training for module in generator.modules())
    assert [p.requires_grad for p in generator.parameters()].count(False) == 1 and not first.requires_grad
    assert all(p.grad is None for p in generator.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_same_randomness_finds_the_same() -> None:
    pictures = torch.zeros(2, 3, 16, 16)
    one, same, other = (searched(drawn(), pictures, steps=2, seed=seed).z for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_classes_go_with_the_latents() -> None:
    generator = drawn("stylegan2", c_dim=3)
    found = searched(generator, torch.zeros(2, 3, 16, 16), steps=1)
    assert found.c is not None and found.c.shape == (2, 3) and found.c.sum(1).eq(1).all()
    with torch.no_grad():
        torch.testing.assert_close(generator(found.z, found.c, noise="const"), found.pictures)


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(UserError, match="the generator makes"):
        searched(drawn(), torch.zeros(1, 1, 16, 16), steps=1)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    latent_search(
        drawn(),
        torch.zeros(1, 3, 16, 16),
        starts=1,
        steps=3,
        rng=torch.Generator(),
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
