"""Checkpoints: whole or not there, damage found, the newest few kept."""

import builtins
import errno
import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import graftgan.files
from graftgan.errors import UserError
from graftgan.training import checkpoint


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((5, 5), value), "count": torch.tensor(int(value)), "scalar": torch.tensor(value)}


def save(folder: Path, step: int, keep: int = 3) -> Path:
    return checkpoint.save(folder, step, tensors(step), {"step": step, "images": step * 8}, keep)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def unfinished(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.startswith(graftgan.files.UNFINISHED)]


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    where = save(tmp_path / "new", 4)
    found, numbers = checkpoint.read(where)
    assert where.name == "step-00000004" and same(found, tensors(4))
    assert numbers == {"step": 4, "images": 32}
    assert checkpoint.newest(tmp_path / "never") is None


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_newest_few_are_kept(tmp_path: Path, keep: int) -> None:
    for step in (0, 9, 10, 99_999_999, 100_000_000):  # the last has one digit more: by number, not by name
        save(tmp_path, step, keep)
    assert [int(path.name[5:]) for path in checkpoint.steps(tmp_path)] == [0, 9, 10, 99_999_999, 100_000_000][-keep:]
    found = checkpoint.newest(tmp_path)
    assert found is not None and found[2]["step"] == 100_000_000


def test_the_best_so_far_is_kept_however_old_until_another_is_better(tmp_path: Path) -> None:
    for step, best in ((1, 1), (2, 1), (3, 1), (4, 4), (5, 4)):
        checkpoint.save(tmp_path, step, tensors(step), {"step": step}, keep=2, spare=best)
        if step == 3:
            assert [path.name[-1] for path in checkpoint.steps(tmp_path)] == ["1", "2", "3"]
    assert [path.name[-1] for path in checkpoint.steps(tmp_path)] == ["4", "5"]


