"""Randomness is a function of what it is asked for, and of nothing else."""

import itertools

import torch

from graftgan.randomness import generator_at


def draw(*arguments: int, **keywords: object) -> tuple[float, ...]:
    return tuple(torch.randn(4, generator=generator_at(*arguments, **keywords)).tolist())  # type: ignore[arg-type]


def test_the_same_moment_draws_the_same_numbers_whatever_was_drawn_before() -> None:
    first = draw(3, 7, rank=1, purpose="probe")
    torch.manual_seed(5)
    torch.rand(100)
    assert draw(3, 7, rank=1, purpose="probe") == first


def test_every_seed_step_rank_and_purpose_draws_its_own() -> None:
    moments = list(itertools.product(range(4), range(8), range(3), ("step", "init", "samples")))
    found = {draw(seed, step, rank=rank, purpose=purpose) for seed, step, rank, purpose in moments}
    assert len(found) == len(moments)
    assert len({draw(1, 11), draw(11, 1), draw(1, 1, rank=1), draw(111, 0)}) == 4


def test_the_numbers_are_those_of_every_earlier_version() -> None:
    drawn = torch.randint(1_000_000, (4,), generator=generator_at(0, 0)).tolist()
    assert drawn == DRAWN


DRAWN = [795233, 75693, 591097, 311097]


def test_global_randomness_is_left_alone() -> None:
    before = torch.get_rng_state()
    draw(0, 0)
    assert torch.equal(torch.get_rng_state(), before)
