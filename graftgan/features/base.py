"""What every encoder is: a frozen network that turns pictures into rows of features, batch by batch.

To add one: a file with a final subclass of `Encoder`, and one line in `ENCODERS`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from graftgan.choices import check_choice
from graftgan.features.pictures import check_pictures, to_float
from graftgan.features.resize import IN_WORDS, RESIZES

Progress = Callable[[int, int], None]


class Encoder(ABC):
    """A frozen network that judges pictures by their features.

    Pictures go in as bytes and are prepared here, so that two callers can never prepare them differently.
    Nothing is drawn at random; a picture's features do not depend on its neighbours in the batch (up to float
    rounding).

    Attributes:
        name: key in `ENCODERS`.
        dim: length of one row of features.
        size: side in pixels of what the network sees.
        normalisation: what happens to grey levels in [0, 255], as a protocol says it.
        weights: sha256 of the published weight file.
        resize: key in `RESIZES`: the rule that pictures are resized by.
        network: the frozen network, (N, 3, size, size) -> (N, dim); differentiable with respect to its input.
    """

    name: ClassVar[str]
    dim: ClassVar[int]
    size: ClassVar[int]
    normalisation: ClassVar[str]
    weights: ClassVar[str]

    def __init__(self, device: torch.device | str = "cpu", resize: str = "clean") -> None:
        """Load the published weights.

        Args:
            device: where the network runs.
            resize: key in `RESIZES`; another than "clean" only to compare with numbers made that way.

        Raises:
            UserError: the resize rule is unknown, or the package that carries the weights is missing or holds
                another file.
        """
        check_choice("--resize", resize, RESIZES)
        self.resize = resize
        self.device = torch.device(device)
        self.network = self._load().eval().requires_grad_(False).to(self.device)
        for weight in self.network.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    @abstractmethod
    def _load(self) -> nn.Module:
        """Return the network with its published weights, on the CPU."""

    @abstractmethod
    def _normalise(self, pixels: Tensor) -> Tensor:
        """Bring grey levels in [0, 255] into the range that the network was trained on."""

    def prepare(self, pixels: Tensor) -> Tensor:
        """Resize and normalise pictures for the network; differentiable.

        Args:
            pixels: float tensor (N, 3, H, W), grey levels in [0, 255].

        Returns:
            Tensor (N, 3, size, size), channels last.
        """
        resized = RESIZES[self.resize](pixels, self.size)
        return self._normalise(resized).contiguous(memory_format=torch.channels_last)

    def encode(self, images: np.ndarray, batch: int = 16, progress: Progress | None = None) -> np.ndarray:
        """Encode pictures, reading only one batch of them at a time (a memory map is never loaded whole).

        Args:
            images: uint8 (N, H, W, 3), or (N, H, W, 1) for grey ones; an array or a memory map.
            batch: pictures at a time, at least 1; changes speed and memory, the result only by rounding.
            progress: called with (done, total) after each batch.

        Returns:
            float32 (N, dim).

        Raises:
            UserError: the pictures are not uint8 (N, H, W, 1 or 3), or the batch is below 1.
        """
        check_pictures(f"encoder {self.name}", images, batch)
        total = len(images)
        rows = np.empty((total, self.dim), np.float32)
        for start in range(0, total, batch):
            stop = min(start + batch, total)
            with torch.inference_mode():
                pixels = to_float(images[start:stop], self.device)
                rows[start:stop] = self.network(self.prepare(pixels)).cpu().numpy()
            if progress is not None:
                progress(stop, total)
        return rows

    @property
    def preprocessing(self) -> str:
        """One sentence on how pictures are prepared, for the protocol of every number made with the features."""
        return f"{IN_WORDS[self.resize].format(size=self.size)}, {self.normalisation}"

    def protocol(self) -> dict[str, str | int]:
        """Say how features were made, in the words that go beside a metric."""
        return {
            "encoder": self.name,
            "dimensions": self.dim,
            "resize": self.resize,
            "preprocessing": self.preprocessing,
        }
