"""Two processes on one machine: one run, one folder, the same weights in both."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from graftgan.training import checkpoint

SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from graftgan.recipes import training_run
from graftgan.recipes.train import TrainOptions

if __name__ == "__main__":
    options = TrainOptions(**json.loads(sys.argv[1]))
    finished = training_run.train_run(options, options.images, "train")
    digest = hashlib.sha256()
    for owner in (finished.state.generator, finished.state.discriminator, finished.state.average):
        for name, parameter in owner.named_parameters():
            digest.update(parameter.detach().contiguous().numpy().tobytes())
    digest.update(finished.state.augment.p.numpy().tobytes())
    rank = finished.fabric.global_rank
    Path(sys.argv[2], f"rank-{rank}.json").write_text(json.dumps([digest.hexdigest(), str(finished.folder.path)]))
"""


@pytest.mark.slow
def test_two_processes_end_with_the_same_weights_in_one_folder(tiny: dict[str, Any], tmp_path: Path) -> None:
    script = tmp_path / "both.py"
    script.write_text(SCRIPT)
    options = {**tiny, "devices": "cpu:2", "augment": "ada"}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), json.dumps(options), str(tmp_path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    found = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    (folder,) = Path(tiny["outdir"]).iterdir()
    assert found[0] == found[1] and found[0][1] == str(folder)
    newest = checkpoint.newest(folder / "checkpoints")
    assert newest is not None and newest[2] == {"step": 6, "images": 48, "world_size": 2}


@pytest.mark.slow
def test_the_command_line_with_two_processes_speaks_once_and_resumes(tiny: dict[str, Any], words: Any) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def graftgan(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "graftgan", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    first = graftgan(*words({**tiny, "kimg": 0.024, "devices": "cpu:2"}))
    assert first.returncode == 0, first.stderr
    (folder,) = Path(tiny["outdir"]).iterdir()
    assert first.stdout.splitlines() == [f"model: {folder / 'model'}"]
    again = graftgan("train", "--resume", str(folder), "--kimg", "0.048", "--devices", "cpu:2")
    assert again.returncode == 0, again.stderr
    other = graftgan("train", "--resume", str(folder), "--devices", "cpu")
    assert other.returncode == 2 and "was written by 2 devices, not 1" in other.stderr.splitlines()[-1]
    assert "Traceback" not in first.stderr + again.stderr + other.stderr


HARMED = """
import os, sys
from graftgan.cli.main import main
from graftgan.data import Batches

if __name__ == "__main__":
    at = Batches.at

    def spoilt(batches, step):
        images, labels = at(batches, step)
        bad = step == 3 and os.environ.get("LOCAL_RANK") == "1"
        return images * float("nan") if bad else images, labels

    Batches.at = spoilt
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_nan_in_the_second_process_stops_both_with_exit_code_4(
    tiny: dict[str, Any], words: Any, tmp_path: Path
) -> None:
    script = tmp_path / "harmed.py"
    script.write_text(HARMED)
    command = [sys.executable, str(script), *words({**tiny, "devices": "cpu:2"})]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 4, run.stderr
    assert run.stderr.splitlines()[-1] == "graftgan train: step 4: a loss of another process is not finite"
    newest = checkpoint.newest(next(Path(tiny["outdir"]).iterdir()) / "checkpoints")
    assert newest is not None and newest[2]["step"] == 3


@pytest.mark.slow
def test_two_processes_share_an_evaluation_and_find_the_same(photos: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    usual = ["--reference", str(photos), "--encoder", "efficientnet-lite0", "--pictures", "33", "--lpips", "none"]

    def evaluated(devices: str, file: Path) -> dict[str, Any]:
        command = [sys.executable, "-m", "graftgan", "evaluate", "avatars-64", *usual, "--devices", devices]
        run = subprocess.run(
            [*command, "--json", str(file)], env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.count("\nkid ") == 1
        return json.loads(file.read_text())["metrics"]

    one, two = evaluated("cpu", tmp_path / "one.json"), evaluated("cpu:2", tmp_path / "two.json")
    assert one.keys() == two.keys() and "kid" in one
    for name in one:
        assert two[name]["value"] == pytest.approx(one[name]["value"], rel=1e-3, abs=1e-6), name


@pytest.mark.slow
def test_episodes_are_spread_over_two_processes_and_learn_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for at in range(16):
        folder = tmp_path / "tasks" / f"class{at % 4}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(folder / f"{at}.png")
    small = "--resolution 16 --cbase 64 --cmax 8 --z-dim 4 --inner-steps 2 --shots 2 --at-once 2 --held-out-classes 1"
    job = [*small.split(), "--episodes", "6", "--outer-optimiser", "sgd", "--lr", "0.5"]

    def learnt(devices: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "graftgan", "meta", str(tmp_path / "tasks"), *job, "--devices", devices]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        run = subprocess.run(
            [*command, "--outdir", str(tmp_path / devices.replace(":", "-"))],
            env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        (line,) = run.stdout.splitlines()
        return load_file(Path(line.removeprefix("model: ")) / "generator.safetensors")

    alone, both = learnt("cpu"), learnt("cpu:2")
    assert all(torch.allclose(weight, both[name], rtol=1e-4, atol=1e-6) for name, weight in alone.items())
