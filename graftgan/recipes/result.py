"""A generator in the user's hands: what `graftgan.adapt` and `graftgan.load` return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

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
            One PIL picture a seed.

        Example:
            >>> load("avatars-64").sample(range(2))[0].size
            (64, 64)
        """
        pictures = sample(self.model.generator, seeds, truncation=truncation)
        return [Image.fromarray(picture.squeeze()) for picture in pictures]


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
