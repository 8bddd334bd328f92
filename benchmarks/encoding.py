"""How fast the encoders turn 64-px pictures into features, against the plain forward pass of the same network.

Three forms take turns, round by round, so that a neighbour's load falls on all of them:
"plain" is the network in eager mode, NCHW, under no_grad, on a batch that is already resized and normalised;
"network" is the same as we run it (channels-last, inference mode), on the same batch;
"encode" is everything: bytes in, resized, normalised, features out as an array.
That all three give the same features is checked before anything is timed.

    python benchmarks/encoding.py [--encoder inception efficientnet-lite0] [--batch 16] [--threads 1] [--rounds 9]

With `--clock cpu` it counts the process's own CPU seconds instead of the wall's, for a machine that is busy otherwise.

Asked: encode / plain at least 1.0 (pictures a second), and encode takes at most 15 % longer than network.
"""

import argparse
import copy
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from graftgan.features import ENCODERS, Encoder

SIDE = 64


def plain_forward(encoder: Encoder, prepared: Tensor) -> Callable[[], Tensor]:
    """The network as one would write it down: NCHW throughout."""
    network: nn.Module = copy.deepcopy(encoder.network).to(memory_format=torch.contiguous_format)
    for parameter in network.parameters():
        parameter.data = parameter.data.contiguous(memory_format=torch.contiguous_format).clone()
    batch = prepared.contiguous(memory_format=torch.contiguous_format).clone()

    def run() -> Tensor:
        with torch.no_grad():
            return network(batch)

    return run


def forms(name: str, batch: int) -> dict[str, Callable[[], object]]:
    """The three forms of one encoder; checked to agree."""
    encoder = ENCODERS[name]()
    pixels = np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE, 3), dtype=np.uint8)
    with torch.inference_mode():
        prepared = encoder.prepare(torch.from_numpy(pixels).permute(0, 3, 1, 2).float().contiguous())
    plain = plain_forward(encoder, prepared)

    def network() -> Tensor:
        with torch.inference_mode():
            return encoder.network(prepared)

    def encode() -> np.ndarray:
        return encoder.encode(pixels, batch)

    expected = plain().numpy()
    for found in (network().numpy(), encode()):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    return {"plain": plain, "network": network, "encode": encode}


def measure(name: str, batch: int, rounds: int, least_s: float, clock: Callable[[], float]) -> str:
    """One row of the table: pictures a second of each form, and the two ratios with their spread over rounds."""
    runs = forms(name, batch)
    repeats = {}
    for form, run in runs.items():
        run()
        start = clock()
        run()
        repeats[form] = max(1, round(least_s / (clock() - start)))
    seconds: dict[str, list[float]] = {form: [] for form in runs}
    for at in range(rounds):
        # Every second round backwards: no form always follows the same one.
        for form in list(runs)[:: 1 if at % 2 == 0 else -1]:
            start = clock()
            for _ in range(repeats[form]):
                runs[form]()
            seconds[form].append((clock() - start) / repeats[form])
    speeds = " | ".join(f"{batch / statistics.median(seconds[form]):.1f}" for form in runs)
    gain = spread([plain / whole for plain, whole in zip(seconds["plain"], seconds["encode"], strict=True)])
    extra = [100 * (whole / bare - 1) for bare, whole in zip(seconds["network"], seconds["encode"], strict=True)]
    return f"| {name} | {batch} | {torch.get_num_threads()} | {speeds} | {gain} | {spread(extra, 1)} |"


def spread(values: list[float], places: int = 2) -> str:
    """Median, and lowest to highest."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{places}f} ({low:.{places}f} to {high:.{places}f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", nargs="+", choices=list(ENCODERS), default=list(ENCODERS))
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--least-s", type=float, default=2.0, help="how long each form runs in a round, at least")
    options = parser.parse_args()
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    torch.set_num_threads(options.threads)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "-"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load average {load}"
    print(f"torch {torch.__version__}, {machine}, {options.clock} clock")
    print("| encoder | batch | threads | plain /s | network /s | encode /s | encode / plain | preprocessing % |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.encoder:
        print(measure(name, options.batch, options.rounds, options.least_s, clock), flush=True)


if __name__ == "__main__":
    main()
