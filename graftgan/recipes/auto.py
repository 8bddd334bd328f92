"""`--method auto`: the method that advice recommends for the one source at hand, before training begins."""

import dataclasses
import sys
from typing import Any, TypeVar

from lightning_fabric import Fabric

from graftgan.devices import from_first, launch
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.recipes.advice import Choice, advise_method, to_json
from graftgan.recipes.advice_rule import Case, usable_with
from graftgan.recipes.measured import BASELINE, read_measured
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.pair import starting_pair
from graftgan.recipes.pictures import read_pictures
from graftgan.recipes.source_look import distance_of, encoded, samples_of, some

Options = TypeVar("Options", bound=TrainingOptions)

SAMPLES = 128


def resolved(options: Options, images: str) -> tuple[Options, dict[str, Any]]:
    """Returns the options with a method in the place of `auto`, and what run.json keeps of the advice.

    A hundred samples of the source are encoded, which takes some seconds and is remembered; nothing is trained. The
    budget stays the user's. Where there is no source, no encoder or nothing measured it is fine-tuning, and said so.

    Args:
        options: whose method is `auto`.
        images: folder or zip of the photos.

    Raises:
        UserError: source or photos are refused, as they would be by the run.
    """
    fabric = launch(options.devices, options.precision)
    choice, distance = from_first(fabric, lambda: chosen(options, images, fabric))
    if fabric.global_rank == 0:
        print(
            f"adapt: --method auto takes {choice.entrant}. {' '.join(choice.reasons[:2])}", file=sys.stderr, flush=True
        )
    told = {**to_json(choice), "distance": distance}
    return dataclasses.replace(options, method=choice.method, method_options=choice.settings), told


def chosen(options: TrainingOptions, images: str, fabric: Fabric) -> tuple[Choice, float | None]:
    """Returns the choice, and how far the source is from the photos in the features of the measured pairs."""
    if options.source == "none":
        return Choice(BASELINE, reasons=("Without a source there is nothing to advise on.",)), None
    model = starting_pair(options, options.resolution, 0)
    generator = model.generator
    kind = generator.resolution, model.network
    photos, _ = read_pictures(options, images, generator.resolution, fabric.global_rank == 0)
    try:
        measured = read_measured()
        if not measured.pairs:
            return advise_method(Case(len(photos), None, *kind), measured, usable_with(model)), None
        if measured.encoder not in ENCODERS:
            raise UserError(f"there is no encoder {measured.encoder}, whose features the measured pairs were told by")
        encoder = ENCODERS[measured.encoder](fabric.device)
    except UserError as error:
        return Choice(BASELINE, reasons=(f"Nothing could be advised: {error}.",)), None
    fake = encoded(encoder, samples_of(generator.to(fabric.device).eval(), SAMPLES))
    distance = distance_of(encoded(encoder, some(photos).pixels), fake).value
    return advise_method(Case(len(photos), distance, *kind), measured, usable_with(model)), distance
