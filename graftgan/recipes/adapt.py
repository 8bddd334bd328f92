"""`graftgan adapt`: the main job. A few pictures and a source in; generator, samples, metrics and report out."""

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from graftgan.choices import check_choice
from graftgan.devices import from_first
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.features.lpips import PERCEPTUAL
from graftgan.files import write_atomically
from graftgan.methods import METHODS
from graftgan.networks import Generator
from graftgan.recipes.auto import resolved
from graftgan.recipes.judgement import judge_adapted
from graftgan.recipes.learnt_loop import LEARNT, with_learnt_loop
from graftgan.recipes.options import AUTO, TrainingOptions
from graftgan.recipes.page import write_page
from graftgan.recipes.pair import starting_pair
from graftgan.recipes.record import resumed
from graftgan.recipes.result import Result
from graftgan.recipes.train import write_model
from graftgan.recipes.training_run import Finished, train_run
from graftgan.recipes.watch import CHECKPOINTS, what_was_seen
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import DEFAULT_SOURCE, find_source


@dataclass(frozen=True, kw_only=True)
class AdaptOptions(TrainingOptions):
    """Grafts a source generator onto a few pictures: ten images in, a generator out."""

    photos: str | None = None
    """Folder (at any depth) or zip of pictures."""
    source: str = DEFAULT_SOURCE
    """Model to start from: a name (see `graftgan sources`), a model or run folder, another project's checkpoint (see
    `graftgan convert`); `none`: random weights."""
    method: str = AUTO
    """How the pretrained pair is adapted: {methods}. `auto` takes what did best on the measured pairs of source and
    photos that are most like yours (see `graftgan advise`; docs/results/advice.md says how well it advises)."""
    kimg: float = 10.0
    """Budget: thousands of real pictures shown to the discriminator; 10 took 80 s by fine-tuning on two cores at 64 px,
    and 1.15 times as long by `projected`, which `auto` takes mostly."""
    loss: str = "hinge"
    """Adversarial loss: {losses}. On the demo hinge came nearer to the hold-out than non-saturating."""
    r1: float | None = 1.0
    """Weight gamma of R1; 1 is from the demo (docs/defaults.md)."""
    augment: str = "diffaug"
    """Differentiable augmentation of what the discriminator sees: {augments}."""
    augment_policy: tuple[str, ...] = ("translation",)
    """Which of DiffAugment's transformations are used: {policies}. On the demo's ink drawings
    colour left tinted lines; photographs may want `colour translation` (docs/defaults.md)."""
    ema_kimg: float = 1.0
    """Half-life of the generator's average; short, as the run is."""
    ema_rampup: float = 0.2
    """The half-life is at most this part of the pictures seen, so that short runs forget the source; 0: no ramp-up."""
    checkpoint: str = "watch"
    """Which step the model is of: `watch` looks at samples beside the photos ten times in the run, takes the step that
    is nearest to them without collapse or copying, and warns of both; `last`. Neither sees the hold-out."""
    encoder: str = "efficientnet-lite0"
    """Whose features the metrics and the watch compare: {encoders}."""
    metric_pictures: int = 500
    """Samples of each generator, and the most of the hold-out, that the metrics use."""
    lpips: str = "lpips-alex"
    """Network of intra-cluster LPIPS: {perceptual} or `none` (published: lpips-vgg, 20 times slower)."""
    lpips_pictures: int = 200
    """The most samples whose LPIPS is taken; 1000 in the published protocol."""

    def __post_init__(self) -> None:
        """Checks every option by itself; raises UserError that names the option."""
        TrainingOptions.__post_init__(self)
        check_choice("--checkpoint", self.checkpoint, CHECKPOINTS)
        check_choice("--encoder", self.encoder, ENCODERS)
        check_choice("--lpips", self.lpips, ["none", *PERCEPTUAL])
        for name in ("metric_pictures", "lpips_pictures"):
            if getattr(self, name) < 2:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at least 2")

    def methods(self) -> list[str]:
        """Returns what --method may be."""
        return [AUTO, *METHODS]

    def watch_by(self) -> str | None:
        """Returns the encoder of the watch; None where the last step is kept."""
        return self.encoder if self.checkpoint == "watch" else None


def run(options: AdaptOptions, given: Collection[str] = ()) -> Result:
    """Adapts a source to a few pictures and reports how good the result is.

    Args:
        options: of the job; `options.resume` goes on with an earlier run.
        given: names of options that a resumed run must not pass over because they have their default's value.

    Returns:
        The adapted model, the run's folder and its metrics.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; a checkpoint was written.
        NumericalError: NaN or infinity; the last checkpoint is whole.
    """
    if options.resume is not None:
        options = resumed(
            AdaptOptions, options, "adapt", set(given) - ({"method"} if options.method == AUTO else set())
        )
    if options.photos is None:
        raise UserError("name the folder or zip of pictures to adapt to")
    notes: dict[str, Any] = {}
    if options.method in (AUTO, LEARNT) and options.resume is None:
        options, line = with_learnt_loop(options, given)
        if line:
            print(f"adapt: {line}", file=sys.stderr, flush=True)
    if options.method == AUTO:
        options, notes["advice"] = resolved(options, str(options.photos))
    finished = train_run(options, str(options.photos), "adapt", notes)
    try:
        metrics = from_first(finished.fabric, lambda: finish(finished, options))
        return Result(load_model(find_source(finished.folder.path)), finished.folder.path, metrics)
    finally:
        finished.folder.close()


def finish(finished: Finished, options: AdaptOptions) -> dict[str, Any]:
    """Writes `model/`, `metrics.json` and `report.html` of a finished run and returns its metrics.

    What is judged is what the user gets: the step that the watch chose.
    """
    path, device = finished.folder.path, finished.fabric.device
    model = write_model(finished, options)
    source = None if options.source == "none" else starting_pair(options, options.resolution, 0)
    before: Generator | None = None if source is None else source.generator.to(device).eval()
    judgement = judge_adapted(
        model.generator.to(device),
        before,
        finished.photos.pixels,
        None if finished.holdout is None else finished.holdout.pixels,
        encoder=options.encoder,
        pictures=options.metric_pictures,
        lpips=None if options.lpips == "none" else options.lpips,
        lpips_pictures=options.lpips_pictures,
        device=device,
    )
    metrics = judgement.to_json()
    metrics["checkpoint"] = finished.folder.read_record()["checkpoint"]
    judged = {line.split(":")[0] for line in metrics["warnings"]}
    seen = what_was_seen(path, metrics["checkpoint"]["step"])
    metrics["warnings"] += [line for line in seen.warnings if line.split(":")[0] not in judged]
    write_atomically(path / "metrics.json", json.dumps(metrics, indent=1).encode())
    write_page(finished, options, model, source, judgement, metrics["warnings"])
    return metrics
