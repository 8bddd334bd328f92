"""LPIPS distances of many pictures, to some photos and to each other, each picture encoded as seldom as memory allows.

Every layer's share of LPIPS is a squared distance of rows, |a - b|^2 = |a|^2 + |b|^2 - 2 a.b, so one matrix product
gives the distances of many pairs. VGG16 at 256 px has 8 million numbers a picture: what is kept at a time is bounded.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from graftgan.features.base import Progress
from graftgan.features.lpips_network import Layer, LpipsNetwork

KEPT_PHOTOS_BYTES = 320 * 2**20
"""Rows of the photos that are kept at a time; with more photos, every fake is encoded once for each such block."""
KEPT_LAYER_BYTES = 192 * 2**20
"""Rows of one layer that are kept at a time while the members of a cluster are compared."""
MOST_TOGETHER = 50
"""Members compared in one go; larger clusters are compared in parts, two at a time."""

_TERMS = 2**16


class LpipsView:
    """The distances between judged pictures ("fakes") and photos, computed when asked for.

    Memory is bounded by the constants above, whatever the number of pictures; figures in docs/encoders.md.

    Attributes:
        protocol: how distances are made.
        fakes: number of judged pictures.
        photos: number of photos.
    """

    def __init__(
        self,
        network: LpipsNetwork,
        prepare: Callable[[np.ndarray], Tensor],
        fakes: np.ndarray,
        photos: np.ndarray,
        protocol: dict[str, str | int],
        batch: int,
        progress: Progress | None = None,
    ) -> None:
        """Take what is compared; made by `Lpips.view`.

        Args:
            network: the frozen network.
            prepare: brings a few pictures to what the network's first layer expects.
            fakes: uint8 (N, H, W, 1 or 3), an array or a memory map.
            photos: uint8 (M, H, W, 1 or 3).
            protocol: how distances are made.
            batch: pictures at a time.
            progress: called by ``to_photos`` with (pictures done, in all).
        """
        self.protocol = protocol
        self.fakes, self.photos = len(fakes), len(photos)
        self._network, self._prepare = network, prepare
        self._fakes_pixels, self._photos_pixels = fakes, photos
        self._batch, self._progress = batch, progress

    def to_photos(self) -> np.ndarray:
        """Measure the distance of every fake to every photo.

        Returns:
            float32 (fakes, photos), at least 0.
        """
        squares = np.zeros((self.fakes, self.photos))
        done, step = 0, self._photos_at_once()
        blocks = -(-self.photos // step)
        for first in range(0, self.photos, step):
            kept = self._keep(self._photos_pixels[first : first + step])
            own = sum(_lengths(rows) for rows in kept)
            for start in range(0, self.fakes, self._batch):
                part = slice(start, start + self._batch)
                with torch.inference_mode():
                    for rows, others in zip(self._rows(self._fakes_pixels[part]), kept, strict=True):
                        share = _lengths(rows)[:, None] - 2 * _products(rows, others)
                        squares[part, first : first + step] += share.cpu().numpy()
                squares[part, first : first + step] += own.cpu().numpy()  # type: ignore[union-attr]
                done += min(self._batch, self.fakes - start)
                if self._progress is not None:
                    self._progress(done, blocks * self.fakes)
        return squares.clip(min=0).astype(np.float32)

    def within(self, members: np.ndarray) -> np.ndarray:
        """Measure the distances of some fakes to each other, layer by layer.

        Args:
            members: which fakes, (n,) whole numbers below `fakes`.

        Returns:
            float32 (n, n), symmetric, at least 0, 0 on the diagonal.
        """
        members = np.asarray(members, dtype=np.int64)
        count = len(members)
        found = np.zeros((count, count), np.float32)
        if count <= MOST_TOGETHER:
            return found if count == 0 else self._between(members)
        parts = np.array_split(np.arange(count), -(-count // (MOST_TOGETHER // 2)))
        for at, one in enumerate(parts):
            for other in parts[at + 1 :]:
                both = np.concatenate([one, other])
                found[np.ix_(both, both)] = self._between(members[both])
        return found

    def _between(self, members: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            starts = range(0, len(members), self._batch)
            parts = [self._prepare(self._fakes_pixels[members[at : at + self._batch]]) for at in starts]
            x = torch.cat(parts)
            squares = np.zeros((len(members), len(members)))
            for layer in self._network.layers:
                assert isinstance(layer, Layer)
                x, products = self._compare(layer, x)
                lengths = products.diagonal()
                squares += lengths[:, None] + lengths - 2 * products
        np.fill_diagonal(squares, 0)
        return squares.clip(min=0).astype(np.float32)

    def _compare(self, layer: Layer, x: Tensor) -> tuple[Tensor, np.ndarray]:
        """Return what the next layer gets, and the products (n, n) of this layer's rows.

        As many rows as fit are kept, all later pictures stream past them; then the next rows are kept.
        """
        count, batch = len(x), self._batch
        products = np.zeros((count, count))
        pooled: Tensor | None = None
        kept: Tensor | None = None
        first, room = 0, 0
        while first < count:
            for start in range(first, count, batch):
                stop = min(start + batch, count)
                features = layer(x[start:stop])
                if first == 0:
                    after = layer.pool(features)
                    if pooled is None:
                        pooled = x.new_empty((count, *after.shape[1:])).to(memory_format=torch.channels_last)
                    pooled[start:stop] = after
                rows = layer.rows(features)
                if kept is None:
                    room = min(max(1, KEPT_LAYER_BYTES // (4 * batch * rows.shape[1])) * batch, count)
                    kept = rows.new_empty((room, rows.shape[1]))
                if start < first + room:
                    kept[start - first : stop - first] = rows
                filled = min(stop - first, room)
                found = _products(kept[:filled], rows).cpu().numpy()
                products[first : first + filled, start:stop] = found
                products[start:stop, first : first + filled] = found.T
            first += room
        assert pooled is not None
        return pooled, products

    def _rows(self, images: np.ndarray) -> Iterator[Tensor]:
        return self._network(self._prepare(images))

    def _keep(self, images: np.ndarray) -> list[Tensor]:
        """Every layer's rows of all these pictures."""
        kept: list[Tensor] = []
        for start in range(0, len(images), self._batch):
            with torch.inference_mode():
                for at, rows in enumerate(self._rows(images[start : start + self._batch])):
                    if start == 0:
                        kept.append(rows.new_empty((len(images), rows.shape[1])))
                    kept[at][start : start + len(rows)] = rows
        return kept

    def _photos_at_once(self) -> int:
        with torch.inference_mode():
            numbers = sum(rows.shape[1] for rows in self._rows(self._photos_pixels[:1]))
        return max(1, KEPT_PHOTOS_BYTES // (4 * numbers))


def _products(a: Tensor, b: Tensor) -> Tensor:
    """Scalar product of each row of a with each of b, float64 (N, M)."""
    # Part by part: over millions of terms, float32 alone would lose the fifth decimal of a distance.
    pairs = zip(a.split(_TERMS, dim=1), b.split(_TERMS, dim=1), strict=True)
    return torch.stack([one @ other.T for one, other in pairs]).double().sum(dim=0)


def _lengths(rows: Tensor) -> Tensor:
    """Squared length of each row, float64 (N,)."""
    return torch.stack([part.square().sum(dim=1) for part in rows.split(_TERMS, dim=1)]).double().sum(dim=0)
