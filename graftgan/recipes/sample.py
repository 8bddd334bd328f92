"""`graftgan sample`: pictures by seed, and a grid of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from graftgan.errors import UserError
from graftgan.recipes.result import load
from graftgan.sampling.grid import grid
from graftgan.sampling.seeds import parse_seeds


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Draws pictures from a model or a run."""

    model: str | None = None
    """A run's folder, a model folder, or a source's name."""
    seeds: str = "0-15"
    """Which pictures: numbers and ranges like 0-63,100; a seed is always the same picture."""
    trunc: float = 1.0
    """Truncation: below 1 trades variety for quality; 0.7 is usual."""
    outdir: str | None = None
    """Where to; default: `pictures` in the run's folder, or here for a source's name."""


def run(options: SampleOptions) -> Path:
    """Writes one PNG a seed and `grid.png`.

    Args:
        options: of the job.

    Returns:
        The folder that was written to; each picture carries its seed and the model's hash.

    Raises:
        UserError: no such model, seeds that are none, or a folder that cannot be written.
    """
    if options.model is None:
        raise UserError("name a run's folder, a model folder or a source")
    if not 0 <= options.trunc <= 2:
        raise UserError(f"--trunc {options.trunc}: from 0 to 2")
    seeds = parse_seeds(options.seeds)
    result = load(options.model)
    here = Path(options.model)
    out = Path(options.outdir) if options.outdir else (here if here.is_dir() else Path()) / "pictures"
    pictures = result.sample(seeds, truncation=options.trunc)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for seed, picture in zip(seeds, pictures, strict=True):
            picture.save(out / f"seed{seed:06d}.png", pnginfo=origin(seed, options.trunc, result.model.digest))
        sheet = grid(np.stack([np.atleast_3d(np.asarray(picture)) for picture in pictures]), columns=8)
        Image.fromarray(sheet.squeeze()).save(out / "grid.png")
    except OSError as error:
        raise UserError(f"--outdir {out}: {error.strerror or error}") from error
    return out


def origin(seed: int, truncation: float, digest: str) -> PngInfo:
    """Returns the PNG text that says how a picture was made."""
    info = PngInfo()
    for key, value in (("seed", seed), ("truncation", truncation), ("model-sha256", digest)):
        info.add_text(f"graftgan:{key}", str(value))
    return info
