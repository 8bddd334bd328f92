"""kill -9 at any moment costs steps, never weights; Ctrl-C and SIGTERM end with a checkpoint and exit code 3."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftgan.training import checkpoint

LIMIT = 60.0


def only_run(outdir: Path) -> Path:
    (folder,) = outdir.iterdir()
    return folder


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not reached():
        assert time.monotonic() < end, "the run did not come that far"
        time.sleep(0.002)


@pytest.fixture
def ten_steps(tiny: dict[str, Any]) -> dict[str, Any]:
    return {**tiny, "kimg": 0.08, "ticks": 5, "keep": 2, "augment": "ada"}


def test_killed_at_random_moments_it_ends_with_the_same_weights(
    ten_steps: dict[str, Any],
    tmp_path: Path,
    forks: Any,
    words: Callable[[dict[str, Any]], list[str]],
    assert_same_run: Callable[..., None],
) -> None:
    assert forks.wait(forks.start(words({**ten_steps, "outdir": tmp_path / "through"}), slow_disk=0.01)) == 0
    through = only_run(tmp_path / "through")

    draws = random.Random(0)
    reached = []
    for moment, step in enumerate((0, 2, 4, 8)):
        outdir = tmp_path / str(moment)
        pid = forks.start(words({**ten_steps, "outdir": outdir}), slow_disk=0.01)
        until(lambda outdir=outdir, step=step: bool(list(outdir.glob(f"*/checkpoints/step-{step:08d}"))))
        time.sleep(draws.uniform(0.0, 0.05))
        os.kill(pid, signal.SIGKILL)
        assert forks.wait(pid) in (-signal.SIGKILL, 0)
        folder = only_run(outdir)
        whole = checkpoint.newest(folder / "checkpoints")
        reached.append(-1 if whole is None else whole[2]["step"])
        assert forks.run(["train", "--resume", str(folder)]) == 0, forks.errors.read_text()
        assert "warning:" not in forks.errors.read_text()
        assert_same_run(through, folder)
        assert not [path for path in folder.rglob(".writing-*") if path.is_dir()]
    assert len(set(reached)) > 1, reached


def test_killed_before_the_first_checkpoint_it_begins_again(
    ten_steps: dict[str, Any],
    tmp_path: Path,
    forks: Any,
    words: Callable[[dict[str, Any]], list[str]],
    assert_same_run: Callable[..., None],
) -> None:
    assert forks.run(words({**ten_steps, "outdir": tmp_path / "through"})) == 0
    pid = forks.start(words({**ten_steps, "outdir": tmp_path / "killed"}), slow_disk=0.5)
    until(lambda: bool(list((tmp_path / "killed").glob("*/checkpoints/.writing-*"))))
    os.kill(pid, signal.SIGKILL)
    assert forks.wait(pid) == -signal.SIGKILL
    folder = only_run(tmp_path / "killed")
    assert checkpoint.newest(folder / "checkpoints") is None
    assert forks.run(["train", "--resume", str(folder)]) == 0, forks.errors.read_text()
    assert_same_run(only_run(tmp_path / "through"), folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_with_a_checkpoint_and_exit_code_3(
    number: signal.Signals,
    tiny: dict[str, Any],
    tmp_path: Path,
    forks: Any,
    words: Callable[[dict[str, Any]], list[str]],
    assert_same_run: Callable[..., None],
) -> None:
    long = {**tiny, "network": "dcgan", "kimg": 0.8, "ticks": 4, "keep": 2}  # 100 steps, a checkpoint every 25
    assert forks.run(words({**long, "outdir": tmp_path / "through"})) == 0
    pid = forks.start(words({**long, "outdir": tmp_path / "stopped"}))
    until(lambda: bool(list((tmp_path / "stopped").glob("*/checkpoints/step-00000025"))))
    os.kill(pid, number)
    assert forks.wait(pid) == 3
    folder = only_run(tmp_path / "stopped")
    said = forks.errors.read_text().splitlines()[-1]
    newest = checkpoint.newest(folder / "checkpoints")
    assert newest is not None and 25 <= newest[2]["step"] < 100
    assert said == (
        f"graftgan train: stopped after step {newest[2]['step']} of 100; go on with: graftgan train --resume {folder}"
    )
    assert not (folder / "model").exists()
    assert forks.run(said.split(": ")[-1].split()[1:]) == 0, forks.errors.read_text()
    assert_same_run(only_run(tmp_path / "through"), folder, log=False)


def test_a_second_signal_ends_it_at_once_and_the_older_checkpoint_is_whole(
    tiny: dict[str, Any], tmp_path: Path, forks: Any, words: Callable[[dict[str, Any]], list[str]]
) -> None:
    pid = forks.start(words({**tiny, "kimg": 80, "ticks": 10_000, "keep": 2}), slow_disk=0.5)
    checkpoints = Path(tiny["outdir"]) / "0001-fields-train" / "checkpoints"
    until(lambda: len(list(checkpoints.glob(".writing-*"))) == 1 and len(checkpoint.steps(checkpoints)) == 1)
    os.kill(pid, signal.SIGINT)
    time.sleep(0.1)  # two signals of one kind that wait together are one
    os.kill(pid, signal.SIGINT)
    assert forks.wait(pid) == 130
    assert forks.errors.read_text().splitlines()[-1] == "graftgan train: interrupted"
    newest = checkpoint.newest(checkpoints)
    assert newest is not None and newest[2]["step"] == 0  # the save under way, two seconds long, was given up
    assert not list(checkpoints.glob(".writing-*"))


def test_stopped_while_a_method_prepares_it_says_that_there_is_no_checkpoint(
    tiny: dict[str, Any],
    drawn_source: Callable[..., str],
    forks: Any,
    words: Callable[[dict[str, Any]], list[str]],
) -> None:
    source = drawn_source("stylegan2")
    probing = [*words({**tiny, "method": "modulate", "source": source}), "--method-options", "probe_steps=60000"]
    pid = forks.start(probing)
    until(lambda: bool(list(Path(tiny["outdir"]).glob("*/run.json"))))
    time.sleep(0.3)
    os.kill(pid, signal.SIGTERM)
    assert forks.wait(pid) == 3
    assert "stopped while preparing" in forks.errors.read_text()
    assert "no checkpoint yet, --resume begins again" in forks.errors.read_text()


def test_two_runs_in_one_folder_are_refused(
    tiny: dict[str, Any], forks: Any, words: Callable[[dict[str, Any]], list[str]]
) -> None:
    pid = forks.start(words({**tiny, "kimg": 80}))
    folder = Path(tiny["outdir"]) / "0001-fields-train"
    until(lambda: bool(checkpoint.steps(folder / "checkpoints")))
    assert forks.run(["train", "--resume", str(folder)]) == 2
    assert forks.errors.read_text().splitlines()[-1] == f"graftgan train: {folder} is in use by another run"
    os.kill(pid, signal.SIGKILL)
    assert forks.wait(pid) == -signal.SIGKILL
