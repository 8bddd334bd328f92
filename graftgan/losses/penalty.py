"""Penalties on gradients: how steep a discriminator or a generator is allowed to be.

Each answers one value an image, unweighted and unreduced; weights (gamma/2, lambda) and schedules (every n
steps) belong to the caller. All keep the graph, so that the penalty itself can be differentiated.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


def _input_gradient(score: Score, images: Tensor) -> Tensor:
    # The sum over the batch gives every image its own gradient, as logits of one image depend on that image
    # (a minibatch statistic in the discriminator couples them; all published code sums all the same).
    images = images.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(images).sum(), images, create_graph=True)
    return gradient


def _check_images(images: Tensor) -> None:
    if images.ndim != 4 or not images.is_floating_point():
        shape = tuple(images.shape)
        raise ValueError(f"images must be floats (N, channels, H, W), got {images.dtype} {shape}")


def r1(score: Score, images: Tensor) -> Tensor:
    """Squared slope of the discriminator at each image: zero-centred gradient penalty.

    Mescheder et al. 2018, arXiv 1801.04406, equation 9, without its factor gamma/2. On real images it is R1,
    on generated ones R2 (equation 10). Formula: sum over channels and pixels of (d score / d image)^2.

    Args:
        score: images (N, channels, H, W) -> logits, differentiable twice; logits of several entries an image
            are summed. Augmentation, if any, belongs inside `score`: the slope is taken at the image given.
        images: float (N, channels, H, W), where to take the slope; no gradient flows into them.

    Returns:
        Squared gradient norms (N,), differentiable in the parameters of `score`.

    Raises:
        ValueError: the images are not a batch of floats (N, channels, H, W).

    Example:
        >>> r1(lambda images: 3 * images.sum(dim=(1, 2, 3)), torch.zeros(2, 1, 2, 2)).tolist()
        [36.0, 36.0]
    """
    _check_images(images)
    return _input_gradient(score, images).flatten(1).square().sum(1)


def gradient_penalty(score: Score, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Squared distance of the critic's slope from 1, somewhere between a real and a generated image.

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1, without its factor lambda (10 there):
    (||d score(x') / d x'||_2 - 1)^2 with x' = real + t (fake - real), t ~ U(0, 1) an image. The norm is over
    the whole image, not over one of its axes.

    Args:
        score: images (N, channels, H, W) -> scores, differentiable twice. The paper asks for a critic without
            batch normalisation, as the penalty is one image's.
        real: float (N, channels, H, W).
        fake: generated images, same shape; no gradient flows into them.
        rng: CPU generator, draws t.

    Returns:
        Penalties (N,), differentiable in the parameters of `score`.

    Raises:
        ValueError: not batches of images, or the two shapes differ.

    Example:
        >>> images, rng = torch.zeros(2, 1, 2, 2), torch.Generator().manual_seed(0)
        >>> gradient_penalty(lambda images: images.sum(dim=(1, 2, 3)), images, images, rng).tolist()
        [1.0, 1.0]
    """
    _check_images(real)
    if real.shape != fake.shape:
        raise ValueError(
            "as many real as fake images are needed, in one shape:"
            f" got {tuple(real.shape)} real, {tuple(fake.shape)} fake"
        )
    mix = torch.rand(len(real), 1, 1, 1, generator=rng, dtype=real.dtype).to(real.device)
    between = torch.lerp(real.detach(), fake.detach(), mix)
    # vector_norm has gradient 0 at a zero gradient, where a hand-written square root would give NaN.
    return (torch.linalg.vector_norm(_input_gradient(score, between).flatten(1), dim=1) - 1).square()


def path_lengths(images: Tensor, ws: Tensor, rng: torch.Generator) -> Tensor:
    """How far each generated image moves for a step in latent space, along one random direction of images.

    Karras et al. 2020 (StyleGAN2), arXiv 1912.04958, equation 4: ||J_w^T y||_2 with y ~ N(0, I), by one
    backward pass of sum(image * y). Two deviations, both as commonly done: y is scaled by 1/sqrt(H W), so
    that lengths do not grow with resolution. Where every layer has its own w, the squared lengths are
    averaged over layers (eq. 4 has one w for all), so that the value does not grow with depth. The caller
    keeps the moving average a and weighs (length - a)^2.

    Args:
        images: float (N, channels, H, W), computed from `ws` with the graph kept.
        ws: latents (N, layers, w_dim) that require grad.
        rng: CPU generator, draws y.

    Returns:
        Path lengths (N,), not negative, differentiable in the generator's parameters.

    Raises:
        ValueError: `images` or `ws` of another shape, or their counts differ.

    Example:
        >>> ws = torch.ones(2, 3, 4, requires_grad=True)
        >>> images = ws.sum(dim=(1, 2)).reshape(2, 1, 1, 1)
        >>> path_lengths(images, ws, torch.Generator().manual_seed(0)).shape
        torch.Size([2])
    """
    _check_images(images)
    if ws.ndim != 3 or len(ws) != len(images):
        raise ValueError(f"ws must be (N, layers, w_dim) for N = {len(images)}, got {tuple(ws.shape)}")
    count, layers, _ = ws.shape
    direction = torch.randn(images.shape, generator=rng, dtype=images.dtype).to(images.device)
    direction = direction / (images.shape[2] * images.shape[3]) ** 0.5
    (gradient,) = torch.autograd.grad((images * direction).sum(), ws, create_graph=True)
    return torch.linalg.vector_norm(gradient.reshape(count, -1), dim=1) / layers**0.5
