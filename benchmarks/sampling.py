"""How fast pictures are drawn on a CPU, by four routes: eager PyTorch, ours, compiled, ONNX Runtime.

`eager` is the generator as it is built, contiguous, under no_grad; `ours` what `graftgan sample` does (weights laid out
channels-last, inference mode); `compile` and `onnx` what `--engine` of that name does. All draw from the same latents,
and are compared before anything is timed. Routes take turns call by call, so that a neighbour's load falls on all.
Prints a table of pictures a second with the ratio to eager: the median of the rounds, the lowest and the highest.

    python benchmarks/sampling.py [--threads 1 2] [--batch 1 32] [--rounds 7] [--no-compile]

Asked: ONNX Runtime at batch 1 at least as fast as eager, on two threads. StyleGAN2's weights are drawn by seed.
"""

import argparse
import copy
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import torch
from torch import Tensor

from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes.engines import ENGINES
from graftgan.sampling.sample import Draw, latents
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source

STYLES = {"z_dim": 128, "w_dim": 128, "mapping_layers": 2, "channel_max": 128}
NAMES = {"eager": "eager", "torch": "ours", "compile": "compiled", "onnx": "ONNX Runtime"}
TOLERANCE = 1e-4
ENOUGH_S = 0.2


def stylegan2(resolution: int, channel_base: int) -> Model:
    """A StyleGAN2 whose weights are drawn; a digest of its own makes the cache keep its ONNX file."""
    generator = NETWORKS["stylegan2"].generator(resolution=resolution, channel_base=channel_base, **STYLES)
    generator.init_weights(generator_at(0, 0))
    return Model("stylegan2", generator.eval(), None, {}, f"benchmark {resolution}")


SUBJECTS: dict[str, Callable[[], Model]] = {
    "DCGAN 64 px (avatars-64)": lambda: load_model(find_source("avatars-64")),
    "StyleGAN2 64 px (2048, 128)": lambda: stylegan2(64, 2048),
    "StyleGAN2 256 px (4096, 128)": lambda: stylegan2(256, 4096),
}


def as_eager(model: Model) -> Draw:
    """The generator as it is."""
    generator = copy.deepcopy(model.generator)

    def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
        return generator(z, c, truncation=truncation, noise="const")

    return draw


def called(draw: Draw, name: str, z: Tensor) -> Tensor:
    """Draws once, in the mode of the route."""
    with torch.no_grad() if name == "eager" else torch.inference_mode():
        return draw(z, None, 1.0)


def made_ready(model: Model, names: list[str], z: Tensor) -> tuple[dict[str, Draw], dict[str, float]]:
    """Returns the routes, checked against eager's pictures, and the seconds that each took to its first pictures.

    The compiled route is made anew for each batch, since it compiles for one size.
    """
    routes, seconds, wanted = {}, {}, None
    for name in names:
        start = time.perf_counter()
        routes[name] = as_eager(model) if name == "eager" else ENGINES[name](model)
        found = called(routes[name], name, z)
        seconds[name] = time.perf_counter() - start
        wanted = found if wanted is None else wanted
        apart = float((found - wanted).abs().max())
        if not apart <= TOLERANCE:
            raise SystemExit(f"{name}: pictures are {apart:.0e} from eager's: above {TOLERANCE}")
        print(f"  {NAMES[name]}: ready after {seconds[name]:.1f} s", file=sys.stderr, flush=True)
    return routes, seconds


def paces(routes: dict[str, Draw], z: Tensor, rounds: int) -> dict[str, list[float]]:
    """Pictures a second of each route in each round; a round is as many calls as eager makes in a fifth of a second."""
    start = time.perf_counter()
    called(routes["eager"], "eager", z)
    calls = max(1, round(ENOUGH_S / (time.perf_counter() - start)))
    found: dict[str, list[float]] = {name: [] for name in routes}
    order = list(routes)
    for number in range(rounds):
        spent = dict.fromkeys(order, 0.0)
        for call in range(calls):
            for turn in range(len(order)):
                name = order[(number + call + turn) % len(order)]
                start = time.perf_counter()
                called(routes[name], name, z)
                spent[name] += time.perf_counter() - start
        for name in order:
            found[name].append(calls * len(z) / spent[name])
    return found


def ratio(route: list[float], eager: list[float]) -> str:
    """How many times as fast as eager: the median of the rounds, the lowest and the highest."""
    each = [one / other for one, other in zip(route, eager, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def main() -> None:
    """Reads the options, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of torch and ONNX Runtime")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32], help="pictures a call")
    parser.add_argument("--rounds", type=int, default=7, help="ratios to take the median of")
    parser.add_argument("--networks", nargs="+", default=list(SUBJECTS), help="parts of their names: 64, say")
    parser.add_argument("--no-compile", action="store_true", help="leave the compiled route out: it takes minutes")
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if max(asked.threads) > cores:
        parser.error(f"--threads {max(asked.threads)}: there are {cores} cores here")
    names = [name for name in NAMES if name != "compile" or not asked.no_compile]
    load = f"load average {os.getloadavg()[0]:.2f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"torch {torch.__version__}, {platform.machine()}, {cores} cores, {load}, float32\n")
    print("| network | batch | threads | route | pictures/s | x eager (lowest to highest round) | ready after, s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GRAFTGAN_CACHE"] = cache  # so that an export is timed, not found
        for subject, build in SUBJECTS.items():
            if not any(part in subject for part in asked.networks):
                continue
            for threads in asked.threads:
                torch.set_num_threads(threads)
                for batch in asked.batch:
                    print(f"{subject}, batch {batch}, {threads} threads", file=sys.stderr, flush=True)
                    torch.compiler.reset()
                    model = build()
                    z = latents(range(batch), model.generator.z_dim)
                    routes, seconds = made_ready(model, names, z)
                    found = paces(routes, z, asked.rounds)
                    for name in names:
                        times = ratio(found[name], found["eager"]) if name != "eager" else "1"
                        pace = statistics.median(found[name])
                        row = f"{pace:.1f} | {times} | {seconds[name]:.1f}"
                        print(f"| {subject} | {batch} | {threads} | {NAMES[name]} | {row} |", flush=True)
    print("\n(ready after: to the first pictures; an ONNX file is exported once for a model, then found in the cache)")


if __name__ == "__main__":
    main()
