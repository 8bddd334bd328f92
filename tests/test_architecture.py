"""The tree is the architecture: imports go down only, and no file outgrows one concept."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "graftgan"
FLOORS: list[set[str]] = [
    {"errors"},
    {"choices", "files", "randomness", "devices", "inert"},
    {"networks", "losses", "augment", "data"},
    {"state"},
    {"surgery", "features", "zoo"},
    {"methods", "metrics", "sampling", "formats", "report"},
    {"training", "metalearning"},
    {"recipes"},
    {"cli"},
]
FACES = {"__init__", "__main__"}
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"
        if isinstance(node, ast.ImportFrom) and node.module == "graftgan":
            names = [f"graftgan.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("graftgan.")}
    return rooms


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    if room in FACES:
        return
    for other in imported_rooms(path) - {room}:
        assert floor_of(other) < floor_of(room), f"{room} (floor {floor_of(room)}) imports {other}"


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} - FACES <= set().union(*FLOORS)


def test_methods_metrics_and_networks_never_import_their_siblings() -> None:
    for room, shared in {
        "methods": {"base", "descent", "elbo", "inner_loop", "relaxed_realism", "rules", "step"},
        "metrics": {"measure", "metric", "gaussian", "nearest", "neighbours", "shuffled"},
        "networks": {"base", "layers", "resample", "mapping", "strided", "stylegan3_layers", "stylegan3_plan"},
    }.items():
        for path in (PACKAGE / room).glob("*.py"):
            if path.stem == "__init__":
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"graftgan.{room}."):
                    assert (node.module or "").split(".")[2] in shared, f"{path.name} imports its sibling {node.module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_one_concept(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_functions_fit_on_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or (body[-1].end_lineno or 0) - body[0].lineno < 80, f"{node.name} is too long"


def test_no_call_runs_foreign_code() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "dill", "cloudpickle"}, path
            if isinstance(node, ast.Call):
                by_name, by_attribute = getattr(node.func, "id", ""), getattr(node.func, "attr", "")
                assert by_name not in {"eval", "exec", "compile"}, f"{path}: {by_name}"
                assert by_attribute not in {"system", "popen", "Unpickler"}, f"{path}: {by_attribute}"
                for keyword in node.keywords:
                    value = getattr(keyword.value, "value", None)
                    assert not (keyword.arg == "shell" and value), path
                    assert not (keyword.arg == "weights_only" and value is False), path
                    assert not (keyword.arg == "allow_pickle" and value), path
