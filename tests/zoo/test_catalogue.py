"""The catalogue: every kind of entry in one list, in an order, and damaged ones among them."""

from graftgan.zoo import embedded
from graftgan.zoo.catalogue import catalogue, entry
from graftgan.zoo.embedded import DEFAULT_SOURCE, EMBEDDED
from graftgan.zoo.packages import PACKAGES
from graftgan.zoo.pins import Pin, keep_pin
from graftgan.zoo.registry import put


def test_every_kind_is_listed_in_order(small_model, tmp_path, home):
    put("zebras", small_model(tmp_path / "m"), {"what": "stripes"}, "", b"")
    put("ants", small_model(tmp_path / "m"), {}, "", b"")
    keep_pin(Pin("hf:me/cats", "1" * 40, {"config.json": "a" * 64}))
    found = catalogue()
    assert [one.name for one in found] == [*EMBEDDED, *PACKAGES, "ants", "zebras", "hf:me/cats"]
    kinds = {"embedded": len(EMBEDDED), "package": len(PACKAGES), "added": 2, "hub": 1}
    assert {kind: sum(one.kind == kind for one in found) for kind in kinds} == kinds
    assert found[-2].what == "stripes" and all(one.usable for one in found if one.kind in ("embedded", "added"))


def test_damaged_added_sources_are_listed_as_damaged(home):
    for name, config in {"empty": None, "folder": None, "broken": b"{", "other": b'{"format": 1}'}.items():
        (home / "sources" / name).mkdir(parents=True)
        if config is not None:
            (home / "sources" / name / "config.json").write_bytes(config)
    (home / "sources" / "folder" / "config.json").mkdir()
    (home / "sources" / "Not A Name").mkdir()
    found = {one.name: one.problem for one in catalogue() if one.kind == "added"}
    assert found.keys() == {"broken", "empty", "folder", "other"}
    assert all(problem.startswith("damaged: ") for problem in found.values())


def test_embedded_sources_are_those_that_lie_there(small_model, tmp_path):
    for name, what in (("b-16", "bees"), (DEFAULT_SOURCE, "faces"), ("a-16", "ants")):
        small_model(tmp_path / name, what=what)
    (tmp_path / "demo").mkdir()
    (small_model(tmp_path / "torn") / "config.json").write_text("{")
    expected = [(DEFAULT_SOURCE, "faces"), ("a-16", "ants"), ("b-16", "bees"), ("torn", "")]
    assert list(embedded.listed(tmp_path).items()) == expected


def test_a_folder_is_an_entry_too(small_model, tmp_path, home):
    folder = small_model(tmp_path / "run" / "model", licence="MIT")
    for path in (folder, tmp_path / "run"):
        found = entry(str(path))
        assert (found.kind, found.folder, found.licence, found.name) == ("local", folder, "MIT", str(path))
