"""Projected GAN: the adversary sees pictures through a frozen ImageNet network and fixed random mixtures of it."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graftgan.errors import UserError
from graftgan.features.efficientnet_maps import CHANNELS, STRIDES, feature_maps, frozen_network
from graftgan.losses import LOSSES
from graftgan.methods.base import Method, Preparation
from graftgan.methods.rules import Rules
from graftgan.networks.heads import MapHead, drawn_conv
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.freeze import freeze

PLACES = 4
LARGEST = 512


@dataclass(frozen=True)
class Projected(Method):
    """Fine-tunes G against four small discriminators of frozen EfficientNet-Lite0 features; the pair's D is set aside.

    Source: Sauer et al. 2021, Projected GANs Converge Faster (arXiv 2111.01007, equation 2 and section 4). Features at
    four scales are mixed across channels (fixed random 1x1 convolutions) and across scales (from the coarsest up:
    fixed random 3x3 convolution of the sum with the next coarser mixture, scaled up); each mixture has a discriminator
    with spectral normalisation; hinge loss, no penalty on gradients.
    Deviations: pictures are scaled to `side` instead of 224 px; all mixtures have `channels` channels, where theirs
    widen; every discriminator's logits count as 4 x 4 places (coarser ones repeated) and their mean is taken where
    theirs is summed, which Adam cannot tell apart; G starts from the source, not from random weights.

    Its numbers need care: the features the adversary sees are those of `--encoder efficientnet-lite0`, the metrics'
    and the watch's default, which it therefore pleases more than it pleases people (for features of one family:
    Kynkaanniemi et al. 2022, arXiv 2203.06026). Compare it with other methods under `--encoder inception` only, and
    remember that those, too, were learnt on ImageNet.

    Trains: all of G, and four small discriminators. Frozen: the pair's D, unused; the features; the mixtures.
    Cost: EfficientNet-Lite0 over reals, over fakes, and over fakes and back, each step; it grows with the square of
    `side`: 256 px sixteen times 64.
    Measured: 0.58 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.30 to 0.71, in the very
    features it trains against; 0.72 by Inception, 0.38 to 1.12 (docs/results/bench).
    Prefer it: first, where its time can be paid; it replaces the run's loss and penalties.

    The model that comes out carries the source's D, unchanged, or none where the run drew it. The discriminators know
    no classes.

    Attributes:
        side: a power of two from 32 to 512; 0 for the pair's own resolution, at least 64.
        channels: of every mixture, at least 1.
        width: channels inside a discriminator, at least 1.
    """

    needs_adversary: ClassVar[bool] = True
    sees: ClassVar[str | None] = "efficientnet-lite0"
    needs_source: ClassVar[bool] = False
    leaves_discriminator: ClassVar[bool] = True

    side: int = 0
    """Pixels that pictures are scaled to before their features are taken; 0: the pair's resolution, at least 64."""
    channels: int = 64
    """Channels of every mixture of features."""
    width: int = 64
    """Channels inside a discriminator."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        if self.side and (not 32 <= self.side <= LARGEST or self.side & (self.side - 1)):
            raise UserError(f"--method-options side={self.side}: 0, or a power of two from 32 to {LARGEST}")
        for name in ("channels", "width"):
            if getattr(self, name) < 1:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least 1")

    def game(self, rules: Rules) -> Rules:
        """Hinge without R1, R2 and gradient penalty, as published; LeCam and path length stay as chosen."""
        return replace(rules, loss=LOSSES["hinge"], r1=0.0, r2=0.0, gradient_penalty=0.0)

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Freezes D, draws mixtures and discriminators.

        Raises:
            UserError: the package with EfficientNet-Lite0's weights is missing.
        """
        where = next(state.generator.parameters()).device
        frozen_network(where)
        freeze(state.discriminator)
        side = self.side or min(max(64, state.generator.resolution), LARGEST)
        rng = generator_at(preparation.seed, 0, purpose="projection")
        state.fixed["projection"] = Projection(side, self.channels, rng).requires_grad_(False).to(where)
        heads = [MapHead(self.channels, side // stride, self.width, rng, normalised=True) for stride in STRIDES]
        state.with_discriminator["heads"] = nn.ModuleList(heads).to(where)

    def score(self, state: State, images: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        """What the four discriminators say, 16 logits each, (N, 64)."""
        heads = state.with_discriminator["heads"]
        assert isinstance(heads, nn.ModuleList)
        mixtures = state.fixed["projection"](images)
        fields = [head(mixture).float() for head, mixture in zip(heads, mixtures, strict=True)]
        return torch.cat([F.interpolate(field, size=PLACES).flatten(1) for field in fields], dim=1)


class Projection(nn.Module):
    """Pictures to four mixtures of frozen features, by fixed random convolutions.

    Args:
        side: that pictures are scaled to.
        channels: of every mixture.
        rng: draws the convolutions.
    """

    def __init__(self, side: int, channels: int, rng: torch.Generator) -> None:
        super().__init__()
        self.side = side
        self.across_channels = nn.ModuleList([drawn_conv(inputs, channels, 1, rng) for inputs in CHANNELS])
        self.across_scales = nn.ModuleList([drawn_conv(channels, channels, 3, rng) for _ in CHANNELS[1:]])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Mixtures (N, channels, side / stride, side / stride), from the finest, of pictures in [-1, 1]."""
        return self.mix(feature_maps(images, self.side))

    def mix(self, maps: list[Tensor]) -> list[Tensor]:
        """Mixtures of feature maps, both from the finest: the coarsest is mixed across channels only."""
        mixed = [conv(found) for conv, found in zip(self.across_channels, maps, strict=True)]
        for at in reversed(range(len(mixed) - 1)):
            coarser = F.interpolate(mixed[at + 1], scale_factor=2, mode="bilinear", align_corners=False)
            mixed[at] = self.across_scales[at](mixed[at] + coarser)
        return mixed
