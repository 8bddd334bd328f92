"""What a person sees in a file or a pipe: now and then a line."""

import pytest

from graftgan.training.progress import ProgressBar


def test_plain_lines_name_the_work_and_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("adapt", 3, every=0.0) as bar:
        for done in range(1, 4):
            bar.update(done, f"step {done}/3")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("adapt 3/3  step 3/3  left 00:00:00")


def test_between_two_lines_is_a_while_but_the_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("count", 100) as bar:
        for done in range(1, 101):
            bar.update(done)
    assert capsys.readouterr().err.splitlines() == ["count 100/100    left 00:00:00"]


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("count", 1, quiet=True) as bar:
        bar.update(1)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBar("adapt", 2) as bar:
        bar.total = 4
        bar.update(4, "step 4/4")
    assert "step 4/4" in capsys.readouterr().err
