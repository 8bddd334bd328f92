"""`graftgan demo`: the main job on the embedded source and ten embedded pictures."""

from dataclasses import dataclass
from importlib.resources import files

from graftgan.recipes import adapt
from graftgan.recipes.result import Result


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Adapts the embedded source to ten embedded drawings, and measures on 200 that it never sees."""

    outdir: str = "runs"
    """The run's folder is made below this one."""
    seed: int = 0
    """Of everything random in the run."""
    devices: str = "auto"
    """auto, cpu, cpu:2, cuda, cuda:4, mps, or a number of devices."""


def run(options: DemoOptions) -> Result:
    """Runs the demo: `adapt` with its own defaults and a budget of its own (docs/benchmarks.md has its time).

    Args:
        options: where to, and the seed.

    Returns:
        What `adapt` returns.
    """
    demo = files("graftgan") / "assets" / "demo"
    return adapt.run(
        adapt.AdaptOptions(
            photos=str(demo / "photos"),
            holdout=str(demo / "holdout.zip"),
            metric_pictures=200,
            outdir=options.outdir,
            seed=options.seed,
            devices=options.devices,
        )
    )
