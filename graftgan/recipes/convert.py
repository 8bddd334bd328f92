"""`graftgan convert`: another project's checkpoint into a model folder of ours, executing none of it."""

from dataclasses import dataclass
from pathlib import Path

from graftgan.errors import UserError
from graftgan.formats.card import model_card
from graftgan.zoo.convert import convert_file, describe
from graftgan.zoo.model_folder import CONFIG, Model, save_model
from graftgan.zoo.sources import is_known

LICENCE_NOTE = "The weights keep the licence under which their file was published; graftgan knows nothing of it."


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """Reads another project's checkpoint as data, executing none of it, and writes a model folder."""

    file: str | None = None
    """NVIDIA's StyleGAN2 .pkl (PyTorch or TensorFlow) or StyleGAN3 .pkl (to sample and export, not to train),
    rosinality's .pt, or a DCGAN's state dict."""
    out: str | None = None
    """New folder for the model."""
    partial: bool = False
    """Take what fits where some tensors do not; every one that does not is named, and drawn by seed instead. Not for a
    DCGAN, nor where a network's size cannot be told from the rest."""


def run(options: ConvertOptions) -> Model:
    """Converts a checkpoint.

    Args:
        options: of the job.

    Returns:
        The model that was written; `about["load_report"]` says what was taken of the file.

    Raises:
        UserError: the file is refused, or the folder cannot be written or is not empty.
    """
    if options.file is None or options.out is None:
        raise UserError("name the checkpoint, and a new folder to write the model to")
    path, out = Path(options.file), Path(options.out)
    if is_known(options.file) or (path / CONFIG).is_file() or (path / "model" / CONFIG).is_file():
        raise UserError(f"{path} is a graftgan model already: --source takes it as it is")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists and is not an empty folder")
    model = convert_file(path, options.partial)
    report = "\n".join(f"    {line}" for line in model.about["load_report"])
    save_model(out, model, model_card(describe(model), path.stem, f"{LICENCE_NOTE}\n\nLoad report:\n\n{report}"))
    return model
