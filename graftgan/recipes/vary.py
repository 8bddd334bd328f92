"""`graftgan.vary`: a few pictures in, variations of them out, in one breath, from a meta-learnt source."""

import copy
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from graftgan.data import load_pictures
from graftgan.data.decode import decode
from graftgan.data.header import Refused
from graftgan.data.square import Square, check_square, make_square, resize
from graftgan.errors import NumericalError, UserError
from graftgan.formats.card import model_card
from graftgan.methods.inner_loop import Game, draw
from graftgan.networks import Discriminator, Generator
from graftgan.randomness import generator_at
from graftgan.recipes.learnt_loop import LONGER, MOST_STEPS, LearntLoop, learnt_loop
from graftgan.sampling.carried import as_picture
from graftgan.sampling.sample import sample
from graftgan.state import not_finite
from graftgan.training import ema
from graftgan.training.progress import ProgressBar
from graftgan.zoo.model_folder import Model, load_model, save_model
from graftgan.zoo.sources import find_source

MOST_PHOTOS = 64


@dataclass(frozen=True)
class Variations:
    """Pictures like the ones given, and the generator that drew them.

    Attributes:
        pictures: one PIL picture for each of the seeds 0, 1, 2, ...
        model: the adapted pair.
        steps: that it was adapted in.
        seconds: from the pictures to the pictures, once the source was read.
    """

    pictures: list[Image.Image]
    model: Model
    steps: int
    seconds: float

    def sample(self, seeds: Sequence[int]) -> list[Image.Image]:
        """Draws the pictures of further seeds.

        Args:
            seeds: whole numbers from 0.
        """
        return drawn(self.model.generator, seeds)

    def save(self, folder: str | Path) -> Path:
        """Writes the adapted pair as a model folder: a source for `sample`, `export`, and `adapt` by any method.

        Args:
            folder: made if missing.

        Returns:
            The folder.

        Raises:
            UserError: it holds a model already, or cannot be written.
        """
        folder = Path(folder)
        if (folder / "config.json").exists():
            raise UserError(f"{folder} holds a model already: name another folder")
        save_model(folder, self.model, model_card(self.model.about, folder.name))
        return folder


def run(
    photos: str | Path | Sequence[Image.Image],
    source: str | Path,
    *,
    steps: int | None = None,
    count: int = 64,
    seed: int = 0,
    square: str = "crop",
) -> Variations:
    """Plays a source's learnt inner loop on a few pictures and draws from the result; writes nothing.

    Args:
        photos: folder or zip, or pictures in memory; at most 64.
        source: a run or model of `graftgan meta`, or a source's name.
        steps: of the inner loop; default: ten times as many as an episode had.
        count: pictures to draw, those of the seeds 0 to count - 1.
        seed: of the loop's random numbers.
        square: how a picture that is not square is made so: `crop` its centre, or `pad` with white.

    Returns:
        The pictures, and the adapted pair.

    Raises:
        UserError: the source has learnt no inner loop, or a picture or number is refused.
        NumericalError: the loop ended in NaN or infinity.
    """
    check_square(square)
    for name, value, least, most in (
        ("steps", steps, 1, LONGER * MOST_STEPS),
        ("count", count, 1, 100_000),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if value is not None and (type(value) is not int or not least <= value <= most):
            raise UserError(f"{name} {value}: a whole number from {least} to {most}")
    model = load_model(find_source(source))
    loop = learnt_loop(model, str(source))
    if loop is None:
        raise UserError(f"{source} has learnt no inner loop: `graftgan meta` makes sources that have")
    pixels = pixels_of(photos, model.generator.resolution, cast(Square, square))
    began = time.monotonic()
    wanted = LONGER * loop.steps if steps is None else steps
    with ProgressBar("vary", wanted) as bar:
        generator, discriminator = played(model, loop, pixels, wanted, seed, bar.update)
    if any(not_finite(network.state_dict()) is not None for network in (generator, discriminator)):
        raise NumericalError(f"{source}: the inner loop ended in NaN or infinity after {wanted} steps: take fewer")
    about = {"source": str(source), "method": "learnt", "steps": wanted, "pictures": len(pixels), "seed": seed}
    adapted = Model(model.network, generator, discriminator, about)
    return Variations(drawn(adapted.generator, range(count)), adapted, wanted, time.monotonic() - began)


def played(
    model: Model, loop: LearntLoop, pixels: np.ndarray, steps: int, seed: int, told: Callable[[int], None]
) -> tuple[Generator, Discriminator]:
    """Returns the pair after so many steps of its learnt inner loop on a few pictures; the model stays as it is.

    Args:
        model: a pair.
        loop: what it has learnt.
        pixels: uint8 (N, H, W, 3), all of which every step sees.
        steps: of D and G.
        seed: of the latents.
        told: told the number of each step once it is done.
    """
    assert model.discriminator is not None
    real = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    if model.generator.channels == 1:
        real = real.mean(dim=1, keepdim=True)
    fakes = loop.latents(len(real), steps)
    game = Game(copy.deepcopy(model.generator).train(), copy.deepcopy(model.discriminator).train(), loop.rules)
    players = game.start()
    average = {name: weight.clone() for name, weight in players.generator.items()}
    for step in range(1, steps + 1):
        draws = draw(1, fakes, model.generator.z_dim, generator_at(seed, step, purpose="vary"))
        players, _, _ = game.run(players, real, draws)
        game.generator.observe(draws.for_g[0])
        keep = ema.decay(1, step, steps / 1000, loop.rampup(steps)) if loop.rampup(steps) else 0.0
        average = {name: keep * old + (1 - keep) * players.generator[name] for name, old in average.items()}
        told(step)
    game.generator.load_state_dict(average, strict=False)  # parameters; the buffers stay as they were
    game.discriminator.load_state_dict(players.discriminator, strict=False)
    return game.generator.eval(), game.discriminator.eval()


def as_from_file(photo: Image.Image) -> Image.Image:
    """Returns a picture in memory as the same picture in a file would be read: transparency over white, upright."""
    file = io.BytesIO()
    try:
        photo.save(file, "PNG", exif=photo.getexif())
    except OSError:  # CMYK and other modes that PNG has not
        file = io.BytesIO()
        photo.convert("RGB").save(file, "PNG", exif=photo.getexif())
    try:
        return decode(file.getvalue(), "png").image
    except Refused as refused:
        raise UserError(f"photos: {refused}") from None


def drawn(generator: Generator, seeds: Sequence[int]) -> list[Image.Image]:
    """Returns the pictures of seeds."""
    return [Image.fromarray(as_picture(pixels)) for pixels in sample(generator, seeds)]


def pixels_of(photos: str | Path | Sequence[Image.Image], resolution: int, square: Square) -> np.ndarray:
    """Returns pictures as uint8 (N, resolution, resolution, 3).

    Raises:
        UserError: none, more than 64, or something that is no picture.
    """
    if isinstance(photos, str | Path):
        found = np.array(load_pictures(Path(photos), resolution, square=square).pixels)
    else:
        given = [photos] if isinstance(photos, Image.Image) else list(photos)
        if not all(isinstance(photo, Image.Image) for photo in given):
            raise UserError("photos: name a folder or zip, or give PIL pictures")
        squared = (resize(make_square(as_from_file(photo), square, []), resolution, []) for photo in given)
        found = np.array([np.asarray(picture) for picture in squared])
    if not 0 < len(found) <= MOST_PHOTOS:
        raise UserError(
            f"{len(found)} pictures: an inner loop sees all of them in every step, and takes 1 to {MOST_PHOTOS}"
        )
    return found
