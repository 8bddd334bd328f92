"""The evidence lower bound of a variational autoencoder whose decoder's variance has no weight to tune."""

import math

import torch
from torch import Tensor

# Pictures are stored in steps of 2 / 255, and the rounding alone has this variance: no decoder can be surer.
LEAST_VARIANCE = (2 / 255) ** 2 / 12


def squared_errors(pictures: Tensor, reconstructions: Tensor) -> Tensor:
    """How far each reconstruction is from its picture: the mean squared difference of its colour values.

    Args:
        pictures: (N, C, H, W) in [-1, 1].
        reconstructions: the same shape.

    Returns:
        (N,), not negative.

    Example:
        >>> squared_errors(torch.ones(1, 1, 1, 2), torch.tensor([[[[0.0, 1.0]]]])).tolist()
        [0.5]
    """
    return (pictures - reconstructions).square().flatten(1).mean(dim=1)


def optimal_variance(errors: Tensor) -> Tensor:
    """The variance of the decoder under which a batch is likeliest.

    Source: Rybkin, Daniilidis, Levine 2020, sigma-VAE (arXiv 2006.13202): one variance for all colour
    values, solved for instead of learnt. Deviation: not below that of rounding to 8 bits, where a density over
    a handful of learnt-by-heart pictures would grow without bound.
    Formula: max(mean error, (2 / 255)^2 / 12).

    Args:
        errors: mean squared differences of the pictures of a batch, any shape.

    Returns:
        One number.

    Example:
        >>> optimal_variance(torch.tensor([0.25, 0.75])).item()
        0.5
    """
    return errors.mean().clamp(min=LEAST_VARIANCE)


def reconstruction_nats(errors: Tensor, variance: Tensor) -> Tensor:
    """How unlikely a picture is under the decoder's normal distribution around its reconstruction.

    Formula: (log(2 pi variance) + error / variance) / 2. With the optimal variance its mean is log(error) / 2 but for a
    constant, and its gradient that of log(error) / 2, whether or not the variance is differentiated.

    Args:
        errors: mean squared difference of each picture, (N,).
        variance: of the decoder, one number above 0.

    Returns:
        (N,), nats per colour value; a density, so it may be negative.

    Example:
        >>> round(reconstruction_nats(torch.tensor([1.0]), torch.tensor(1.0)).item(), 4)
        1.4189
    """
    return (math.log(2 * math.pi) + variance.log() + errors / variance) / 2


def information(mean: Tensor, log_variance: Tensor) -> Tensor:
    """What the latents tell of a picture: the divergence of its posterior from the standard normal prior.

    Source: Kingma and Welling 2013, arXiv 1312.6114, appendix B.
    Formula: sum_i (mean_i^2 + variance_i - 1 - log variance_i) / 2.

    Args:
        mean: of each posterior, (N, z_dim).
        log_variance: its logarithmic variances, (N, z_dim).

    Returns:
        (N,), nats per picture, not negative.

    Example:
        >>> information(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)).tolist()
        [0.5]
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2


def drawn_latents(mean: Tensor, log_variance: Tensor, rng: torch.Generator) -> Tensor:
    """Latents (N, z_dim) of posteriors, differentiable in both arguments (the reparametrisation of arXiv 1312.6114).

    Args:
        mean: of each posterior, (N, z_dim).
        log_variance: its logarithmic variances, (N, z_dim).
        rng: CPU generator that draws.

    Example:
        >>> drawn_latents(torch.ones(1, 2), torch.full((1, 2), -200.0), torch.Generator()).tolist()
        [[1.0, 1.0]]
    """
    drawn = torch.randn(mean.shape, generator=rng, dtype=mean.dtype).to(mean.device)
    return mean + (log_variance / 2).exp() * drawn
