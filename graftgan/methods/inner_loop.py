"""The inner loop of meta-learning: an adversarial game over a few pictures as a pure function of both players' weights.

Being a function of tensors, it can be batched over tasks (`torch.func.vmap`), differentiated through (second-order
MAML), and run on a user's photos, all with the same arithmetic.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.networks.base import Discriminator, Generator

Weights = dict[str, Tensor]
OPTIMISERS = ("sgd", "adam")
BETA, TINY = 0.99, 1e-8
"""Of the inner Adam, which has no momentum (beta 0): Nichol et al. 2018 (arXiv 1803.02999, section 6) found it best."""


@dataclass(frozen=True)
class InnerLoop:
    """How the players move in an episode.

    Attributes:
        loss: a name in `LOSSES`.
        optimiser: `sgd`, or `adam` without momentum, its second moments fresh in every episode.
        lr_g: learning rate of G.
        lr_d: of D.
        r1: weight gamma of R1, taken in every step; 0 for none.
        gradient_penalty: weight of WGAN-GP's penalty; 0 for none.
    """

    loss: str = "hinge"
    optimiser: str = "adam"
    lr_g: float = 0.001
    lr_d: float = 0.001
    r1: float = 0.0
    gradient_penalty: float = 0.0

    def __post_init__(self) -> None:
        """Checks every setting; raises UserError that names it."""
        check_choice("--loss", self.loss, LOSSES)
        check_choice("--inner-optimiser", self.optimiser, OPTIMISERS)
        for name in ("lr_g", "lr_d"):
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"--inner-{name.replace('_', '-')} {getattr(self, name)}: above 0, at most 1")
        for name in ("r1", "gradient_penalty"):
            if not 0 <= getattr(self, name) <= 65536:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: 0 to 65536")


class Players(NamedTuple):
    """Both networks' weights by name, and the inner Adam's second moments (empty for sgd) and count of steps.

    Attributes:
        generator: G's parameters.
        discriminator: D's parameters.
        moments_g: running means of G's squared gradients.
        moments_d: of D's.
        steps: taken so far, a scalar.
    """

    generator: Weights
    discriminator: Weights
    moments_g: Weights
    moments_d: Weights
    steps: Tensor


@dataclass(frozen=True)
class Draws:
    """The random numbers of some inner steps, drawn beforehand: a function of tensors draws nothing itself.

    Attributes:
        for_d: latents (steps, N, z_dim) of the fakes that D sees.
        for_g: latents (steps, N, z_dim) of G's own turn.
        between: (steps, N, 1, 1, 1) in [0, 1], where between real and fake WGAN-GP looks.
    """

    for_d: Tensor
    for_g: Tensor
    between: Tensor


def draw(steps: int, count: int, z_dim: int, rng: torch.Generator) -> Draws:
    """Returns the random numbers of `steps` inner steps of `count` fakes, from a CPU generator.

    >>> draw(2, 5, 8, torch.Generator().manual_seed(0)).for_g.shape
    torch.Size([2, 5, 8])
    """
    z = torch.randn(steps, 2, count, z_dim, generator=rng)
    return Draws(z[:, 0], z[:, 1], torch.rand(steps, count, 1, 1, 1, generator=rng))


def turns(real: Tensor, fake: Tensor) -> Tensor:
    """Returns which real picture stands against each fake: each in turn, where there are more fakes than pictures."""
    return torch.arange(len(fake), device=real.device) % len(real)


class Game:
    """The two networks as functions of weights; the modules themselves are never changed.

    Args:
        generator: without batch statistics.
        discriminator: likewise.
        rules: of the inner loop.

    Raises:
        UserError: a network keeps statistics of its batches, which no episode of a few pictures can give it.
    """

    def __init__(self, generator: Generator, discriminator: Discriminator, rules: InnerLoop) -> None:
        for network in (generator, discriminator):
            if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in network.modules()):
                raise UserError(
                    f"{type(network).__name__} normalises over its batch, which a few pictures cannot give: "
                    "an inner loop wants dcgan with layer norm (`graftgan meta` makes one), or stylegan2"
                )
        self.generator, self.discriminator, self.rules = generator, discriminator, rules
        self.loss = LOSSES[rules.loss]
        self.buffers_g, self.buffers_d = dict(generator.named_buffers()), dict(discriminator.named_buffers())

    def start(self) -> Players:
        """The players as the modules hold them, with fresh moments."""
        # a layer norm cannot be batched over tasks where pictures lie channels-last in memory
        g = {name: p.detach().contiguous() for name, p in self.generator.named_parameters()}
        d = {name: p.detach().contiguous() for name, p in self.discriminator.named_parameters()}
        return self.fresh(g, d)

    def fresh(self, g: Weights, d: Weights) -> Players:
        """Players of these weights at the start of an episode."""
        adam = self.rules.optimiser == "adam"
        zero = {name: torch.zeros_like(w) for name, w in g.items()} if adam else {}
        zero_d = {name: torch.zeros_like(w) for name, w in d.items()} if adam else {}
        return Players(g, d, zero, zero_d, next(iter(g.values())).new_zeros(()))

    def pictures(self, g: Weights, z: Tensor) -> Tensor:
        """Pictures (N, C, H, W) of latents by a generator of weights g; noise, where there is any, is constant."""
        made: Tensor = functional_call(self.generator, (g, self.buffers_g), (z,), {"noise": "const"})
        return made

    def logits(self, d: Weights, images: Tensor) -> Tensor:
        """Logits of images by a discriminator of weights d."""
        said: Tensor = functional_call(self.discriminator, (d, self.buffers_d), (images,))
        return said

    def loss_d(self, d: Weights, real: Tensor, fake: Tensor, between: Tensor) -> Tensor:
        """What D minimises, its penalties included."""
        total = self.loss.discriminator(self.logits(d, real)[turns(real, fake)], self.logits(d, fake)).mean()
        if self.rules.r1 > 0:
            total = total + self.rules.r1 / 2 * self.slope(d, real).mean()
        if self.rules.gradient_penalty > 0:
            opposite = real[turns(real, fake)]
            norm = (self.slope(d, opposite + between * (fake - opposite)) + 1e-12).sqrt()
            total = total + self.rules.gradient_penalty * (norm - 1).square().mean()
        return total

    def slope(self, d: Weights, images: Tensor) -> Tensor:
        """Squared slope of D at each image (N,), as `losses.penalty.r1`, by a route that can be batched over tasks."""
        gradient = torch.func.grad(lambda at: self.logits(d, at).sum())(images)
        return gradient.square().flatten(1).sum(dim=1)

    def loss_g(self, g: Weights, d: Weights, real: Tensor, z: Tensor) -> Tensor:
        """What G minimises."""
        of_real = self.logits(d, real)[turns(real, z)] if self.loss.uses_real else None
        return self.loss.generator(of_real, self.logits(d, self.pictures(g, z))).mean()

    def step(
        self, players: Players, real: Tensor, at: tuple[Tensor, Tensor, Tensor], first_order: bool = True
    ) -> tuple[Players, Tensor, Tensor]:
        """One turn of D, then one of G against the moved D.

        Args:
            players: before the step.
            real: pictures (N, C, H, W) in [-1, 1].
            at: this step's latents (M, z_dim) for D's fakes and for G's turn, and WGAN-GP's places; M is N or more.
            first_order: treat the step's gradients as constants, as Reptile and first-order MAML do.

        Returns:
            The players after it, and both losses.
        """
        z_d, z_g, between = at
        g, d, moments_g, moments_d, steps = players
        fake = self.pictures(g, z_d)
        if first_order:
            fake = fake.detach()
        slope_d, loss_d = grad_and_value(self.loss_d)(d, real, fake, between)
        d, moments_d = self.moved(d, slope_d, moments_d, steps, self.rules.lr_d, first_order)
        slope_g, loss_g = grad_and_value(self.loss_g)(g, d, real, z_g)
        g, moments_g = self.moved(g, slope_g, moments_g, steps, self.rules.lr_g, first_order)
        return Players(g, d, moments_g, moments_d, steps + 1), loss_d, loss_g

    def moved(
        self, weights: Weights, slopes: Weights, moments: Weights, steps: Tensor, rate: float, first_order: bool
    ) -> tuple[Weights, Weights]:
        """Returns weights and moments after one step of the inner optimiser."""
        if first_order:
            slopes = {name: slope.detach() for name, slope in slopes.items()}
        if self.rules.optimiser == "sgd":
            return {name: w - rate * slopes[name] for name, w in weights.items()}, moments
        moments = {name: BETA * m + (1 - BETA) * slopes[name].square() for name, m in moments.items()}
        correction = 1 - BETA ** (steps + 1)
        # the root's own slope at zero is infinite, so the tiny number stands under it
        stepped = {
            name: w - rate * slopes[name] / (moments[name] / correction + TINY**2).sqrt() for name, w in weights.items()
        }
        return stepped, moments

    def run(
        self, players: Players, real: Tensor, draws: Draws, first_order: bool = True
    ) -> tuple[Players, Tensor, Tensor]:
        """Plays as many steps as `draws` holds, all on the same pictures.

        Returns:
            The players at the end, and the last step's losses of D and G.
        """
        loss_d = loss_g = real.new_zeros(())
        for at in zip(draws.for_d, draws.for_g, draws.between, strict=True):
            players, loss_d, loss_g = self.step(players, real, at, first_order)
        return players, loss_d, loss_g
