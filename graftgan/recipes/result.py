"""A generator in the user's hands: what `graftgan.adapt` and `graftgan.load` return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from graftgan.recipes.films import Timing, film_origin, make_film, origin_of, refuse_strangers
from graftgan.sampling.carried import as_picture, texts
from graftgan.sampling.drawn import batch_for
from graftgan.sampling.sample import sample
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source


@dataclass(frozen=True)
class Result:
    """A model and, if it came from a run, what that run measured.

    Attributes:
        model: networks and facts.
        folder: of the run, or of the model.
        metrics: as in `metrics.json`; empty for a model that was only loaded.
    """

    model: Model
    folder: Path
    metrics: dict[str, Any] = field(default_factory=dict)

    def sample(self, seeds: Sequence[int], *, truncation: float = 1.0) -> list[Image.Image]:
        """Draws the pictures of seeds; a seed is always the same picture.

        Args:
            seeds: whole numbers from 0.
            truncation: below 1 trades variety for quality.

        Returns:
            One PIL picture a seed; how it was made is in its `info`, under keys that begin with `graftgan:`. (Pillow
            does not save that by itself: `graftgan sample` writes files that carry it.)

        Example:
            >>> load("avatars-64").sample(range(2))[0].size
            (64, 64)
        """
        batch = batch_for(self.model.generator)
        pictures = []
        for first in range(0, max(1, len(seeds)), batch):
            chunk = seeds[first : first + batch]
            drawn = sample(self.model.generator, chunk, truncation=truncation, batch=batch)
            for seed, pixels in zip(chunk, drawn, strict=True):
                pictures.append(Image.fromarray(as_picture(pixels)))
                origin = origin_of(self.model, self.folder, "picture", [seed], truncation, batch=len(chunk))
                pictures[-1].info.update(texts(origin))
        return pictures

    def film(
        self,
        path: str | Path,
        seeds: Sequence[int],
        *,
        truncation: float = 1.0,
        seconds: float = 1.0,
        fps: int = 30,
        loop: bool = True,
        scale: int | None = None,
        mix_with: Sequence[int] = (),
        mix_layers: str = "fine",
    ) -> Path:
        """Writes a film that walks through the pictures of seeds, or through styles that are mixed into them.

        Args:
            path: of a file that does not exist, or that is a film of graftgan; ends in .webp or .mp4.
            seeds: passed through; with `mix_with` those that stay, side by side.
            truncation: below 1 trades variety for quality.
            seconds: from one seed to the next.
            fps: frames a second, 1 to 60.
            loop: return to the first seed.
            scale: each pixel becomes scale x scale; default: so that the short side is at least 256.
            mix_with: seeds whose styles of `mix_layers` are passed through (StyleGAN only).
            mix_layers: `coarse`, `middle`, `fine`, or layers like `0-3`.

        Returns:
            The path.

        Raises:
            UserError: a value is out of range, a network without styles, or a file that is not ours.

        Example:
            >>> load("avatars-64").film("faces.webp", range(4))  # doctest: +SKIP
        """
        path = Path(path)
        timing = Timing(seconds=seconds, fps=fps, loop=loop, scale=scale, format=path.suffix.removeprefix("."))
        origin = film_origin(self.model, self.folder, seeds, truncation, timing, mix_with, mix_layers)
        refuse_strangers([path], path.parent)
        make_film(path, origin, self.model.generator)
        return path


def load(model: str | Path) -> Result:
    """Reads a model; executes nothing of it.

    Args:
        model: a run's folder, a model folder, or a source's name.

    Returns:
        The model, ready to sample.

    Raises:
        UserError: there is no such model, or it is damaged.
    """
    folder = find_source(model)
    return Result(load_model(folder), folder)
