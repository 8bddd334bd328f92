"""Cheap latent search: which latents of a generator come nearest to given pictures, and how near that is."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.stats import chi2
from torch import Tensor
from torch.nn.functional import one_hot

from graftgan.errors import UserError
from graftgan.networks.base import Generator

_BATCH = 32
_REACH = 0.999
_FLAT = 1e-3


@dataclass(frozen=True)
class Found:
    """What a latent search found, one row a picture.

    Attributes:
        z: latents (N, z_dim), on the generator's device.
        c: one-hot classes (N, c_dim) that go with them; None for an unconditional generator.
        pictures: what the generator makes of them, (N, channels, H, W).
        error: share of each picture's contrast that is missed, (N,): 0 is the picture itself, 1 is as far as a flat
            patch of its mean colour.
        drawn: the same of the best random latent, before any step.
    """

    z: Tensor
    c: Tensor | None
    pictures: Tensor
    error: Tensor
    drawn: Tensor


def latent_search(
    generator: Generator,
    pictures: Tensor,
    *,
    starts: int,
    steps: int,
    rng: torch.Generator,
    candidates: int = 128,
    rate: float = 0.1,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Find the latents whose pictures are nearest to given ones, in pixels.

    Source: projection by gradient descent on the latent (Zhu et al., "Generative Visual Manipulation on the Natural
    Image Manifold", 2016, arXiv 1609.03552). Deviations, for speed: in pixels, without a perceptual network, and
    started from the best of random samples; all pictures at once. Latents are kept in the ball that holds 999 of 1000
    normal ones, so that what is found is something the generator draws. One for a class-conditional generator keeps
    the class of its start.

    Formula: error = mean (G(z) - x)^2 / mean (x - mean of x over its pixels, by channel)^2. It is the same yardstick
    for every generator, as it depends on the picture alone.

    Args:
        generator: left as it was: modes, gradients and what may train.
        pictures: (N, channels, H, W) in [-1, 1], of the generator's size and channels.
        starts: how many of the best random samples each picture goes on from, at least 1.
        steps: of Adam; 0 answers the best random sample.
        rng: draws the candidates.
        candidates: random samples that the starts are the best of, at least `starts`.
        rate: Adam's learning rate; latents have a deviation of 1.
        progress: called with (done, steps) after each step.

    Returns:
        The best latent of each picture. No error is above that of the best candidate.

    Raises:
        UserError: pictures of another size or another number of channels than the generator makes.

    Example:
        >>> from graftgan.networks import NETWORKS
        >>> generator = NETWORKS["dcgan"].generator(resolution=16, channel_base=64, channel_max=4, z_dim=4)
        >>> generator.init_weights(torch.Generator().manual_seed(0))
        >>> found = latent_search(generator, torch.zeros(2, 3, 16, 16), starts=1, steps=0, rng=torch.Generator())
        >>> found.z.shape, found.pictures.shape
        (torch.Size([2, 4]), torch.Size([2, 3, 16, 16]))
    """
    wanted = (generator.channels, generator.resolution, generator.resolution)
    if tuple(pictures.shape[1:]) != wanted:
        raise UserError(f"latent search: pictures {tuple(pictures.shape[1:])}, the generator makes {wanted}")
    starts, count = min(starts, candidates), len(pictures)
    modes = [(module, module.training) for module in generator.modules()]
    trained = [parameter for parameter in generator.parameters() if parameter.requires_grad]
    try:
        generator.eval().requires_grad_(False)
        device = next(generator.parameters()).device
        x = pictures.detach().to(device)
        drawn = _inside(torch.randn(candidates, generator.z_dim, generator=rng)).to(device)
        labels = _classes(candidates, generator, device)
        order = _distances(generator, drawn, labels, x).argsort(1)[:, :starts]
        z = drawn[order.reshape(-1)].clone()
        c = None if labels is None else labels[order.reshape(-1)]
        best, nearest, first = _descend(generator, z, c, x.repeat_interleave(starts, 0), steps, rate, progress)
        rows = torch.arange(count, device=device)
        chosen = rows * starts + nearest.view(count, starts).argmin(1)
        kept = None if c is None else c[chosen]
        contrast = x.var((2, 3), correction=0).mean(1).clamp_min(_FLAT)
        made = _draw(generator, best[chosen], kept)
        errors = nearest[chosen] / contrast
        return Found(best[chosen], kept, made, errors, first.view(count, starts).min(1).values / contrast)
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
        for module, mode in modes:
            module.training = mode


def _descend(
    generator: Generator,
    z: Tensor,
    c: Tensor | None,
    x: Tensor,
    steps: int,
    rate: float,
    progress: Callable[[int, int], None] | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Walk every latent downhill; return the best of each, its squared error and that of its start."""
    best, nearest, first = z.clone(), torch.full((len(z),), torch.inf, device=z.device), None
    mean, square = torch.zeros_like(z), torch.zeros_like(z)
    for step in range(steps + 1):
        errors, gradients = [], []
        for start in range(0, len(z), _BATCH):
            rows = slice(start, start + _BATCH)
            with torch.enable_grad():
                leaf = z[rows].detach().requires_grad_(step < steps)
                made = generator(leaf, None if c is None else c[rows], noise="const")
                error = (made - x[rows]).square().mean((1, 2, 3))
                if step < steps:
                    gradients.append(torch.autograd.grad(error.sum(), leaf)[0])
            errors.append(error.detach())
        now = torch.cat(errors)
        first = now if first is None else first
        nearer = now < nearest
        best[nearer], nearest[nearer] = z[nearer], now[nearer]
        if step < steps:
            # Adam by hand, a rate for each latent: one optimiser would be the same, but keeps leaves whole.
            gradient = torch.cat(gradients)
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.99 * square + 0.01 * gradient.square()
            fade = rate * (1 - step / steps) ** 0.5
            ahead = mean / (1 - 0.9 ** (step + 1)) / ((square / (1 - 0.99 ** (step + 1))).sqrt() + 1e-12)
            z = _inside(z - fade * ahead)
            if progress is not None:
                progress(step + 1, steps)
    assert first is not None
    return best, nearest, first


def _inside(z: Tensor) -> Tensor:
    """Return latents pulled back into the ball that holds 999 of 1000 normal ones."""
    radius = float(chi2.ppf(_REACH, z.shape[1])) ** 0.5
    return z * (radius / z.norm(dim=1, keepdim=True).clamp_min(radius))


def _classes(count: int, generator: Generator, device: torch.device) -> Tensor | None:
    """Return one-hot classes, each in turn; None for an unconditional generator."""
    if not generator.c_dim:
        return None
    return one_hot(torch.arange(count, device=device) % generator.c_dim, generator.c_dim).float()


def _distances(generator: Generator, z: Tensor, c: Tensor | None, x: Tensor) -> Tensor:
    """Return the squared distance of each picture to each candidate's, (N, candidates)."""
    made = _draw(generator, z, c)
    flat, targets = made.flatten(1), x.flatten(1)
    return targets.square().sum(1, keepdim=True) - 2 * targets @ flat.T + flat.square().sum(1)


def _draw(generator: Generator, z: Tensor, c: Tensor | None) -> Tensor:
    """Return the pictures of latents, a handful at a time."""
    with torch.no_grad():
        parts = [
            generator(z[start : start + _BATCH], None if c is None else c[start : start + _BATCH], noise="const")
            for start in range(0, len(z), _BATCH)
        ]
    return torch.cat(parts)
