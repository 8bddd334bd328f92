"""A run's folder: its number and name, its lock, its record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graftgan.errors import UserError
from graftgan.training.run_folder import RunFolder


def test_folders_are_numbered_above_the_highest(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "runs"
    names = []
    for _ in range(2):
        folder = RunFolder.create(out, "Emoji faces, finetune!")
        names.append(folder.path.name)
        folder.close()
    (out / "0041-by-hand").mkdir()
    (out / "notes").mkdir()
    (out / "0099-a-file").write_text("")
    folder = RunFolder.create(out, "../../x")
    names.append(folder.path.name)
    folder.close()
    assert names == ["0001-emoji-faces-finetune", "0002-emoji-faces-finetune", "0100-x"]
    assert folder.path.parent == out


def test_a_name_that_another_run_takes_at_the_same_moment_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir, taken = Path.mkdir, []

    def raced(path: Path, *arguments: object, **options: object) -> None:
        if path.name == "0001-x" and not taken:
            taken.append(path)
            mkdir(path)
        mkdir(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", raced)
    folder = RunFolder.create(tmp_path / "runs", "x")
    assert folder.path.name == "0002-x"
    folder.close()


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first = RunFolder(tmp_path)
    with pytest.raises(UserError, match=f"{tmp_path} is in use by another run"):
        RunFolder(tmp_path)
    RunFolder(tmp_path, hold=False).close()
    first.close()
    RunFolder(tmp_path).close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    code = (
        "import fcntl, sys\n"
        "try: fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(7)"
    )
    second = [sys.executable, "-c", code, str(tmp_path / ".lock")]
    assert subprocess.run(second, check=False).returncode == 7
    folder.close()
    assert subprocess.run(second, check=False).returncode == 0


def test_the_record_is_written_and_read(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "x")
    folder.write_record({"options": {"seed": 3}})
    folder.close()
    again = RunFolder.open(folder.path)
    assert again.read_record() == {"options": {"seed": 3}}
    again.close()


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"{}", b'{"options": 3}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_one_line(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "run.json").write_bytes(record)
    folder = RunFolder.open(tmp_path)
    with pytest.raises(UserError, match="run.json"):
        folder.read_record()
    folder.close()


def test_another_folder_is_no_run(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="--resume .*: not the folder of a run"):
            RunFolder.open(path)


def test_an_outdir_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps(1))
    with pytest.raises(UserError, match="--outdir .*file"):
        RunFolder.create(tmp_path / "file", "x")
