"""Randomness as a function of (seed, rank, step): nothing to save, so every resume is exact."""

import hashlib

import torch


def generator_at(seed: int, step: int, *, rank: int = 0, purpose: str = "step") -> torch.Generator:
    """Returns the CPU random generator of one step.

    A run that starts anew at step 400 draws the very numbers that the uninterrupted run drew there, on any
    number of processes, because no state is carried from step to step.

    Args:
        seed: the run's.
        step: any integer.
        rank: of the process; each draws its own numbers.
        purpose: separates streams that share a step ("step", "init", "samples").

    Returns:
        A seeded `torch.Generator` on the CPU.

    Example:
        >>> a, b = generator_at(0, 7), generator_at(0, 7)
        >>> bool((torch.randn(3, generator=a) == torch.randn(3, generator=b)).all())
        True
    """
    digest = hashlib.sha256(f"{purpose}/{seed}/{rank}/{step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))
