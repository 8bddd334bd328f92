"""What `import graftgan` gives: a few functions, at once."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import graftgan
from graftgan.errors import UserError
from graftgan.recipes import adapt
from graftgan.recipes.judgement import Judgement


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, graftgan; print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)), *graftgan.__all__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    verbs = "adapt advise blend compare convert evaluate export load meta replay sources train vary"
    assert run.stdout.split() == ["[]", *verbs.split()]


@pytest.fixture
def trained(tiny: dict[str, Any]) -> Any:
    return graftgan.train(Path(tiny.pop("images")), **{**tiny, "kimg": 0.016})


def test_train_gives_a_model_that_samples(trained: Any, tiny: dict[str, Any]) -> None:
    pictures = trained.sample(range(5), truncation=0.7)
    assert len(pictures) == 5 and pictures[0].size == (16, 16) and pictures[0].mode == "RGB"
    again = graftgan.load(trained.folder).sample([3], truncation=0.7)
    assert max(abs(a - b) for a, b in zip(again[0].tobytes(), pictures[3].tobytes(), strict=True)) <= 1


def test_adapt_gives_model_folder_and_metrics(
    trained: Any, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement(missing=["all"]))
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)
    few = {
        "method": "finetune",
        "kimg": 0.016,
        "batch": 8,
        "outdir": tmp_path / "runs",
        "devices": "cpu",
        "checkpoint": "last",
    }
    run = graftgan.adapt(photos, source=trained.folder, **few)
    assert run.metrics["missing"] == ["all"] and run.metrics["checkpoint"]["kimg"] == 0.016
    assert run.folder == tmp_path / "runs" / "0002-fields-finetune"
    assert len(run.sample(range(64))) == 64
    run.sample(range(1))[0].save(tmp_path / "first.png")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: graftgan.adapt("x", shot=10), "option shot: did you mean shots?"),
        (lambda: graftgan.compare("x", method="freezed"), "option method: did you mean methods?"),
        (lambda: graftgan.train("x", netwrok="dcgan"), "option netwrok: did you mean network?"),
        (lambda: graftgan.train("/nowhere/at/all"), "no folder or zip of pictures at /nowhere/at/all"),
        (lambda: graftgan.train("x", kimg="3"), "an option has a value of another kind"),
        (lambda: graftgan.load("avatar-64"), "no source avatar-64: .*did you mean avatars-64"),
    ],
)
def test_a_mistake_is_one_line(call: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)
