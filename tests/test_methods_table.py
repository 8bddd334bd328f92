"""docs/methods.md is made from METHODS; a new method reaches help, comparison, page and contract by its one line."""

import dataclasses
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from graftgan.cli.main import main
from graftgan.methods import METHODS, Method
from graftgan.networks import NETWORKS
from graftgan.recipes.contest import entrants

ROOT = Path(__file__).parent.parent
MEASURED = {"factor": 1.234, "low": 1.1, "high": 1.3, "prepare_s": 0.2, "extra_mb": -1.5, "delta_kb": 34.5}


def loaded(path: Path) -> ModuleType:
    """A Python file outside the package, as a module of its own."""
    spec = spec_from_file_location(f"own_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = loaded(ROOT / "tools" / "make_methods_table.py")


@dataclasses.dataclass(frozen=True)
class Brandnew(Method):
    """Does what nobody did before.

    Source: Doe et al. 1999, Something | New (arXiv 1234.56789, section 4.12345). Deviation: none.

    Trains: a little. Frozen: the rest.
    Cost: nothing.
    Prefer it: never.

    Attributes:
        sway: how far.
    """

    sway: float = 0.5
    """How far."""


@pytest.fixture
def brandnew(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(METHODS, "brandnew", Brandnew)
    return "brandnew"


def words(text: str) -> str:
    """The words of a help page, without its boxes and line ends."""
    for line in "│╭╮╰╯─":
        text = text.replace(line, " ")
    return " ".join(text.split())


def test_the_page_is_what_the_tool_makes() -> None:
    costs = json.loads(TABLE.COSTS.read_text()) if TABLE.COSTS.exists() else {}
    assert TABLE.PAGE.read_text() == TABLE.render(METHODS, costs), "run: python tools/make_methods_table.py"


def test_every_method_has_a_full_row() -> None:
    for name, kind in METHODS.items():
        about = TABLE.sections(kind)
        for part in ("", "Source", "Trains", "Frozen", "Prefer it"):
            assert about.get(part), f"{name}: {part or 'first line'}"
        assert len(about["Frozen"]) < 400 and TABLE.paper(about["Source"]), name


def test_one_line_brings_a_method_into_the_help(brandnew: str, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("adapt", "compare"):
        assert main([verb, "--help"]) == 0
        assert f", {brandnew}." in words(capsys.readouterr().out)


def test_one_line_brings_a_method_into_comparisons(brandnew: str) -> None:
    assert brandnew in [entrant.name for entrant in entrants(())]
    assert [entrant.settings for entrant in entrants((f"{brandnew}:sway=1",))] == [(), ("sway=1",)]


def test_one_line_brings_a_method_onto_the_page(brandnew: str) -> None:
    page = TABLE.render(METHODS, {"protocol": {"batch": 3}, "methods": {brandnew: {"avatars-64": MEASURED}}})
    rows = [line for line in page.splitlines() if line.startswith(f"| `{brandnew}` |")]
    assert rows == [
        "| `brandnew` | Does what nobody did before. | Doe et al. 1999, "
        "[1234.56789](https://arxiv.org/abs/1234.56789) |",
        "| `brandnew` | a little. | the rest. |  | never. |",
        "| `brandnew` | avatars-64 | 1.23 (1.10 to 1.30) | 0.2 | -1.5 | 34.5 |",
    ]
    assert "batch 3." in page
    assert "| `brandnew` | | not measured yet |" in TABLE.render(METHODS, {})
    refused = {"methods": {brandnew: {"avatars-64": {"refused": "it cannot"}}}}
    assert "| `brandnew` | avatars-64 | not for this source |" in TABLE.render(METHODS, refused)


def test_one_line_brings_a_method_under_the_contract(brandnew: str) -> None:
    contract = loaded(ROOT / "tests" / "methods" / "test_contract.py")
    assert {network for method, network in contract.PAIRS if method == brandnew} == set(NETWORKS)


def test_the_benchmark_keeps_what_it_did_not_measure(tmp_path: Path) -> None:
    merge_into = loaded(ROOT / "benchmarks" / "methods.py").merge_into
    file = tmp_path / "cost.json"
    merge_into(file, {"avatars-64": {"modulate": MEASURED, "finetune": MEASURED}}, {"batch": 3})
    merge_into(
        file, {"avatars-64": {"modulate": {"refused": "x"}}, "stylegan2-32": {"freezed": MEASURED}}, {"batch": 4}
    )
    found = json.loads(file.read_text())
    assert found["protocol"] == {"batch": 4}
    assert found["methods"] == {
        "finetune": {"avatars-64": MEASURED},
        "freezed": {"stylegan2-32": MEASURED},
        "modulate": {"avatars-64": {"refused": "x"}},
    }
    assert list(found["methods"]) == ["finetune", "freezed", "modulate"]
