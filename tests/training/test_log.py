"""log.jsonl: one line a tick, whole after a kill, cut back on resume; the same numbers as TensorBoard events."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from graftgan.training.log import Log, read_log


def test_every_tick_is_a_line(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(0, {"kimg": 0.0})
    log.write(4, {"kimg": 0.032, "loss_g": 0.5, "note": "text"})
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == [{"step": 0, "kimg": 0.0}, {"step": 4, "kimg": 0.032, "loss_g": 0.5, "note": "text"}]
    assert read_log(tmp_path) == lines


def test_the_events_hold_the_same_numbers(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(3, {"loss_g": 0.5, "note": "no number"})
    log.close()
    (path,) = (tmp_path / "events").iterdir()
    found = [
        (event.step, value.tag, value.simple_value)
        for event in LegacyEventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]
    assert found == [(3, "loss_g", 0.5)]


def test_a_resumed_run_drops_what_it_will_write_again(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for step in (0, 2, 4, 6):
        log.write(step, {})
    log.close()
    log = Log(tmp_path, resume_step=4)
    log.write(6, {"again": True})
    log.close()
    assert read_log(tmp_path) == [{"step": 0}, {"step": 2}, {"step": 4}, {"step": 6, "again": True}]
    Log(tmp_path).close()
    assert read_log(tmp_path) == []


@pytest.mark.parametrize(
    "junk", [b'{"step": 6, "los', b"\xff\xfe\n", b"7\n", b"null\n", b'{"kimg": 1}\n', b"[" * 99_999]
)
def test_a_line_cut_short_or_damaged_is_left_out(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"step": 2}\n{"step": 4}\n' + junk)
    assert read_log(tmp_path) == [{"step": 2}, {"step": 4}]
    log = Log(tmp_path, resume_step=4)
    log.write(6, {})
    log.close()
    assert [line["step"] for line in read_log(tmp_path)] == [2, 4, 6]


def test_no_log_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
