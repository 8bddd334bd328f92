"""What the two players of a GAN minimise, as pure functions of logits.

Every loss is elementwise and unreduced, so the caller decides how to weight and average. Logits are the raw
output of the discriminator, before any sigmoid; sigmoid(logit) is the probability that an image is real.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class AdversarialLoss:
    """The pair of losses of one adversarial game; both players minimise.

    Attributes:
        discriminator: f(real_logits, fake_logits) -> losses of the discriminator; logits of any one shape,
            same for both (N real and N fake images); answers in that shape, unreduced.
        generator: f(real_logits, fake_logits) -> losses of the generator, likewise. `real_logits` may be None
            unless `uses_real`.
        uses_real: whether the generator's loss looks at the logits of real images too.

    Example:
        >>> import torch
        >>> real, fake = torch.tensor([[2.0]]), torch.tensor([[-3.0]])
        >>> LOSSES["hinge"].discriminator(real, fake).item(), LOSSES["hinge"].generator(None, fake).item()
        (0.0, 3.0)
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    uses_real: bool


def _check_paired(real_logits: Tensor, fake_logits: Tensor) -> None:
    if real_logits.shape != fake_logits.shape:
        raise ValueError(
            "as many real as fake logits are needed, in one shape:"
            f" got {tuple(real_logits.shape)} real, {tuple(fake_logits.shape)} fake"
        )


def cross_entropy_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """How badly the discriminator tells real from fake, in nats.

    Goodfellow et al. 2014, arXiv 1406.2661, equation 1, with the sign turned so that it is minimised, and in
    logits so that no logarithm of zero can occur: -log D(x) - log(1 - D(G(z))) = softplus(-real) +
    softplus(fake).

    Args:
        real_logits: logits of N real images, any shape.
        fake_logits: logits of N generated images, same shape.

    Returns:
        The losses, in the shape of the logits; 2 log 2 where both logits are 0.

    Raises:
        ValueError: the two shapes differ.

    Example:
        >>> import torch
        >>> round(cross_entropy_discriminator(torch.zeros(1), torch.zeros(1)).item(), 4)
        1.3863
    """
    _check_paired(real_logits, fake_logits)
    return F.softplus(-real_logits) + F.softplus(fake_logits)


