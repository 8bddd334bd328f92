"""Elastic weight consolidation: weights are held as firmly as the source's pictures depend on them."""

import copy
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation, Turn, normal_latents
from graftgan.networks.base import Discriminator, Generator
from graftgan.randomness import generator_at
from graftgan.state import State


@dataclass(frozen=True)
class EWC(Method):
    """Fine-tunes all weights while those that the source's pictures depend on are pulled back to the source's values.

    Source: Li, Zhang, Lu, Shechtman 2020, Few-shot Image Generation with Elastic Weight Consolidation (arXiv
    2012.02780, equations 2 and 3).
    Formula: L_G + strength * sum_i F_i (theta_i - theta_S,i)^2 / sum_i F_i theta_S,i^2, with the diagonal of the
    Fisher information F_i = mean over z of (d log D_S(G_S(z)) / d theta_i)^2 and log D = -softplus(-logit).
    Gradients are taken picture by picture: the square of a batch's mean gradient is no estimate of the mean square (it
    shrinks with the batch, and pictures that disagree cancel).
    Deviations: F is divided by sum_i F_i theta_S,i^2. It is tiny (the published weight is 5e8) and its unit is that of
    the logits over that of the weights; the quotient has neither, so that one strength serves every pair: at 1, a
    network of which every weight changed by a tenth of itself pays 0.01. Both networks are in evaluation mode for F, as
    a batch norm knows no single pictures.

    Trains: all of G and D. Frozen: nothing; only G is pulled.
    Cost: `pictures` passes through G and D and back, one picture each, once; two copies of G's weights; a pass over
    them each step.
    Measured: 1.01 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.96 to 1.06
    (docs/results/bench).
    Prefer it: near the source with ten pictures or so; far from it, it holds on to what does not fit.

    Attributes:
        strength: weight of the penalty, from 0.
        pictures: how many F is averaged over, at least 1.
    """

    needs_adversary: ClassVar[bool] = True

    strength: float = 10.0
    """Weight of the penalty on G."""
    pictures: int = 64
    """Pictures of the source over which the Fisher information is averaged."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        if not 0 <= self.strength < float("inf"):
            raise UserError(f"--method-options strength={self.strength}: a finite number from 0")
        if self.pictures < 1:
            raise UserError(f"--method-options pictures={self.pictures}: at least 1")

    def draws_on(self) -> str:
        """What of G matters is what the source's D says of its pictures."""
        return "weighs G's weights by the source's discriminator" if self.strength else ""

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Keeps a copy of G's weights, and measures the Fisher information unless the run is resumed."""
        weights = [parameter.detach().clone() for parameter in state.generator.parameters()]
        importance = [torch.zeros_like(weight) for weight in weights]
        if preparation.saved is None:
            self.measure(state, preparation, importance)
            size = torch.stack([(f * w.square()).sum() for f, w in zip(importance, weights, strict=True)]).sum()
            for values in importance:
                values.div_(size if size > 0 else 1.0)
        for name, tensors in (("source_g", weights), ("fisher", importance)):
            state.fixed[name] = nn.ParameterList([nn.Parameter(values, requires_grad=False) for values in tensors])

    def measure(self, state: State, preparation: Preparation, sums: list[Tensor]) -> None:
        """Adds the Fisher information of each of G's weights, not normalised, to `sums`."""
        generator = copy.deepcopy(state.generator).eval()
        discriminator = copy.deepcopy(state.discriminator).eval()
        rng = generator_at(preparation.seed, 0, purpose="fisher")  # not by rank: every process finds the same
        for index, z in enumerate(normal_latents(state, self.pictures, rng)):
            for total, gradient in zip(sums, slope(generator, discriminator, z[None], index, rng), strict=True):
                total.addcmul_(gradient, gradient, value=1 / self.pictures)
            preparation.progress(index + 1, self.pictures, "weighing weights")

    def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """The pull on G."""
        if self.strength == 0:
            return {}
        return {"ewc": self.strength * pull(state.generator, state.fixed["source_g"], state.fixed["fisher"])}


def slope(
    generator: Generator, discriminator: Discriminator, z: Tensor, index: int, rng: torch.Generator
) -> list[Tensor]:
    """Returns the gradient of log D(G(z)) with respect to each of G's parameters.

    Args:
        generator: in evaluation mode.
        discriminator: likewise.
        z: one latent (1, z_dim).
        index: of the picture; classes take turns by it.
        rng: of the noise.
    """
    labels = None
    if generator.c_dim:
        labels = F.one_hot(torch.tensor([index % generator.c_dim], device=z.device), generator.c_dim).float()
    logit = discriminator(generator(z, labels, rng=rng), labels)
    parameters = list(generator.parameters())
    gradients = torch.autograd.grad(-F.softplus(-logit).sum(), parameters, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients, strict=True)]


def pull(network: nn.Module, source: nn.Module, importance: nn.Module) -> Tensor:
    """Returns sum_i F_i (theta_i - theta_S,i)^2, differentiable in `network`; all three in the same order."""
    triples = zip(network.parameters(), source.parameters(), importance.parameters(), strict=True)
    return torch.stack([(f * (now - before).square()).sum() for now, before, f in triples]).sum()
