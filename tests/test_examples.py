"""The examples run, on the methods of the house, and their own numbers are right."""

import importlib
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from graftgan.methods import METHODS, Method
from graftgan.randomness import generator_at

EXAMPLES = Path(__file__).parent.parent / "examples"
QUICK = {"modulate": {"probe_steps": 1, "fisher_steps": 1}, "ewc": {"pictures": 2}}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """examples/toy_2d.py, judged on fewer points, and with methods that prepare quickly."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    module = importlib.import_module("toy_2d")
    monkeypatch.setattr(module, "JUDGED", 200)
    for name, settings in QUICK.items():
        monkeypatch.setitem(module.OPTIONS, name, settings)
    return module


def test_toy_2d_runs_every_family_by_the_methods_of_the_house(toy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[type[Method]] = []

    def step(state, method, *rest):  # type: ignore[no-untyped-def]
        seen.append(type(method))
        return real(state, method, *rest)

    real = toy.take_step
    monkeypatch.setattr(toy, "take_step", step)
    lines: list[str] = []
    before = torch.get_rng_state()
    outcome = toy.run(0, list(toy.FAMILIES), source_steps=3, steps=2, told=lines.append)
    assert torch.equal(torch.get_rng_state(), before)
    assert seen == [Method] * 3 + [METHODS[name] for name in toy.FAMILIES for _ in range(2)]
    assert len(lines) == 1 + len(toy.FAMILIES)
    panels = toy.panels(outcome, list(toy.FAMILIES))
    assert [panel.title for panel in panels] == ["source", "target", *toy.FAMILIES]
    for panel in panels:
        score = outcome.scores[panel.title]
        assert math.isfinite(score.distance) and 0 <= score.stray <= 1 and 0 <= score.modes <= score.of == 6
        assert panel.numbers == toy.words(score) and np.isfinite(panel.points).all()
    assert all(not torch.equal(outcome.samples[name], outcome.samples["source"]) for name in toy.FAMILIES)


def test_toy_2d_shows_at_least_one_method_of_every_family(toy: ModuleType) -> None:
    tints = importlib.import_module("toy_2d_picture").TINTS
    assert {family.partition(":")[0] for family in toy.FAMILIES.values()} == set(tints)


def test_a_method_that_keeps_the_source_starts_from_its_points(toy: ModuleType) -> None:
    pair = toy.PointGenerator(), toy.PointDiscriminator()
    for at, network in enumerate(pair):
        network.init_weights(generator_at(1, at))
    few = torch.linspace(-0.5, 0.5, 20).view(10, 2)
    for name in toy.FAMILIES:
        kept = torch.equal(
            toy.sampled(toy.train(METHODS[name](**toy.OPTIONS.get(name, {})), pair, few, 0, 0).average, 0),
            toy.sampled(pair[0], 0),
        )
        assert kept == METHODS[name].keeps_source, name


def test_points_are_judged_as_derived_by_hand(toy: ModuleType) -> None:
    target = toy.Mixture(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), deviation=0.1)
    # 0.29 is within three deviations of the first mode, 0.31 of none; the second mode gets nothing
    samples = torch.tensor([[0.0, 0.0], [0.29, 0.0], [0.31, 0.0], [0.0, 3.0]])
    score = toy.judge(samples, target, target.centres)
    assert (score.modes, score.of, score.stray) == (1, 2, 0.5)
    # E|x-y| = 1/2 (0, 1, 1, 0); E|x-x'| = E|y-y'| = 1
    assert toy.judge(target.centres, target, target.centres).distance == pytest.approx(2 * 0.5 - 1 - 1)
    assert toy.judge(target.centres, target, target.centres + torch.tensor([100.0, 0.0])).distance == pytest.approx(198)
    # pairs are 1, 1 and 2 apart; before they were 3, 1 and 2: correlation of (1, 2, 1) with (3, 2, 1)
    line, before = (torch.tensor([[at, 0.0] for at in places]) for places in ((0.0, 1.0, 2.0), (0.0, 3.0, 2.0)))
    assert toy.judge(line, target, line, before).kept == pytest.approx(0.0, abs=1e-6)
    assert toy.judge(line, target, line, 5 - 2 * line).kept == pytest.approx(1.0)
    assert toy.judge(torch.zeros(3, 2), target, line, before).kept == 0.0
    assert score.kept is None


def test_the_few_points_leave_one_mode_of_the_target_unseen(toy: ModuleType) -> None:
    _, target = toy.ring_and_relative()
    outcome = toy.run(3, [], source_steps=1)
    nearest = torch.cdist(outcome.few, target.centres).argmin(1)
    assert nearest.bincount(minlength=6).tolist() == [0, 2, 2, 2, 2, 2]
    assert outcome.scores["copies"].modes <= 5 < outcome.scores["target"].modes


def test_toy_2d_draws_a_sheet(toy: ModuleType, tmp_path: Path) -> None:
    budget = ["--source-steps", "1", "--steps", "1"]
    toy.main(["--out", str(tmp_path / "sheet.png"), *budget, "--methods", "finetune", "bsa"])
    sheet = Image.open(tmp_path / "sheet.png").convert("RGB")
    picture = importlib.import_module("toy_2d_picture")
    pitch = picture.SIDE + picture.GAP
    columns = [sheet.crop((picture.MARGIN + at * pitch, 0, picture.MARGIN + (at + 1) * pitch, 450)) for at in (1, 2, 3)]
    # the target's has no dots and no family; the others name theirs in its own colour
    target, finetune, bsa = ({pixel: n for n, pixel in column.getcolors(1 << 17) or []} for column in columns)
    assert not set(target) & set(picture.TINTS.values())
    assert finetune[picture.TINTS["parameters"]] > 20 and bsa[picture.TINTS["features"]] > 20
    assert sheet.width == 2 * picture.MARGIN + picture.COLUMNS * (picture.SIDE + picture.GAP) - picture.GAP


def test_a_point_is_put_where_it_belongs(toy: ModuleType) -> None:
    picture = importlib.import_module("toy_2d_picture")
    middle = picture.SIDE * picture.FINE / 2
    assert picture.placed(np.zeros(2)) == pytest.approx((middle, middle))
    assert picture.placed(np.array([picture.REACH, picture.REACH])) == pytest.approx((2 * middle, 0))
