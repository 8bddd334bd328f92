"""Joint training: one generator learns the target while it keeps making the source's pictures elsewhere."""

import copy
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from graftgan.data import load_pictures
from graftgan.errors import UserError
from graftgan.losses import penalty
from graftgan.methods.base import Method, Preparation, Turn, normal_latents
from graftgan.methods.descent import statistics_kept
from graftgan.methods.rules import Rules
from graftgan.networks.base import Discriminator, Generator
from graftgan.randomness import generator_at
from graftgan.state import State


@dataclass(frozen=True)
class Joint(Method):
    """Plays two games with one G: target pictures at z, the source's pictures at z + code, each with a D of its own.

    Source: generative replay, Shin et al. 2017 (arXiv 1705.08690), and Wu et al. 2018, Memory Replay GANs (arXiv
    1809.02058), with a trained offset of the latent for the domain's label; related for few pictures: PIP (arXiv
    2311.08217).
    Formula: L_source + weight * L_target, each the adversarial loss of the run. Deviation: the run's own loss is the
    target's, so the sum is played divided by `weight`: L_target + L_source / weight. For Adam, which knows no scale of
    a loss, that is the same game.
    Real pictures of the source game are `source_data`, or samples of the frozen source where none is given. Its D is a
    copy of the source's and takes the run's R1, R2 and gradient penalty, but neither LeCam nor path length. Pictures
    at z + code never enter G's batch norm statistics, which belong to the target.

    Trains: all of G and D, the code, and a second D. Frozen: the source's G, where it replays.
    Cost: about twice a plain step.
    Measured: 1.03 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.86 to 1.23
    (docs/results/bench).
    Prefer it: with few pictures and a varied source, above all when its pictures are at hand.

    The generator that comes out makes the target at plain z. The code stays in the checkpoints.

    Attributes:
        weight: of the target's loss relative to the source's, above 0.
        distance: length of the code as drawn, in standard deviations of z; above 0.
        source_data: folder or zip of pictures; "" for samples of the source. Read again on resume, so an absolute path
            is the safe one.
    """

    needs_adversary: ClassVar[bool] = True

    weight: float = 1.0
    """Weight of the target's loss; the source's weighs 1."""
    distance: float = 4.0
    """How far source pictures lie from the target's in latent space, in standard deviations, before training."""
    source_data: str = ""
    """Folder or zip of the source's own pictures; empty: samples of the source stand in for them."""

    def __post_init__(self) -> None:
        """Raises UserError for a weight or a distance that is not above 0 and finite."""
        for name in ("weight", "distance"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UserError(f"--method-options {name}={getattr(self, name)}: a finite number above 0")

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Draws the code, copies D, and opens the source's pictures or keeps the source to draw from.

        Raises:
            UserError: `source_data` holds no pictures, or the pair has classes, whose pictures it cannot name.
        """
        generator = state.generator
        where = next(generator.parameters()).device
        state.with_generator["code"] = Code(
            generator.z_dim, self.distance, generator_at(preparation.seed, 0, purpose="code")
        ).to(where)
        state.with_discriminator["source"] = copy.deepcopy(state.discriminator)
        if self.source_data:
            if generator.c_dim:
                raise UserError(
                    f"--method-options source_data={self.source_data}: this pair has classes;"
                    " leave it out, and samples of the source stand in"
                )
            pixels = load_pictures(self.source_data, generator.resolution).pixels
            state.fixed["source"] = Photographed(preparation.rules, pixels, generator.channels)
        else:
            state.fixed["source"] = Replayed(preparation.rules, generator)

    def discriminator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """What D of the source game learns; its weight does not matter, as it has parameters of its own."""
        domain = cast(Domain, state.fixed["source"])
        with torch.no_grad():
            fakes = coded_pictures(state, turn)
        real = state.augment(domain.pictures(state, turn), turn.rng).detach()
        return domain.discriminator_terms(state, turn, real, state.augment(fakes, turn.rng).detach())

    def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """What G loses in the source game, divided by `weight`."""
        domain = cast(Domain, state.fixed["source"])
        fakes = state.augment(coded_pictures(state, turn), turn.rng)
        logits = opinion(state, fakes, turn.labels)
        real_logits = None
        if domain.rules.loss.uses_real:
            with torch.no_grad():
                real = state.augment(domain.pictures(state, turn), turn.rng)
                real_logits = opinion(state, real, turn.labels)
        return {"source_g": domain.rules.loss.generator(real_logits, logits).mean() / self.weight}


class Code(nn.Module):
    """The offset that tells source pictures from the target's.

    Args:
        z_dim: length of a latent.
        distance: length of the code as drawn.
        rng: says in which direction.
    """

    def __init__(self, z_dim: int, distance: float, rng: torch.Generator) -> None:
        super().__init__()
        drawn = torch.randn(z_dim, generator=rng)
        self.offset = nn.Parameter(drawn * (distance / torch.linalg.vector_norm(drawn)))

    def forward(self, z: Tensor) -> Tensor:
        """Latents (N, z_dim) of source pictures, of latents z (N, z_dim) of the target's."""
        return z + self.offset


class Domain(nn.Module):
    """The source domain: real pictures of it, and the rules that its game is played by.

    Args:
        rules: of the run.
    """

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules

    def pictures(self, state: State, turn: Turn) -> Tensor:
        """As many real pictures (N, C, H, W) in [-1, 1] as the turn has fakes, drawn by its randomness."""
        raise NotImplementedError

    def discriminator_terms(self, state: State, turn: Turn, real: Tensor, fakes: Tensor) -> dict[str, Tensor]:
        """What the source's D has to minimise, on pictures as it sees them."""

        def score(images: Tensor) -> Tensor:
            return opinion(state, images, turn.labels)

        rules = self.rules
        terms = {"source_d": rules.loss.discriminator(score(real), score(fakes)).mean()}
        if state.step % rules.r1_every == 0:
            for name, gamma, images in (("source_r1", rules.r1, real), ("source_r2", rules.r2, fakes)):
                if gamma > 0:
                    terms[name] = gamma / 2 * rules.r1_every * penalty.r1(score, images).mean()
        if rules.gradient_penalty > 0:
            steepness = penalty.gradient_penalty(score, real, fakes, turn.rng)
            terms["source_gradient_penalty"] = rules.gradient_penalty * steepness.mean()
        return terms


class Replayed(Domain):
    """The source domain as a frozen source makes it.

    Args:
        rules: of the run.
        generator: the source; copied.
    """

    def __init__(self, rules: Rules, generator: Generator) -> None:
        super().__init__(rules)
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)

    def pictures(self, state: State, turn: Turn) -> Tensor:
        """Samples of the frozen source at latents of their own."""
        z = normal_latents(state, len(turn.z), turn.rng)
        with torch.no_grad():
            return self.generator(z, turn.labels, rng=turn.rng).float()


