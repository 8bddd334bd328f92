"""What the choice of the checkpoint costs: the watch's and the last beside the oracle's, over runs with every tick.

Takes finished runs of `graftgan adapt` that had a hold-out and kept a checkpoint of every tick (`--keep 40`), and lets
the watch look at them as it does during a run; a run need not have been watched. The oracle knows the hold-out: it
takes the tick whose average has the lowest KID. Prints a table; KID is of 200 samples (seeds from 1,000,000) against
at most 500 held-out pictures, in the encoder of the run.

    python benchmarks/stopping.py RUN [RUN ...] [--pictures 200] [--held 500]

The source itself, step 0, is no candidate, but its KID is shown.
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.data import PictureSet
from graftgan.features import ENCODERS, Encoder
from graftgan.methods.base import Preparation
from graftgan.metrics import kid
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.options import from_json, method_from
from graftgan.recipes.pair import make_state, starting_pair
from graftgan.recipes.pictures import read_pictures, real_batches
from graftgan.recipes.subject import FIRST_METRIC_SEED, drawn
from graftgan.recipes.watch import Watch, networks_at, ranked
from graftgan.sampling.sample import sample
from graftgan.state import State
from graftgan.surgery.merge import merged
from graftgan.training import checkpoint
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import load_model

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Choice:
    """What each rule takes of one run.

    Attributes:
        run: its folder's name.
        kids: step -> KID against the hold-out.
        error: standard error of the KID of the last step.
        batch: pictures a step.
        chosen: the watch's step.
        warned: whether the watch warned at the last step.
    """

    run: str
    kids: dict[int, float]
    error: float
    batch: int
    chosen: int
    warned: bool

    @property
    def last(self) -> int:
        """The last step."""
        return max(self.kids)

    @property
    def oracle(self) -> int:
        """The tick with the lowest KID; never the source."""
        return min((step for step in self.kids if step), key=lambda step: self.kids[step])

    def loss(self, step: int) -> float:
        """How much more KID a step has than the oracle's."""
        return self.kids[step] - self.kids[self.oracle]

    def row(self) -> str:
        """The table's row."""
        cells = (
            f"{self.kids[step]:.4f} at {step * self.batch / 1000:.1f}" for step in (self.chosen, self.last, self.oracle)
        )
        warned = "yes" if self.warned else ""
        return (
            f"| {self.run} | {self.kids[0]:.4f} | {' | '.join(cells)} | {self.error:.4f} "
            f"| {self.loss(self.chosen):.4f} | {self.loss(self.last):.4f} | {warned} |"
        )


def state_of(options: AdaptOptions, photos: PictureSet, saved: dict[str, Tensor]) -> State:
    """A state of the form that the checkpoints of a run have, whatever its method rewrote.

    Args:
        options: of the run.
        photos: it was trained on.
        saved: tensors of any of its checkpoints, on which the form may depend.
    """
    model, fabric = starting_pair(options, photos.resolution, 0), Fabric(accelerator="cpu", devices=1)
    real_at, rules = real_batches(options, photos, model, fabric), options.rules(photos.resolution)
    preparation = Preparation(real_at, rules, fabric, options.seed, saved, lambda *_: None, lambda most: torch.zeros(1))
    return make_state(model, options, method_from(options.method, options.method_options), CPU, preparation)


def judge(folder: Path, pictures: int, held: int) -> Choice:
    """Lets watch and oracle choose from one run."""
    record = RunFolder.open(folder, hold=False).read_record()
    options = from_json(AdaptOptions, record["options"])
    resolution = load_model(folder / "model").generator.resolution
    photos, holdout = read_pictures(options, record["images"], resolution, chief=False)
    if holdout is None:
        raise SystemExit(f"{folder} had no hold-out")
    eye = ENCODERS[options.encoder](CPU)
    real = see(eye, drawn(holdout.pixels, held))
    watch = Watch(photos.pixels, options.encoder, options.schedule(), CPU)
    paths, seeds = checkpoint.steps(folder / "checkpoints"), range(FIRST_METRIC_SEED, FIRST_METRIC_SEED + pictures)
    state = state_of(options, photos, checkpoint.read(paths[0])[0])
    measures, looks = {}, []
    for path in paths:
        at = networks_at(path, state)
        step, generator = at.step, merged(at.average).eval()
        measures[step] = kid(real, see(eye, sample(generator, seeds)))
        if watch.is_look(step):
            looks.append({"step": step, **watch.look(generator)})
    last = max(measures)
    return Choice(
        folder.name,
        {step: measure.value for step, measure in measures.items()},
        measures[last].error or 0.0,
        options.batch,
        ranked(looks)[0]["step"],
        "watch_warnings" in looks[-1],
    )


def see(eye: Encoder, pictures: np.ndarray) -> np.ndarray:
    """Features of pictures, grey ones as colour."""
    return eye.encode(np.asarray(pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1)))


def main() -> None:
    """Prints a row a run, then the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--pictures", type=int, default=200, help="samples of each step")
    parser.add_argument("--held", type=int, default=500, help="the most held-out pictures")
    options = parser.parse_args()
    print("KID against the hold-out, at kimg:\n")
    print("| run | source | watch | last | oracle | ± | watch - oracle | last - oracle | warned at the end |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    choices = []
    for folder in options.runs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pictures that cannot be read
            choices.append(judge(folder, options.pictures, options.held))
        print(choices[-1].row(), flush=True)
    for name, losses in (
        ("the watch", [choice.loss(choice.chosen) for choice in choices]),
        ("the last", [choice.loss(choice.last) for choice in choices]),
    ):
        mean, most = np.mean(losses), max(losses)
        print(f"\n{name}: {mean:.4f} above the oracle in the mean of {len(losses)} runs, at most {most:.4f}")


if __name__ == "__main__":
    main()