def minimax_generator(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """The generator's side of the original game: log(1 - D(G(z))), which it minimises.

    Goodfellow et al. 2014, arXiv 1406.2661, equation 1: = -softplus(fake). It saturates, as the paper says:
    where the discriminator is sure that an image is fake, the gradient -sigmoid(fake) vanishes.

    Args:
        real_logits: not used.
        fake_logits: logits of the generated images, any shape.

    Returns:
        The losses (never positive), in the shape of the logits.

    Example:
        >>> import torch
        >>> round(minimax_generator(None, torch.zeros(1)).item(), 4)
        -0.6931
    """
    return -F.softplus(fake_logits)


def non_saturating_generator(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """The generator's loss that keeps its gradient when the discriminator wins: -log D(G(z)).

    Goodfellow et al. 2014, arXiv 1406.2661, section 3: = softplus(-fake).

    Args:
        real_logits: not used.
        fake_logits: logits of the generated images, any shape.

    Returns:
        The losses (never negative), in the shape of the logits.

    Example:
        >>> import torch
        >>> round(non_saturating_generator(None, torch.zeros(1)).item(), 4)
        0.6931
    """
    return F.softplus(-fake_logits)


def hinge_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """What the discriminator lacks to a margin of 1 on either side of zero.

    Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, equation 16:
    relu(1 - real) + relu(1 + fake).

    Args:
        real_logits: logits of N real images, any shape.
        fake_logits: logits of N generated images, same shape.

    Returns:
        The losses (never negative), in the shape of the logits.

    Raises:
        ValueError: the two shapes differ.

    Example:
        >>> import torch
        >>> hinge_discriminator(torch.tensor([0.5]), torch.tensor([-2.0])).item()
        0.5
    """
    _check_paired(real_logits, fake_logits)
    return F.relu(1 - real_logits) + F.relu(1 + fake_logits)


def critic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """How far the critic scores fakes above reals: fake - real, the negative of its distance estimate.

    Arjovsky et al. 2017, arXiv 1701.07875, equation 2 with the sign turned. It estimates the earth mover's
    distance only for a Lipschitz critic: add `gradient_penalty` (the paper's weight clipping is left out on
    purpose, its successor, Gulrajani et al. 2017, shows why).

    Args:
        real_logits: scores of N real images, any shape.
        fake_logits: scores of N generated images, same shape.

    Returns:
        The losses, unbounded, in the shape of the logits.

    Raises:
        ValueError: the two shapes differ.

    Example:
        >>> import torch
        >>> critic_discriminator(torch.tensor([2.0]), torch.tensor([-1.0])).item()
        -3.0
    """
    _check_paired(real_logits, fake_logits)
    return fake_logits - real_logits


def critic_generator(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """The negative score of the fakes: the generator's side of both the hinge and the Wasserstein game.

    Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1; Miyato et al. 2018, arXiv 1802.05957, equation 17:
    -fake.

    Args:
        real_logits: not used.
        fake_logits: logits or scores of the generated images, any shape.

    Returns:
        The losses, unbounded, in the shape of the logits.

    Example:
        >>> import torch
        >>> critic_generator(None, torch.tensor([-3.0])).item()
        3.0
    """
    return -fake_logits


def relativistic_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """How badly real image i is told to be more real than fake image i (RpGAN, the loss of R3GAN).

    Huang et al. 2024, arXiv 2501.05441, section 2, with f(t) = -log(1 + exp(-t)), sign turned:
    softplus(-(D(x_i) - D(G(z_i)))). Only differences count, so there is no single boundary to collapse to.
    The paper adds R1 and R2 (`r1` on reals and on fakes); without them it need not converge.

    Args:
        real_logits: logits of N real images, any shape.
        fake_logits: logits of N generated images, same shape; image i of one is paired with image i of the
            other.

    Returns:
        The losses (never negative), in the shape of the logits.

    Raises:
        ValueError: the two shapes differ, so that they cannot be paired.

    Example:
        >>> import torch
        >>> round(relativistic_discriminator(torch.tensor([5.0]), torch.tensor([5.0])).item(), 4)
        0.6931
    """
    _check_paired(real_logits, fake_logits)
    return F.softplus(fake_logits - real_logits)


def relativistic_generator(real_logits: Tensor | None, fake_logits: Tensor) -> Tensor:
    """How badly fake image i is told to be more real than real image i: the discriminator's loss mirrored.

    Huang et al. 2024, arXiv 2501.05441, section 2: softplus(-(D(G(z_i)) - D(x_i))).

    Args:
        real_logits: logits of N real images, any shape; needed here.
        fake_logits: logits of N generated images, same shape, paired by position.

    Returns:
        The losses (never negative), in the shape of the logits.

    Raises:
        ValueError: the real logits are missing, or the two shapes differ.

    Example:
        >>> import torch
        >>> round(relativistic_generator(torch.tensor([1.0]), torch.tensor([0.0])).item(), 4)
        1.3133
    """
    if real_logits is None:
        raise ValueError("the relativistic generator loss needs the logits of real images too")
    _check_paired(real_logits, fake_logits)
    return F.softplus(real_logits - fake_logits)


# The key is the name of the loss in options and reports.
LOSSES: dict[str, AdversarialLoss] = {
    "minimax": AdversarialLoss(cross_entropy_discriminator, minimax_generator, uses_real=False),
    "non-saturating": AdversarialLoss(cross_entropy_discriminator, non_saturating_generator, uses_real=False),
    "hinge": AdversarialLoss(hinge_discriminator, critic_generator, uses_real=False),
    "wasserstein": AdversarialLoss(critic_discriminator, critic_generator, uses_real=False),
    "relativistic": AdversarialLoss(relativistic_discriminator, relativistic_generator, uses_real=True),
}
