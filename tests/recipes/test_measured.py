"""The table of measured comparisons: read, sieved, and named where it is damaged."""

import json
from pathlib import Path

import pytest

from graftgan.errors import UserError
from graftgan.recipes.measured import Measured, read_measured


def test_the_file_is_read_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert read_measured(tmp_path / "none.json") == Measured()
    path = tmp_path / "measured.json"
    base = {"name": "p", "shots": 10, "distance": 0.1, "kid": {"finetune": [0.2]}}
    rows = [base, {**base, "name": "bare", "kid": {"freezed": [0.1]}}, {**base, "kid": {"finetune": [None]}}]
    path.write_text(json.dumps({"format": 1, "encoder": "e", "protocol": "p", "pairs": rows}))
    found = read_measured(path)
    assert [one.name for one in found.pairs] == ["p"] and found.encoder == "e"
    for damaged in ("{", "[]", '{"format": 2}', '{"format": 1, "pairs": [{"nme": 1}]}'):
        path.write_text(damaged)
        with pytest.raises(UserError, match="measured.json holds no measured comparisons"):
            read_measured(path)