class Faults:
    """Counts the calls that touch the disk, and lets the chosen one fail once."""

    def __init__(self, patch: pytest.MonkeyPatch, fail_at: int | None, number: int = errno.EIO) -> None:
        self.calls: list[str] = []
        self.fail_at, self.number = fail_at, number
        for name in ("replace", "fsync", "open", "mkdir"):
            patch.setattr(os, name, self.wrap(f"os.{name}", getattr(os, name)))
        patch.setattr(graftgan.files, "open", self.wrap("open", self.opened), raising=False)

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.count(name)
            return call(*arguments, **options)

        return counted

    def count(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) - 1 == self.fail_at:
            raise OSError(self.number, os.strerror(self.number))

    def opened(self, path: Path, mode: str) -> Any:
        file = builtins.open(path, mode)
        faults = self

        class Half:
            """A file whose write may stop half way."""

            def __enter__(self) -> "Half":
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, data: bytes) -> None:
                file.write(data[: len(data) // 2])
                faults.count("write")
                file.write(data[len(data) // 2 :])

            def flush(self) -> None:
                file.flush()

            def fileno(self) -> int:
                return file.fileno()

        return Half()


def calls_of_a_save(folder: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, None)
        save(folder, 1)
    return faults.calls


def test_order_of_a_save_is_durable(tmp_path: Path) -> None:
    one_file = ["open", "write", "os.fsync"]
    folder = ["os.open", "os.fsync"]
    calls = [call for call in calls_of_a_save(tmp_path) if call != "os.mkdir"]
    assert calls == one_file + one_file + folder + ["os.replace"] + folder


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EINTR])
@pytest.mark.parametrize("keep", [1, 3])
def test_any_call_that_fails_leaves_the_older_one_whole(tmp_path: Path, number: int, keep: int) -> None:
    count = len(calls_of_a_save(tmp_path / "measure"))
    assert count > 8
    for fail_at in range(count):
        folder = tmp_path / str(fail_at)
        save(folder, 1, keep)
        with pytest.MonkeyPatch.context() as patch:
            faults = Faults(patch, fail_at, number)
            try:
                save(folder, 2, keep)
                raised = None
            except UserError as error:
                raised = str(error)
        assert len(faults.calls) > fail_at
        if faults.calls[fail_at] == "os.mkdir" and raised is None:
            continue  # the folder was there already
        assert raised is not None and "step-00000002" in raised and os.strerror(number) in raised, faults.calls[fail_at]
        assert "\n" not in raised
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = checkpoint.newest(folder)
        assert found is not None and found[2]["step"] in (1, 2) and same(found[1], tensors(found[2]["step"]))
        assert found[2]["step"] == 1 or fail_at >= count - 2  # after the rename only the folder's list is left
        assert not unfinished(folder)
        save(folder, 3, keep)  # and it goes on


def test_a_full_disk_is_one_line_with_what_is_needed_and_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Faults(monkeypatch, 3, errno.ENOSPC)
    with pytest.raises(UserError, match=r"step-00000001: No space left on device \(0\.0 MB needed, \d+\.\d MB free\)"):
        save(tmp_path / "run", 1)
    assert not unfinished(tmp_path)


def test_a_second_ctrl_c_in_the_middle_leaves_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2)
    assert not unfinished(tmp_path)
    assert [path.name for path in checkpoint.steps(tmp_path)] == ["step-00000001"]


def test_what_a_killed_save_left_is_never_read_and_is_cleared_away(tmp_path: Path) -> None:
    save(tmp_path, 1)
    left = tmp_path / ".writing-4711-step-00000002"
    shutil.copytree(tmp_path / "step-00000001", left)
    found = checkpoint.newest(tmp_path)
    assert found is not None and found[0].name == "step-00000001"
    save(tmp_path, 2)
    assert not left.exists()


def test_a_checkpoint_is_replaced_whole(tmp_path: Path) -> None:
    save(tmp_path, 1)
    checkpoint.save(tmp_path, 1, tensors(9), {"step": 1})
    assert same(checkpoint.read(tmp_path / "step-00000001")[0], tensors(9))
    assert not unfinished(tmp_path)


def truncations(size: int) -> list[int]:
    return sorted({0, 1, 7, 8, 9, size // 3, size // 2, size - 100, size - 1} & set(range(size)))


def test_a_damaged_newest_is_passed_over_with_a_warning_that_names_both(tmp_path: Path) -> None:
    save(tmp_path, 1)
    whole = save(tmp_path, 2)
    for name in (checkpoint.WEIGHTS, checkpoint.NUMBERS):
        good = (whole / name).read_bytes()
        harm: list[bytes | None] = [good[:length] for length in truncations(len(good))] + [None, good + b"x"]
        rng = np.random.default_rng(0)
        for _ in range(60):
            flipped = bytearray(good)
            flipped[rng.integers(len(good))] ^= 1 << int(rng.integers(8))
            harm.append(bytes(flipped))
        for data in harm:
            if data is None:
                (whole / name).unlink()
            else:
                (whole / name).write_bytes(data)
            if name == checkpoint.NUMBERS and data is not None and means_the_same(data, good):
                continue
            with pytest.warns(UserWarning, match="step-00000002.*going on from step-00000001"):
                found = checkpoint.newest(tmp_path)
            assert found is not None and same(found[1], tensors(1)) and found[2] == {"step": 1, "images": 8}
        (whole / name).write_bytes(good)
    found = checkpoint.newest(tmp_path)
    assert found is not None and found[2]["step"] == 2


def means_the_same(data: bytes, good: bytes) -> bool:
    """A bit flipped in JSON's white space changes nothing."""
    try:
        return bool(json.loads(data) == json.loads(good))
    except (ValueError, RecursionError):
        return False


@pytest.mark.parametrize("numbers", [b"[1]", b"null", b'{"step": 2}', b"[" * 100_000, b"\xff\xfe"])
def test_numbers_that_are_none_are_damage(tmp_path: Path, numbers: bytes) -> None:
    where = save(tmp_path, 1)
    (where / checkpoint.NUMBERS).write_bytes(numbers)
    with pytest.raises(UserError, match="step-00000001"):
        checkpoint.read(where)


def test_when_every_one_is_damaged_nothing_is_begun_again_silently(tmp_path: Path) -> None:
    for step in (1, 2):
        (save(tmp_path, step) / checkpoint.WEIGHTS).write_bytes(b"")
    with pytest.raises(UserError, match="every checkpoint in .* is damaged .*step-00000001, step-00000002"):
        checkpoint.newest(tmp_path)


def test_after_going_back_the_new_one_stays_and_the_damaged_one_goes(tmp_path: Path) -> None:
    save(tmp_path, 4, keep=1)
    shutil.copytree(tmp_path / "step-00000004", tmp_path / "step-00000006")
    (tmp_path / "step-00000006" / checkpoint.WEIGHTS).write_bytes(b"cut")
    save(tmp_path, 5, keep=1)
    assert [path.name for path in checkpoint.steps(tmp_path)] == ["step-00000005"]


def test_an_old_one_that_cannot_be_deleted_does_not_stop_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1, keep=1)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "unlink", refused)
    save(tmp_path, 2, keep=1)
    found = checkpoint.newest(tmp_path)
    assert found is not None and found[2]["step"] == 2


def test_other_names_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    save(tmp_path, 1)
    (tmp_path / "step-mine").mkdir()
    (tmp_path / "step-00000009").write_text("a file")
    (tmp_path / "notes.txt").write_text("kept")
    save(tmp_path, 2, keep=1)
    assert [path.name for path in checkpoint.steps(tmp_path)] == ["step-00000002"]
    assert (tmp_path / "step-mine").is_dir() and (tmp_path / "notes.txt").exists()
