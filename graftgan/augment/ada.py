"""Adaptive discriminator augmentation: a pipe of transformations and the controller of their probability."""

import torch
from torch import Tensor

from graftgan.augment.base import Augment, check_images
from graftgan.augment.colour import draw_colours, recolour
from graftgan.augment.draws import compose
from graftgan.augment.geometry import draw_blits, draw_warps, warp
from graftgan.errors import UserError


class AdaptiveAugment(Augment):
    """Augmentation that grows stronger while the discriminator is too sure of real images, and weaker again.

    Karras et al. 2020 (ADA), arXiv 2006.06676, the pipe "bgc": pixel blitting and general geometry in one
    resampling (see `draw_blits`, `draw_warps`, `warp` for the filter, the deviation from the paper), then
    colour (`draw_colours`). Its state is the buffer `p`, a float32 scalar, which moves, saves and resumes
    with the module.

    Args:
        target: the overfitting sign r_t to hold, in (-1, 1); 0.6 is the paper's.
        kimg: thousands of images it takes `p` to go from 0 to 1, > 0. The paper's 500 (100 when fine-tuning)
            suits runs of 25000; a ten-shot run of 20 kimg would end at p = 0.04. 100 is the default for that
            reason; use less, or a `p` to start from, in runs much shorter.
        p: probability to start from, in [0, 1].

    Raises:
        UserError: a value outside its range.

    Example:
        >>> augment = AdaptiveAugment(p=0.5)
        >>> augment(torch.zeros(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    p: Tensor

    def __init__(self, target: float = 0.6, kimg: float = 100.0, p: float = 0.0) -> None:
        super().__init__()
        if not -1 < target < 1:
            raise UserError(f"ada target must lie between -1 and 1, got {target}")
        if not kimg > 0:
            raise UserError(f"ada kimg must be above 0, got {kimg}")
        if not 0 <= p <= 1:
            raise UserError(f"ada p must lie in [0, 1], got {p}")
        self.target = target
        self.kimg = kimg
        self.register_buffer("p", torch.tensor(p, dtype=torch.float32))

    def forward(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Transform every image by its own draw, each transformation with probability `p`.

        Args:
            images: float (N, 1 or 3 channels, H, W) in [-1, 1], sides of 2 pixels or more.
            rng: CPU generator that makes every random choice.

        Returns:
            Images of the same shape; values may leave [-1, 1]. The images themselves while p is 0.

        Raises:
            ValueError: not a batch of images.
        """
        check_images(images)
        count, _, height, width = images.shape
        # The matrices are tiny: on the CPU they cost a GPU one small copy each, not many launches.
        p = self.p.cpu()
        if p == 0:
            return images
        # The general moves come second, so they are undone first: the blits stand on the source's side.
        pull = compose(draw_blits(count, (height, width), p, rng), draw_warps(count, (height, width), p, rng))
        change = draw_colours(count, p, rng)
        return recolour(warp(images, pull.to(images.device)), change.to(images.device))

    @torch.no_grad()
    def adjust(self, real_logits: Tensor, images_seen: int) -> None:
        """Move `p` by one step: up if the discriminator overfits, down if it does not.

        Karras et al. 2020, arXiv 2006.06676, section 3, heuristic r_t = E[sign(D(real))]:
        p += sign(r_t - target) * images_seen / (1000 * kimg), kept in [0, 1].

        Args:
            real_logits: logits of (augmented) real images since the last call, any shape, not empty; the
                paper takes 4 batches of 64 a call. Several processes must pass the gathered logits to stay
                alike.
            images_seen: real images since the last call, over all processes; 0 or more.

        Raises:
            ValueError: no logits, or a negative count.

        Example:
            >>> augment = AdaptiveAugment(kimg=1.0)
            >>> augment.adjust(torch.ones(8, 1), images_seen=100)
            >>> round(augment.p.item(), 4)
            0.1
        """
        if real_logits.numel() == 0 or images_seen < 0:
            raise ValueError(
                f"logits and a count of 0 or more are needed, got {tuple(real_logits.shape)}, {images_seen}"
            )
        direction = torch.sign(real_logits.float().sign().mean() - self.target)
        self.p.add_(direction.to(self.p.device) * (images_seen / (1000 * self.kimg))).clamp_(0, 1)
