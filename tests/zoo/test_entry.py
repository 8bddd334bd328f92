"""What an entry of the zoo says: facts of the folder, "not stated" for what is missing, and never a crash."""

import hashlib
import json

import pytest

from graftgan.zoo.entry import NOT_STATED, described, words

# 4 px: 4 x 8 x 16 and a batch norm of 2 x 8; 8 px: 8 x 8 x 16 and 2 x 8; 16 px: 8 x 3 x 16.
GENERATOR_NUMBERS = 4 * 8 * 16 + 16 + 8 * 8 * 16 + 16 + 8 * 3 * 16


def test_facts_come_from_the_folder(small_model, tmp_path):
    folder = small_model(tmp_path / "m", what="dots", licence="CC0-1.0", data="drawn", KID="0.1 (x)", FID="9 (x)")
    found = described(folder, "dots", "added")
    assert (found.name, found.what, found.licence, found.data, found.network) == (
        "dots",
        "dots",
        "CC0-1.0",
        "drawn",
        "dcgan",
    )
    assert found.resolution == 16 and found.generator_parameters == GENERATOR_NUMBERS and found.has_discriminator
    assert found.metrics == (("KID", "0.1 (x)"), ("FID", "9 (x)"))
    weights = [folder / "generator.safetensors", folder / "discriminator.safetensors"]
    assert found.size == sum(len(path.read_bytes()) for path in weights)
    assert found.digest == hashlib.sha256(weights[0].read_bytes()).hexdigest()
    assert found.usable and found.credits == NOT_STATED == found.origin


def test_what_is_unknown_is_not_invented(small_model, tmp_path):
    found = described(small_model(tmp_path / "m", critic=False), "m", "local")
    assert (found.what, found.licence, found.data, found.credits, found.metrics) == (*[NOT_STATED] * 4, ())
    assert not found.has_discriminator and found.usable
    counted = described(small_model(tmp_path / "n", pictures=1200), "n", "local")
    assert counted.data == "1,200 pictures, of what is not stated"


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: cc-by-4.0\n---\n# x", "cc-by-4.0"),
        ("---\nlicense: other\n---\n# x", NOT_STATED),
        ("---\nlicense: mit\n# never closed", NOT_STATED),
        ("license: mit\n", NOT_STATED),
        ("", NOT_STATED),
    ],
)
def test_the_licence_is_the_configs_else_that_of_the_cards_header(small_model, tmp_path, card, licence):
    assert described(small_model(tmp_path / "m", card=card), "m", "local").licence == licence
    assert described(small_model(tmp_path / "n", card=card, licence="MIT"), "n", "local").licence == "MIT"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1]",
        b'{"format": 2}',
        b'{"format": 1, "network": "dcgan"}',
        b'{"format": 1, "network": ["dcgan"], "generator": {}}',
        b'{"format": 1, "network": "dcgan", "generator": {"resolution": 99999999}}',
        b'{"format": 1, "network": "dcgan", "generator": {"resolution": "16"}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=lambda data: ascii(data[:40]),
)
def test_a_damaged_config_is_an_entry_that_says_so(small_model, tmp_path, damage):
    folder = small_model(tmp_path / "m")
    (folder / "config.json").write_bytes(damage)
    found = described(folder, "m", "added")
    assert not found.usable and found.problem.startswith("damaged: ") and "config.json" in found.problem
    assert "\n" not in found.problem


def test_missing_or_exchanged_weights_are_said(small_model, tmp_path):
    folder = small_model(tmp_path / "m")
    digest = hashlib.sha256((folder / "generator.safetensors").read_bytes()).hexdigest()
    held = small_model(tmp_path / "held", generator_sha256=digest)
    assert described(held, "held", "added").usable
    (held / "generator.safetensors").write_bytes(
        small_model(tmp_path / "o", seed=1).joinpath("generator.safetensors").read_bytes()
    )
    assert "is not the file that its config names" in described(held, "held", "added").problem
    (folder / "discriminator.safetensors").unlink()
    assert "discriminator.safetensors" in described(folder, "m", "added").problem


def test_words_of_a_file_cannot_reach_the_terminal_or_fill_it(small_model, tmp_path):
    folder = small_model(tmp_path / "m", what="a\x1b[2Jb\nc" + "d" * 5000, licence={"x": 1}, data=["y"], KID=0.5)
    found = described(folder, "m", "added")
    assert found.what.startswith("a[2Jb cddd") and len(found.what) < 700
    assert (found.licence, found.data, found.metrics) == (NOT_STATED, NOT_STATED, (("KID", "0.5"),))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"about": "nothing"}))
    assert described(folder, "m", "added").usable
    assert words(True) == NOT_STATED
