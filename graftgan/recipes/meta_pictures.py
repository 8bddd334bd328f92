"""The pictures of `graftgan meta`: its classes read, an episode as tensors, the sheet that shows what is learnt."""

import io
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from graftgan.data import PictureSet, load_pictures
from graftgan.data.square import Square
from graftgan.data.tasks import Tasks
from graftgan.methods.inner_loop import Draws, Game, draw
from graftgan.randomness import generator_at
from graftgan.recipes.meta_options import MetaOptions
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import latents, to_uint8
from graftgan.training.progress import ProgressBar

SHOWN_CLASSES, SHOWN_SAMPLES = 8, 8


def read_classes(options: MetaOptions, chief: bool) -> PictureSet:
    """Returns the pictures of all classes."""
    with ProgressBar("read pictures", 1, quiet=not chief) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        return load_pictures(
            Path(cast(str, options.tasks)), options.resolution, square=cast(Square, options.square), progress=told
        )


def as_images(pixels: np.ndarray, game: Game) -> Tensor:
    """Returns uint8 pictures (N, H, W, 3) as (N, channels, H, W) in [-1, 1]."""
    images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return images.mean(dim=1, keepdim=True) if game.generator.channels == 1 else images


def adapted_sheet(options: MetaOptions, tasks: Tasks, game: Game) -> bytes:
    """Returns a PNG of what an episode makes of classes held out: each row the shots, then samples; always the same."""
    shown = tasks.held_out if len(tasks.held_out) else tasks.train
    shown = np.array([task for task in shown if len(tasks.of(int(task))) >= options.shots] or tasks.train[:1])
    rows = []
    device = next(game.generator.parameters()).device
    for task in shown[:SHOWN_CLASSES]:
        pixels = tasks.pictures.pixels[tasks.of(int(task))[: options.shots]]
        rng = generator_at(options.seed, int(task), purpose="samples")
        numbers = draw(options.inner_steps, len(pixels), game.generator.z_dim, rng)
        on_device = Draws(*(getattr(numbers, name).to(device) for name in ("for_d", "for_g", "between")))
        end, _, _ = game.run(game.start(), as_images(pixels, game).to(device), on_device)
        with torch.no_grad():
            z = latents(range(SHOWN_SAMPLES), game.generator.z_dim).to(device)
            made = to_uint8(game.pictures(end.generator, z))
        made = made if made.shape[-1] == 3 else made.repeat(3, axis=-1)
        rows.append(np.concatenate([np.array(pixels), made]))
    png = io.BytesIO()
    Image.fromarray(grid(np.concatenate(rows), columns=len(rows[0]))).save(png, "PNG")
    return png.getvalue()
