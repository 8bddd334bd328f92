"""An origin says all or is refused."""

import dataclasses
import json
from typing import Any

import pytest

from graftgan.sampling.origin import Origin, from_json

PICTURE: dict[str, Any] = {"format": 1, "kind": "picture", "seeds": [3], "truncation": 0.7, "model": "ab" * 32}
FILM = PICTURE | {"kind": "interpolation", "seeds": [3, 4], "frames": 30, "fps": 30}
MIXING = PICTURE | {"kind": "mixing", "seeds": [3, 4], "columns": [9], "layers": [2, 3]}


def test_what_is_written_is_read() -> None:
    full = Origin(
        kind="mixing-film",
        seeds=(0, 2**63 - 1),
        truncation=0.5,
        model="0f" * 32,
        name="0003-ink \u00e9",
        classes=(0, 1),
        columns=(4, 5),
        layers=(0, 2),
        frames=7,
        fps=12,
        loop=True,
        scale=4,
        lossless=False,
        batch=16,
        engine="onnx",
        version="0.1.0",
    )
    changed = dataclasses.asdict(full)
    defaults = {field.name: field.default for field in dataclasses.fields(Origin)}
    assert all(changed[name] != default for name, default in defaults.items()), "a field is not tried"
    text = full.to_json()
    assert text.isascii() and "\n" not in text
    assert from_json(text) == full


@pytest.mark.parametrize("known", [PICTURE, FILM, MIXING, PICTURE | {"truncation": 1}])
def test_the_rest_has_defaults(known: dict[str, Any]) -> None:
    origin = from_json(json.dumps(known))
    assert origin.kind == known["kind"] and origin.engine == "torch" and isinstance(origin.truncation, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "a later graftgan made it .format 2; this one reads 1"),
        ({"format": 10**30}, "names no format"),
        ({"format": True}, "names no format"),
        ({"format": 1.0}, "names no format"),
        ({"format": None}, "names no format"),
        ({"script": "x"}, "a field 'script' that is none"),
        ({"kind": "photo"}, "a wrong kind"),
        ({"kind": ["picture"]}, "a wrong kind"),
        ({"seeds": []}, "a wrong seeds"),
        ({"seeds": [-1]}, "a wrong seeds"),
        ({"seeds": [10**30]}, "a wrong seeds"),
        ({"seeds": [True]}, "a wrong seeds"),
        ({"seeds": [1.0]}, "a wrong seeds"),
        ({"seeds": "3"}, "a wrong seeds"),
        ({"seeds": list(range(1025))}, "a wrong seeds"),
        ({"seeds": [1, 2]}, "a picture of several seeds"),
        ({"truncation": float("nan")}, "a wrong truncation"),
        ({"truncation": float("inf")}, "a wrong truncation"),
        ({"truncation": 10**400}, "a wrong truncation"),
        ({"truncation": "1"}, "a wrong truncation"),
        ({"truncation": True}, "a wrong truncation"),
        ({"model": "zz" * 32}, "a wrong model"),
        ({"model": "ab" * 31}, "a wrong model"),
        ({"model": "ab" * 32 + "\n"}, "a wrong model"),
        ({"model": None}, "a wrong model"),
        ({"name": "\x1b[31m"}, "a wrong name"),
        ({"name": "a" * 101}, "a wrong name"),
        ({"name": "../up"}, "a wrong name"),
        ({"classes": [0, 1]}, "not as many classes as seeds"),
        ({"columns": [1]}, "has columns or layers"),
        ({"layers": [1]}, "has columns or layers"),
        ({"frames": 3}, "has frames"),
        ({"batch": 0}, "a wrong batch"),
        ({"batch": 10**9}, "a wrong batch"),
        ({"scale": 65}, "a wrong scale"),
        ({"loop": 1}, "a wrong loop"),
        ({"engine": "import os"}, "a wrong engine"),
        ({"version": "<script>"}, "a wrong version"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        from_json(json.dumps(PICTURE | changes))
    assert len(str(refused.value)) < 120 and str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (FILM | {"seeds": [3]}, "film of a single seed"),
        (FILM | {"fps": 0}, "lacks frames"),
        (FILM | {"frames": 0}, "lacks frames"),
        (FILM | {"frames": 20_000}, "more than 36000 frames"),
        (FILM | {"fps": 61}, "a wrong fps"),
        (MIXING | {"layers": []}, "lacks columns or layers"),
        (MIXING | {"layers": [3, 2]}, "a wrong layers"),
        (MIXING | {"layers": [2, 2]}, "a wrong layers"),
        (MIXING | {"layers": [64]}, "a wrong layers"),
        (MIXING | {"columns": []}, "lacks columns or layers"),
        (MIXING | {"kind": "mixing-film", "frames": 3, "fps": 3}, "film of a single seed"),
    ],
)
def test_a_kind_has_what_it_needs(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(json.dumps(wrong))


@pytest.mark.parametrize("name", ["kind", "seeds", "truncation", "model"])
def test_what_is_needed_is_not_left_out(name: str) -> None:
    with pytest.raises(ValueError, match=f"lacks {name}"):
        from_json(json.dumps({key: value for key, value in PICTURE.items() if key != name}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 60_000, "not JSON"),
        ('{"format": 1' + "0" * 5000 + "}", "not JSON"),
        ("[1]", "not a JSON object"),
        ("3", "not a JSON object"),
        (" " * 65_537, "longer than 65536 characters"),
    ],
)
def test_text_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(text)
