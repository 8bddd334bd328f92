"""graftgan: ten images in, a generator out.

    import graftgan
    run = graftgan.adapt("photos")
    run.sample(range(64))[0].save("first.png")

Nothing heavy is imported before one of these is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from graftgan.recipes.result import Result

__all__ = ["adapt", "convert", "load", "train"]


def adapt(photos: "str | Path", **options: Any) -> "Result":
    """Grafts a source generator onto a few pictures.

    Args:
        photos: folder (at any depth) or zip of pictures.
        options: fields of `graftgan.recipes.adapt.AdaptOptions`, the flags of `graftgan adapt`: `kimg=4`, say.

    Returns:
        The adapted model; `.sample(range(64))` draws from it, `.folder` holds the report, `.metrics` the numbers.

    Raises:
        UserError: an option, picture or file is refused; one line that names it.
    """
    from graftgan.recipes import adapt as recipe
    from graftgan.recipes.options import from_keywords

    return recipe.run(from_keywords(recipe.AdaptOptions, {"photos": str(photos), **options}), options)


def train(images: "str | Path", **options: Any) -> "Result":
    """Trains a source model from scratch.

    Args:
        images: folder (at any depth) or zip of pictures.
        options: fields of `graftgan.recipes.train.TrainOptions`, the flags of `graftgan train`.

    Returns:
        The trained model; its `folder` is a source for `adapt`.

    Raises:
        UserError: an option, picture or file is refused; one line that names it.
    """
    from graftgan.recipes import train as recipe
    from graftgan.recipes.options import from_keywords
    from graftgan.recipes.result import load

    return load(recipe.run(from_keywords(recipe.TrainOptions, {"images": str(images), **options}), options))


def load(model: "str | Path") -> "Result":
    """Reads a run's folder, a model folder, or a source by its name; executes nothing of it.

    Args:
        model: path or name.

    Returns:
        The model, ready to sample.

    Raises:
        UserError: there is no such model, or it is damaged.
    """
    from graftgan.recipes.result import load

    return load(model)


def convert(file: "str | Path", out: "str | Path", *, partial: bool = False) -> "Result":
    """Reads another project's checkpoint as data, executing none of it, and writes a model folder.

    Args:
        file: NVIDIA's StyleGAN2 pickle, rosinality's checkpoint, or a DCGAN's state dict.
        out: new folder for the model.
        partial: take what fits where some tensors do not.

    Returns:
        The model; `.model.about["load_report"]` says what was taken of the file.

    Raises:
        UserError: the file is refused; one line that names it and says why.
    """
    from graftgan.recipes import convert as recipe
    from graftgan.recipes.result import load

    recipe.run(recipe.ConvertOptions(file=str(file), out=str(out), partial=partial))
    return load(out)
