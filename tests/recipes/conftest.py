"""Runs compared to the bit, and a process that forks runs to be killed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftgan.features import ENCODERS, Encoder
from graftgan.training import checkpoint
from graftgan.training.log import read_log

TIMES = {"images_per_s", "memory_mb"}


class Colours(Encoder):
    """Sees four colours of a picture; stands for an encoder that takes seconds to load."""

    name, dim, size = "colours", 12, 2
    normalisation, weights = "x / 255", "none"

    def _load(self) -> nn.Module:
        return nn.Flatten()

    def _normalise(self, pixels: Tensor) -> Tensor:
        return pixels / 255


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an encoder that loads at once."""
    monkeypatch.setitem(ENCODERS, "colours", Colours)
    return "colours"


def losses(folder: Path) -> list[dict[str, Any]]:
    """The log without what depends on the machine."""
    return [{name: value for name, value in tick.items() if name not in TIMES} for tick in read_log(folder)]


@pytest.fixture
def assert_same_run() -> Callable[..., None]:
    """Compares all that two finished runs leave, to the bit; the log as well, unless it was cut at other steps."""

    def compare(one: Path, other: Path, log: bool = True) -> None:
        found, expected = checkpoint.newest(other / "checkpoints"), checkpoint.newest(one / "checkpoints")
        assert found is not None and expected is not None
        assert found[2] == expected[2]
        assert found[1].keys() == expected[1].keys()
        different = [name for name, tensor in expected[1].items() if not torch.equal(tensor, found[1][name])]
        assert not different, f"{len(different)} of {len(found[1])} tensors, such as {different[:3]}"
        for name in ("generator.safetensors", "discriminator.safetensors"):
            assert (one / "model" / name).read_bytes() == (other / "model" / name).read_bytes(), name
        last = f"samples/{found[2]['step']:08d}.png"
        assert (one / last).read_bytes() == (other / last).read_bytes()
        if log:
            assert losses(one) == losses(other)

    return compare


class Forks:
    """Runs of the command line, each in a process of its own that costs no start of Python."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process, self.folder, self.count = process, folder, 0

    def ask(self, **request: Any) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, words: list[str], slow_disk: float = 0.0) -> int:
        """Starts a run; answers its process id."""
        self.count += 1
        return self.ask(run=words, slow_disk=slow_disk, errors=str(self.errors))

    @property
    def errors(self) -> Path:
        """What the newest run said."""
        return self.folder / f"{self.count}.txt"

    def wait(self, pid: int) -> int:
        """Waits for a run; answers its exit code, or minus the signal that ended it."""
        return self.ask(wait=pid)

    def run(self, words: list[str]) -> int:
        """Runs to the end."""
        return self.wait(self.start(words))


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts the process that forks."""
    script = Path(__file__).with_name("forks.py")
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Forks(process, tmp_path_factory.mktemp("said"))
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def words() -> Callable[[dict[str, Any]], list[str]]:
    """Keywords of `train` as the words of a command line."""

    def as_words(keywords: dict[str, Any]) -> list[str]:
        given = {**keywords}
        found = ["train", given.pop("images")]
        for name, value in given.items():
            found += [f"--{name.replace('_', '-')}", str(value)]
        return found

    return as_words
