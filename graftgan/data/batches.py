"""Endless batches for training, each a pure function of seed and step: nothing has to be saved to resume."""

from typing import TYPE_CHECKING

import numpy as np

from graftgan.errors import UserError

if TYPE_CHECKING:
    import torch

_FLIPS = 1  # keeps the draw of mirrored pictures apart from the draw of the order
_ORDER = 0


class Batches:
    """Batches from endless epochs, each epoch a seeded permutation of all pictures.

    The pictures of step s are positions s * batch * world onwards in the row of epochs, so a batch may
    cross from one epoch into the next, or span several when it is larger than the set. All ranks together
    see what one process with batch * world pictures would see: rank r takes the r-th part.

    Args:
        pixels: uint8 (N, side, side, 3), an array or memory map.
        labels: int64 (N,).
        batch: pictures per step and rank.
        seed: any whole number.
        flip: mirror each picture left to right with probability one half.
        rank: which process this is, 0 to world - 1.
        world: number of processes.

    Raises:
        UserError: no pictures, or a batch below 1.

    Example:
        >>> pixels = np.zeros((10, 8, 8, 3), dtype=np.uint8)
        >>> images, labels = Batches(pixels, np.zeros(10, dtype=np.int64), batch=4, seed=0).at(step=7)
        >>> images.shape, float(images.min())
        (torch.Size([4, 3, 8, 8]), -1.0)
    """

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray,
        batch: int,
        seed: int,
        flip: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """Note the set and the plan; nothing is read yet."""
        if batch < 1:
            raise UserError(f"--batch {batch}: expected 1 or more")
        if len(pixels) == 0:
            raise UserError("there are no pictures to make batches from")
        if len(labels) != len(pixels) or not 0 <= rank < world:
            raise ValueError(f"{len(labels)} labels for {len(pixels)} pictures, rank {rank} of {world}")
        self.pixels = pixels
        self.labels = labels
        self.batch = batch
        self.flip = flip
        self.rank = rank
        self.world = world
        self._seed = seed % 2**64
        self._last: tuple[int, np.ndarray] = (-1, np.empty(0, dtype=np.int64))

    def at(self, step: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        """The batch of one step.

        Args:
            step: 0 or more, in any order.

        Returns:
            images, float32 (batch, 3, side, side) in [-1, 1], in channels-last memory; labels, int64
            (batch,).
        """
        import torch  # here, so that listing and converting pictures starts without it

        chosen = self.indices(step)
        pixels = np.asarray(self.pixels[chosen])
        if self.flip:
            mirrored = self._mirrored(step)
            pixels[mirrored] = pixels[mirrored, :, ::-1]
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)
        return images, torch.from_numpy(np.asarray(self.labels)[chosen].astype(np.int64))

    def indices(self, step: int) -> np.ndarray:
        """Positions in the set of the pictures of one step and this rank: int64 (batch,)."""
        if step < 0:
            raise ValueError(f"step {step}: expected 0 or more")
        start = (step * self.world + self.rank) * self.batch
        count = len(self.pixels)
        chosen = np.empty(self.batch, dtype=np.int64)
        filled = 0
        while filled < self.batch:
            epoch, at = divmod(start + filled, count)
            part = self._order(epoch)[at : at + self.batch - filled]
            chosen[filled : filled + len(part)] = part
            filled += len(part)
        return chosen

    def _order(self, epoch: int) -> np.ndarray:
        last, order = self._last
        if last != epoch:
            order = np.random.default_rng((self._seed, _ORDER, epoch)).permutation(len(self.pixels))
            self._last = (epoch, order)
        return order

    def _mirrored(self, step: int) -> np.ndarray:
        draws = np.random.default_rng((self._seed, _FLIPS, step)).random(self.batch * self.world) < 0.5
        return draws[self.rank * self.batch : (self.rank + 1) * self.batch]