class Photographed(Domain):
    """The source domain as its own pictures show it; they are no part of a checkpoint.

    Args:
        rules: of the run.
        pixels: uint8 (M, side, side, 3), an array or a memory map.
        channels: of the network.
    """

    def __init__(self, rules: Rules, pixels: np.ndarray, channels: int) -> None:
        super().__init__(rules)
        self.pixels, self.channels = pixels, channels

    def pictures(self, state: State, turn: Turn) -> Tensor:
        """Pictures drawn with replacement."""
        chosen = torch.randint(len(self.pixels), (len(turn.z),), generator=turn.rng).numpy()
        images = torch.from_numpy(np.ascontiguousarray(self.pixels[chosen])).permute(0, 3, 1, 2).float() / 127.5 - 1
        if self.channels == 1:
            images = images.mean(dim=1, keepdim=True)
        return images.to(turn.z.device)


def coded_pictures(state: State, turn: Turn) -> Tensor:
    """Returns G's pictures at z + code (N, C, H, W), leaving G's batch norm statistics alone."""
    with statistics_kept(state.generator):
        return state.generator(state.with_generator["code"](turn.z), turn.labels, rng=turn.rng).float()


def opinion(state: State, images: Tensor, labels: Tensor | None) -> Tensor:
    """Returns what D of the source game says."""
    return cast(Discriminator, state.with_discriminator["source"])(images, labels).float()
