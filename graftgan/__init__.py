"""graftgan: ten images in, a generator out.

    import graftgan
    run = graftgan.adapt("photos")
    run.sample(range(64))[0].save("first.png")

Nothing heavy is imported before one of these is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from graftgan.recipes.advise import Advice
    from graftgan.recipes.compare import Compared
    from graftgan.recipes.export import Exported
    from graftgan.recipes.replay import Replayed
    from graftgan.recipes.result import Result
    from graftgan.recipes.table import Table
    from graftgan.recipes.vary import Variations
    from graftgan.zoo.entry import Source

__all__ = [
    "adapt",
    "advise",
    "blend",
    "compare",
    "convert",
    "evaluate",
    "export",
    "load",
    "meta",
    "replay",
    "sources",
    "train",
    "vary",
]


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


def advise(photos: "str | Path", **options: Any) -> "Advice":
    """Ranks the sources for these photos, recommends method, budget and settings, and says why; trains nothing.

    Args:
        photos: folder (at any depth) or zip of pictures.
        options: fields of `graftgan.recipes.advise.AdviseOptions`, the flags of `graftgan advise`:
            `sources=["avatars-64", "runs/0003-dogs-train"]`, say.

    Returns:
        The advice: `.source`, `.method`, `.kimg`, `.command`; `.found` holds every number, `.folder` the page.

    Raises:
        UserError: an option or the photos are refused, or no source could be looked at.
    """
    from graftgan.recipes import advise as recipe
    from graftgan.recipes.options import from_keywords

    return recipe.run(from_keywords(recipe.AdviseOptions, {"photos": str(photos), **options}))


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


def meta(tasks: "str | Path", **options: Any) -> "Result":
    """Trains a source that has learnt to be adapted in a few steps.

    Args:
        tasks: folder or zip with one folder of pictures for each class.
        options: fields of `graftgan.recipes.meta_options.MetaOptions`, the flags of `graftgan meta`.

    Returns:
        The learnt model; its `folder` is a source for `adapt` and `vary`.

    Raises:
        UserError: an option, picture or file is refused; one line that names it.
    """
    from graftgan.recipes import meta as recipe
    from graftgan.recipes.meta_options import MetaOptions
    from graftgan.recipes.options import from_keywords
    from graftgan.recipes.result import load

    return load(recipe.run(from_keywords(MetaOptions, {"tasks": str(tasks), **options}), options))


def vary(
    photos: "str | Path | Sequence[Image.Image]",
    source: "str | Path",
    *,
    steps: int | None = None,
    count: int = 64,
    seed: int = 0,
    square: str = "crop",
) -> "Variations":
    """Adapts a meta-learnt source to a few pictures and draws more of them, in one breath; writes nothing.

    Args:
        photos: folder or zip, or PIL pictures in memory; at most 64.
        source: a run or model of `graftgan meta`, or a source's name.
        steps: of the learnt inner loop; default: ten times as many as an episode had.
        count: pictures to draw, those of the seeds 0 to count - 1.
        seed: of the loop's random numbers.
        square: how a picture that is not square is made so: `crop` its centre, or `pad` with white.

    Returns:
        `.pictures`, PIL; `.sample(seeds)` draws more, `.save(folder)` keeps the generator.

    Raises:
        UserError: the source has learnt no inner loop, or a picture or number is refused.
        NumericalError: the loop ended in NaN or infinity.
    """
    from graftgan.recipes import vary as recipe

    return recipe.run(photos, source, steps=steps, count=count, seed=seed, square=square)


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


def export(
    model: "str | Path",
    out: "str | Path | None" = None,
    *,
    format: str | None = None,
    half: bool = False,
    push_to_hub: str | None = None,
    private: bool = False,
) -> "Exported":
    """Writes a model as one file that others read, checked against PyTorch's pictures, or puts it on the model hub.

    Args:
        model: a run's folder, a model folder, or a source's name.
        out: file to write; default: beside the model, with the model's name.
        format: "onnx", "safetensors" or "pt2"; default: what `out` ends in, else "onnx".
        half: weights in float16, for safetensors.
        push_to_hub: user/name of a repository on the hub.
        private: whether a new one is shown to its owner only.

    Returns:
        `.path` of the file, `.difference` between its pictures and PyTorch's, `.address` on the hub.

    Raises:
        UserError: no such model, options that do not go together, a missing package, pictures that differ, or the hub.
    """
    from graftgan.recipes import export as recipe

    return recipe.run(
        recipe.ExportOptions(
            model=str(model),
            out=None if out is None else str(out),
            format=format,
            half=half,
            push_to_hub=push_to_hub,
            private=private,
        )
    )


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


def replay(picture: "str | Path", *, model: "str | Path | None" = None, out: "str | Path | None" = None) -> "Replayed":
    """Makes a picture or film of `graftgan sample` again, from what the file says of itself, and compares the two.

    Args:
        picture: PNG, WebP or mp4; nothing in it is executed.
        model: a run's folder, a model folder, or a source's name; default: looked for by its hash.
        out: new file; default: beside the picture, with -replayed in its name.

    Returns:
        `.path` of the new file, `.difference` between their pixels, `.same`, and `.origin`, what the picture said.

    Raises:
        UserError: the picture does not say how it was made, its model is not found or is another, or `out` exists.
    """
    from graftgan.recipes import replay as recipe

    return recipe.run(
        recipe.ReplayOptions(
            picture=str(picture),
            model=None if model is None else str(model),
            out=None if out is None else str(out),
        )
    )


def convert(file: "str | Path", out: "str | Path", *, partial: bool = False) -> "Result":
    """Reads another project's checkpoint as data, executing none of it, and writes a model folder.

    Args:
        file: NVIDIA's StyleGAN2 or 3 pickle, rosinality's checkpoint, or a DCGAN's state dict.
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


def blend(
    deltas: "str | Path | Mapping[str | Path, float]", out: "str | Path", *, source: "str | Path | None" = None
) -> "Result":
    """Puts small deltas on their source, each by its weight, and writes a model folder; the source is only read.

    Args:
        deltas: one, or several with their weights: `{"runs/0003-ink-lowrank": 0.5, "runs/0004-chalk-fsgan": 0.5}`;
            runs' folders, model folders or delta.safetensors files. 0 is the source, 1 the adapted model.
        out: new folder for the model.
        source: the model that they change; default: the one that they name.

    Returns:
        The blended model.

    Raises:
        UserError: a delta or the source is refused, or they do not belong together.
    """
    from collections.abc import Mapping

    from graftgan.recipes import blend as recipe
    from graftgan.recipes.result import load

    weights = deltas if isinstance(deltas, Mapping) else {deltas: 1.0}
    words = tuple(f"{path}={float(weight)!r}" for path, weight in weights.items())
    recipe.run(recipe.BlendOptions(deltas=words, out=str(out), source=None if source is None else str(source)))
    return load(out)


def sources() -> "list[Source]":
    """Returns what there is to start from: embedded, in installed packages, added, and the hub ids used here.

    Returns:
        The entries; `.name` is what `adapt(photos, source=...)` takes, `.problem` says why one cannot be used here.

    Example:
        >>> sources()[0].name
        'avatars-64'
    """
    from graftgan.zoo.catalogue import catalogue

    return catalogue()
