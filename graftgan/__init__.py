"""graftgan: ten images in, a generator out.

    import graftgan
    run = graftgan.adapt("photos")
    run.sample(range(64))[0].save("first.png")

Nothing heavy is imported before one of these is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from graftgan.recipes.compare import Compared
    from graftgan.recipes.result import Result
    from graftgan.recipes.table import Table

__all__ = ["adapt", "compare", "convert", "evaluate", "load", "train"]


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


def evaluate(model: "str | Path", **options: Any) -> "Table":
    """Measures a model, or a folder of pictures, against pictures that it never saw.

    Args:
        model: a run's folder, a model folder, a source's name, or a folder or zip of pictures.
        options: fields of `graftgan.recipes.evaluate.EvaluateOptions`, the flags of `graftgan evaluate`:
            `reference="holdout"`, say.

    Returns:
        The table; `.measures()` holds (measure, noise floor) by metric, `.to_json()` the same as JSON values.

    Raises:
        UserError: an option, a model or pictures are refused.
    """
    from graftgan.recipes import evaluate as recipe
    from graftgan.recipes.options import from_keywords

    return recipe.run(from_keywords(recipe.EvaluateOptions, {"model": str(model), **options}))


def compare(photos: "str | Path", **options: Any) -> "Compared":
    """Compares methods on one job and one budget, beside the unchanged source, fine-tuning, copies and noise floor.

    Args:
        photos: folder (at any depth) or zip of pictures.
        options: fields of `graftgan.recipes.contest.CompareOptions`, the flags of `graftgan compare`:
            `methods=["freezed", "modulate"], shots=10, draws=3`, say.

    Returns:
        Folder and numbers: `.folder` holds the report, `.results` the mean and spread of every metric.

    Raises:
        UserError: an option, picture or file is refused; one line that names it.
    """
    from graftgan.recipes import compare as recipe
    from graftgan.recipes.contest import CompareOptions
    from graftgan.recipes.options import from_keywords

    return recipe.run(from_keywords(CompareOptions, {"photos": str(photos), **options}), options)


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
