"""Relaxed realism: only around a few anchors must a whole picture look real; elsewhere its patches must."""

import copy
import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation, normal_latents
from graftgan.methods.rules import Rules
from graftgan.networks.base import Discriminator
from graftgan.networks.layers import Conv, Drawn, draw_all
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.taps import tapped


class Anchors(nn.Module):
    """The latents around which whole pictures are judged: (count, z_dim)."""

    z: Tensor

    def __init__(self, z: Tensor) -> None:
        super().__init__()
        self.register_buffer("z", z)


@dataclass(frozen=True)
class RelaxedRealism(Method):
    """What methods share that let D judge whole pictures near some anchors only, and patches elsewhere.

    Source: Ojha et al. 2021, arXiv 2104.06820, section 3.2. Ten pictures cannot say what a whole picture may be, but
    their patches are many. Deviations: one block for the patches, where the code draws one of four anew for reals and
    fakes; all of D's blocks are run, though patch steps use none behind the patches'. R1 and R2 are taken in image
    steps only, as on a map of logits they would be other penalties. (With the usual 16 and 4 steps that is so anyway,
    there and here.) Wasserstein's penalty, taken every step, holds the sum of the patches' logits. Patches are judged
    without labels.

    Not a method by itself: a subclass calls `check_realism` and `relax`, and adds what G must obey.

    Attributes: as documented below each.
    """

    needs_adversary: ClassVar[bool] = True

    anchors: int = 10
    """How many fixed latents whole pictures are judged around."""
    spread: float = 0.1
    """Standard deviation of the noise around an anchor; latents have 1."""
    image_every: int = 4
    """Whole pictures are judged every so many steps, patches in the others; 1: never patches."""
    patch_block: int = 0
    """Resolution that D's block reads whose map gives the patches; 0: half the picture's, at most 64."""

    def check_realism(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        for name, least in (("anchors", 1), ("spread", 0), ("image_every", 1), ("patch_block", 0)):
            if not getattr(self, name) >= least:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least {least}")

    def relax(self, state: State, preparation: Preparation) -> None:
        """Draws the anchors, and the head that judges patches.

        Raises:
            UserError: D has no block at `patch_block`.
        """
        device = next(state.generator.parameters()).device
        rng = generator_at(preparation.seed, 0, purpose="anchors")
        state.fixed["anchors"] = Anchors(torch.randn(self.anchors, state.generator.z_dim, generator=rng)).to(device)
        if self.image_every == 1:
            return
        block, blocks = self.patches_at(state.discriminator), state.discriminator.blocks()
        if block not in blocks:
            names = ", ".join(map(str, blocks))
            raise UserError(f"--method-options patch_block={block}: D has no such block (there are: {names})")
        head = patch_head(state.discriminator, block, generator_at(preparation.seed, 0, purpose="patch head"))
        state.with_discriminator["patch"] = head.to(device)

    def patches_at(self, discriminator: Discriminator) -> int:
        """Returns the resolution that the block reads whose map gives the patches."""
        return self.patch_block or min(discriminator.resolution // 2, 64)

    def whole(self, state: State) -> bool:
        """Returns whether whole pictures are judged in this step."""
        return state.step % self.image_every == 0

    def game(self, rules: Rules) -> Rules:
        """Lazy penalties fall on image steps; no LeCam, whose averages would mix the logits of two discriminators."""
        return replace(rules, r1_every=math.lcm(rules.r1_every, self.image_every), lecam=0.0)

    def latents(self, state: State, count: int, rng: torch.Generator) -> Tensor:
        """Returns latents near anchors in image steps, standard normal ones in the others."""
        return self.relaxed_latents(state, count, rng)

    def relaxed_latents(self, state: State, count: int, rng: torch.Generator) -> Tensor:
        """Returns (count, z_dim): an anchor at random plus noise in image steps, standard normal in the others."""
        z = normal_latents(state, count, rng)
        if not self.whole(state):
            return z
        anchors = state.fixed["anchors"].get_buffer("z")
        chosen = torch.randint(len(anchors), (count,), generator=rng).to(z.device)
        return anchors[chosen] + self.spread * z

    def score(self, state: State, images: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        """Returns logits (N, 1) of pictures in image steps, (N, patches) in the others."""
        if self.whole(state):
            return state.discriminator(images, labels)
        block = self.patches_at(state.discriminator)
        with tapped(state.discriminator, [block]) as maps:
            state.discriminator(images, labels)
        return state.with_discriminator["patch"](maps[block]).flatten(1)


def patch_head(discriminator: Discriminator, block: int, rng: torch.Generator) -> nn.Module:
    """Returns a 3x3 convolution from the map of one of D's blocks to a logit a place, drawn by `rng`.

    It learns at the pace of its D: with equalised learning rate where D's layers have it.
    """
    probe = copy.deepcopy(discriminator).eval()
    like = next(probe.parameters())
    picture = like.new_zeros(1, probe.channels, probe.resolution, probe.resolution)
    labels = like.new_zeros(1, probe.c_dim) if probe.c_dim else None
    with torch.no_grad(), tapped(probe, [block]) as maps:
        probe(picture, labels)
    channels = maps[block].shape[1]
    if any(isinstance(part, Drawn) for part in probe.modules()):
        equalised = Conv(channels, 1, 3, activate=False)
        draw_all(equalised, rng)
        return equalised
    head = skip_init(nn.Conv2d, channels, 1, 3, padding=1)
    with torch.no_grad():
        head.weight.copy_(torch.randn(head.weight.shape, generator=rng) / (9 * channels) ** 0.5)
        head.bias.zero_()  # type: ignore[union-attr]
    return head
