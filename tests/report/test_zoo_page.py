"""The page of the zoo: every source with pictures, facts and the command; damaged ones with the reason."""

import numpy as np

from graftgan.report.zoo import SourceEntry, ZooPage, render


def source(name="dots", count=32, problem=""):
    tiles = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    facts = [("Licence", "CC0 & more"), ("KID", "0.1 (inception)")]
    return SourceEntry(name, f"draws <{name}>", facts, tiles, f"graftgan adapt PHOTOS --source {name}", problem)


def test_each_source_shows_all_its_seeds_facts_and_command(read):
    shown = read(render(ZooPage("Sources", "Two.", [source(), source("lines", 16)])))
    assert shown.alts("Seed ") == [f"Seed {n} of dots" for n in range(32)] + [f"Seed {n} of lines" for n in range(16)]
    words = shown.words()
    for told in ("Two.", "draws <dots>", "CC0 & more", "0.1 (inception)", "Seeds 0 to 31", "Seeds 0 to 15"):
        assert told in words, told
    assert "graftgan adapt PHOTOS --source lines" in words


def test_one_without_pictures_says_why(read):
    words = read(render(ZooPage("Sources", "", [source(count=0, problem="damaged: config.json")]))).words()
    assert "damaged: config.json" in words and "Seeds" not in words


def test_words_are_escaped_and_nothing_is_fetched():
    html = render(ZooPage("<i>", "<u>", [source("<script>x")]))
    assert not any(tag in html for tag in ("<i>", "<u>", "<script>")) and "://" not in html
