"""The plan of a comparison: who takes part, disjoint draws, one hold-out for all, refusals in one line."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.recipes import compare
from graftgan.recipes.contest import CompareOptions, Contest, entrants, read_contest
from graftgan.recipes.record import command


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("planned") / "noise"
    folder.mkdir()
    rng = np.random.default_rng(6)
    for index in range(30):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"{index:02d}.png")
    return str(folder)


def planned(pictures: str, **changes: Any) -> Contest:
    return read_contest(CompareOptions(**{"photos": pictures, **changes}), 16, False)


def digests(contest: Contest) -> list[set[str]]:
    """Hashes of the files of each draw."""
    return [set(draw.digests) for draw in contest.draws]


def test_fine_tuning_comes_first_and_everyone_once() -> None:
    assert [one.name for one in entrants(())] == list(dict.fromkeys(["finetune", *METHODS]))
    named = entrants(("freezed:frozen=1,modulate", "finetune", "freezed:frozen=1", "freezed"))
    assert [one.name for one in named] == ["finetune", "freezed:frozen=1", "modulate", "freezed"]
    assert named[1].method == "freezed" and named[1].settings == ("frozen=1",)


def test_every_method_has_the_same_draws_and_seeds(pictures: str) -> None:
    contest = planned(pictures, shots=5, draws=2, seeds=2, methods=("freezed",))
    cells = list(contest.cells())
    assert len({cell.name for cell in cells}) == len(cells) == 8
    assert [cell.name for cell in cells[:3]] == ["finetune-d1-s0", "freezed-d1-s0", "finetune-d1-s1"]
    for method in ("finetune", "freezed"):
        mine = [contest.options_of(cell, "out") for cell in cells if cell.entrant.name == method]
        assert [(one.shots, one.draw, one.seed) for one in mine] == [(5, 1, 0), (5, 1, 1), (5, 2, 0), (5, 2, 1)]


def test_what_no_draw_has_is_held_out(pictures: str) -> None:
    contest = planned(pictures, shots=5, draws=3, adapt=("metric_pictures=10",))
    draws = digests(contest)
    assert len(set.union(*draws)) == 15 and not contest.overlap
    assert len(contest.holdout) == 10 and not set(contest.holdout.digests) & set.union(*draws)
    assert contest.held_from == "the pictures of no draw: 10 of 15, drawn by seed 0"
    again = planned(pictures, shots=5, draws=3, adapt=("metric_pictures=10",))
    assert digests(again) == draws and again.holdout.names == contest.holdout.names


def test_draws_that_must_share_pictures_say_so(pictures: str, tmp_path: Path) -> None:
    contest = planned(pictures, shots=8, draws=4, holdout=other(pictures, tmp_path / "held", 12))
    draws = digests(contest)
    assert contest.overlap and len(set.union(*draws[:3])) == 24 and len({frozenset(draw) for draw in draws}) == 4


def other(pictures: str, folder: Path, strangers: int) -> str:
    """A copy of the pictures, and pictures that are not among them."""
    shutil.copytree(pictures, folder)
    rng = np.random.default_rng(7)
    for index in range(strangers):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(folder / f"new{index}.png")
    return str(folder)


def test_a_given_holdout_loses_every_file_of_every_draw(pictures: str, tmp_path: Path) -> None:
    contest = planned(pictures, shots=5, draws=3, holdout=other(pictures, tmp_path / "held", 2))
    assert len(contest.holdout) == 17 and not set(contest.holdout.digests) & set.union(*digests(contest))


def test_without_shots_all_the_photos_are_the_one_draw(pictures: str, tmp_path: Path) -> None:
    contest = planned(pictures, holdout=other(pictures, tmp_path / "held", 9))
    assert contest.shots is None and len(contest.draws[0]) == 30 and len(contest.holdout) == 9
    (cell, *_) = contest.cells()
    assert contest.options_of(cell, "out").draw is None


def test_several_draws_are_of_ten_pictures_where_nobody_says_otherwise(pictures: str) -> None:
    contest = planned(pictures, draws=2)
    assert [len(draw) for draw in contest.draws] == [10, 10] and len(contest.holdout) == 10


def test_the_command_says_what_is_not_usual() -> None:
    options = CompareOptions(photos="p", methods=("freezed:frozen=1",), draws=3, adapt=("batch=8",))
    assert command("compare", options) == "graftgan compare p --methods freezed:frozen=1 --draws 3 --adapt batch=8"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"photos": None}, "name the folder or zip of pictures to compare methods on"),
        ({"methods": ("freezd",)}, "--methods freezd: did you mean freezed?"),
        ({"methods": "modulate,freezed:frozn=1"}, "--methods freezed:frozn=1: frozn: did you mean frozen?"),
        ({"methods": "freezed:frozen=x"}, "^--methods freezed:frozen=x: frozen is a whole number$"),
        ({"methods": "finetune:frozen=1"}, "^--methods finetune:frozen=1: finetune has no settings$"),
        ({"methods": "modulate:rank=0"}, "^--methods modulate:rank=0: at least 1$"),
        ({"adapt": ("bach=8",)}, "--adapt bach: did you mean batch?"),
        ({"adapt": ("batch=many",)}, "--adapt batch=many: not a value that --batch takes"),
        ({"adapt": ("loss=hing",)}, "--loss hing: did you mean hinge?"),
        ({"adapt": ("kimg=3",)}, "--adapt kimg=3: give it as --kimg"),
        ({"adapt": ("seed=3",)}, "--adapt seed=3: `compare` sets seed itself"),
        ({"draws": 0}, "--draws 0: at least 1"),
        ({"source": "none"}, "--source none: a comparison measures against an unchanged source"),
        ({"shots": None}, "give --holdout FOLDER, or --shots N"),
        ({"shots": 31}, "--shots 31: .* has 30 readable pictures, too few for a draw of 31"),
        ({"shots": 30, "draws": 2}, "--shots 30: .* has 30 readable pictures, too few for 2 different draws of 30"),
        ({"shots": 8, "draws": 3}, "^--draws 3 of --shots 8 leave 6 of 30 pictures of .* to hold out; 8 at least$"),
        ({"shots": None, "draws": 3}, "^--draws 3 of 10 pictures each leave 0 of 30 pictures of .* to hold out; 8"),
        ({"shots": 25}, "^--shots 25 leaves 5 of 30 pictures of .* to hold out; 8 at least$"),
    ],
)
def test_what_is_wrong_is_one_line(pictures: str, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message) as refused:
        compare.run(CompareOptions(**{"photos": pictures, "shots": 5, "outdir": str(tmp_path / "runs"), **change}))
    assert "\n" not in str(refused.value) and not (tmp_path / "runs").exists()
