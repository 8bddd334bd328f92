"""What the package carries: the embedded source with its card, and the demo's pictures."""

from importlib.resources import files
from pathlib import Path

from graftgan.data import load_pictures
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import EMBEDDED, find_source

ASSETS = Path(str(files("graftgan") / "assets"))


def test_embedded_sources_load_and_are_small() -> None:
    for name in EMBEDDED:
        folder = find_source(name)
        model = load_model(folder)
        assert model.discriminator is not None
        assert sum(path.stat().st_size for path in folder.glob("*.safetensors")) <= 12_000_000
    assert sum(path.stat().st_size for name in EMBEDDED for path in find_source(name).iterdir()) <= 60_000_000


def test_the_card_says_data_licence_network_budget_hardware_and_distance() -> None:
    for name in EMBEDDED:
        card = (find_source(name) / "README.md").read_text()
        about = load_model(find_source(name)).about
        assert card.startswith(f"---\nlibrary_name: graftgan\nlicense: {about['licence'].lower()}\n")
        for word in ("## Data", "## Make it again", "## Hardware", "## Licence", "graftgan train ", "network", "kimg"):
            assert word in card, word
        for fact in ("credits", "FID", "KID"):
            assert about[fact] in card, fact
        assert "held-out pictures" in about["KID"] and about["what"] and about["data"]
        assert "/work" not in card and "{" not in card


def test_each_source_that_is_trained_here_has_a_card_with_its_licence() -> None:
    """Weights keep the licence that their pictures ask for; a fact of the card is `name: value`."""
    licences = {
        "art-faces-64": "CC-BY-SA-4.0",
        "avatars-64": "Apache-2.0",
        "clothing-64": "CC0-1.0",
        "digits-32": "CC-BY-SA-3.0",
    }
    cards = {path.stem: path.read_text() for path in (ASSETS.parent.parent / "tools" / "cards").glob("*.md")}
    assert cards.keys() == licences.keys() and set(EMBEDDED) <= cards.keys()
    for name, card in cards.items():
        head, _, text = card.partition("\n---\n")
        facts = dict(line.split(": ", 1) for line in head.splitlines())
        assert facts["licence"] == licences[name] and facts.keys() >= {"what", "data", "credits"}
        for part in ("## Data", "## Make it again", "## Hardware", "## Licence", "{command}", "{embed}", "{hardware}"):
            assert part in text, (name, part)


def test_the_demos_pictures_are_ten_and_two_hundred_and_share_none() -> None:
    photos = load_pictures(ASSETS / "demo" / "photos", 64)
    held = load_pictures(ASSETS / "demo" / "holdout.zip", 64)
    assert (len(photos), len(held)) == (10, 200)
    shown = {pixels.tobytes() for pixels in photos.pixels}
    assert not shown & {pixels.tobytes() for pixels in held.pixels}


def test_the_notice_credits_every_designer() -> None:
    notice = (ASSETS.parent.parent / "NOTICE").read_text()
    for designer in ("Lisa Wischofsky", "Micah Lanier", "The Visual Team", "Pablo Stanley"):
        assert designer in notice
