"""`graftgan train`: a source model from scratch."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from graftgan.data import PictureSet
from graftgan.devices import from_first
from graftgan.errors import UserError
from graftgan.formats.card import model_card
from graftgan.methods import METHODS
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.record import resumed
from graftgan.recipes.small_delta import called, write_small_delta
from graftgan.recipes.training_run import Finished, train_run
from graftgan.recipes.watch import choose, what_was_seen
from graftgan.surgery.merge import merged
from graftgan.zoo.model_folder import Model, save_model


@dataclass(frozen=True, kw_only=True)
class TrainOptions(TrainingOptions):
    """Trains a source model from scratch on a folder or zip of pictures."""

    images: str | None = None
    """Folder (at any depth) or zip of pictures."""
    kimg: float = 500.0
    """Budget: thousands of real pictures shown to the discriminator."""
    batch: int = 32
    """Pictures a step, over all devices."""


def run(options: TrainOptions, given: Collection[str] = ()) -> Path:
    """Trains a source and writes its model folder.

    Args:
        options: of the job; `options.resume` goes on with an earlier run.
        given: names of options that a resumed run must not pass over because they have their default's value.

    Returns:
        The run's folder; `model/` in it is a source for `adapt`.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; a checkpoint was written.
        NumericalError: NaN or infinity; the last checkpoint is whole.
    """
    if options.resume is not None:
        options = resumed(TrainOptions, options, "train", given)
    if options.images is None:
        raise UserError("name the folder or zip of pictures to train on")
    finished = train_run(options, options.images, "train")

    def first() -> None:
        write_model(finished, options)

    try:
        from_first(finished.fabric, first)
    finally:
        finished.folder.close()
    return finished.folder.path


def left_out(photos: PictureSet) -> list[str]:
    """Returns the classes of the folder that no picture of the run is of."""
    return [name for at, name in enumerate(photos.classes) if at not in photos.labels]


def write_model(finished: Finished, options: TrainingOptions) -> Model:
    """Writes `model/` of a finished run and returns what it holds: the average of G, and D.

    They are those of the step that the watch chose, or of the last one; run.json says which, and by which rule.
    """
    folder, before = finished.folder, finished.source.about
    chosen = choose(folder.path, finished.state, watched=options.watch_by() is not None)
    about = {
        **({} if options.source == "none" else {"method": options.method, "source": called(options.source)}),
        "kimg": chosen.kimg,
        "seed": options.seed,
        "pictures": len(finished.photos),
        "classes": before.get("classes") or finished.photos.classes if chosen.average.c_dim else [],
        **({"held_out_classes": left_out(finished.photos)} if options.held_out_classes else {}),
        "credits": before.get("credits", ""),
        **({"treatment": "; ".join(finished.treatment)} if finished.treatment else {}),
    }
    # A discriminator that the run drew and never trained is worth nothing to anybody.
    random = finished.source.drawn and METHODS[options.method].leaves_discriminator
    discriminator = None if random else merged(chosen.discriminator).eval()
    model = Model(finished.source.network, merged(chosen.average).eval(), discriminator, about)
    folder.write_record(folder.read_record() | {"checkpoint": what_was_seen(folder.path, chosen.step).to_json()})
    note = write_small_delta(finished, options, chosen.average, model)
    save_model(folder.path / "model", model, model_card(about, folder.path.name, note))
    return model
