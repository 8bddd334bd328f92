"""tools/embed_source.py: a run becomes a source with card, hash, and numbers against its own hold-out."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import graftgan
from graftgan.zoo.entry import described

TOOL = Path(__file__).parents[2] / "tools" / "embed_source.py"


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("embed_source", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_run_with_shots_becomes_a_source(
    tool: ModuleType, tiny: dict[str, Any], colours: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tiny.pop("images")
    run = graftgan.train(images, **{**tiny, "kimg": 0.016, "ticks": 1, "shots": 8}).folder
    run = run.parent if run.name == "model" else run
    card = tmp_path / "card.md"
    facts = "what: fields\ndata: drawn: by seed\nlicence: CC-BY-4.0\ncredits: nobody\nimages: FIELDS"
    card.write_text(f"{facts}\n---\n## Data\n\nX\n\n    {{command}}\n    {{embed}}\n\n{{hardware}}\n")
    words = [
        str(run),
        "holdout",
        "--name",
        "fields-16",
        "--card",
        str(card),
        "--hardware",
        "A core.",
        "--encoder",
        colours,
    ]
    monkeypatch.setattr(sys, "argv", ["embed_source.py", *words, "--assets", str(tmp_path / "assets")])
    monkeypatch.setattr(tool, "fid", tool.kid)  # FID refuses four pictures
    tool.main()
    found = described(tmp_path / "assets" / "fields-16", "fields-16", "embedded")
    assert found.usable and (found.what, found.data, found.licence) == ("fields", "drawn: by seed", "CC-BY-4.0")
    assert dict(found.metrics)["KID"].endswith("(colours, 4 samples, truncation 1, against 4 held-out pictures)")
    text = (tmp_path / "assets" / "fields-16" / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: graftgan\nlicense: cc-by-4.0\n") and found.digest in text
    assert "    graftgan train FIELDS --network stylegan2 --shots 8 " in text and str(tmp_path) not in text
    assert "    python tools/embed_source.py RUN holdout --name fields-16 --hardware 'A core.'" in text
    assert (tmp_path / "assets" / "fields-16" / "samples.png").is_file()


def test_a_card_that_leaves_something_out_is_refused(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("what: x\ndata: y\n---\ntext")
    with pytest.raises(SystemExit, match="says nothing of credits, licence"):
        tool.read_card(tmp_path / "card.md")
