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


def test_the_card_says_data_licence_network_budget_hardware_and_distance() -> None:
    for name in EMBEDDED:
        card = (find_source(name) / "README.md").read_text()
        assert card.startswith("---\nlibrary_name: graftgan\nlicense: apache-2.0\n")
        for word in (
            "## Data",
            "CC BY 4.0",
            "CC0",
            "Licence",
            "network",
            "kimg",
            "Hardware",
            "FID",
            "KID",
            "5000 held-out",
        ):
            assert word in card, word
        assert str(load_model(find_source(name)).about["credits"]) in card


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
