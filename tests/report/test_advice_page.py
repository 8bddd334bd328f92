"""The page of an advice: what to type first, then why, then pictures."""

import numpy as np
import pytest

from graftgan.report.advice import SOURCES, AdvicePage, SourceShown, render


def blobs(*shape: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 8, 8, channels), np.uint8)


def source(name: str = "anime-32", count: int = 2, **changes) -> SourceShown:
    full = {
        "name": name,
        "title": "trained on <anime>",
        "cells": ["0.12 ± 0.01", "5 %"],
        "remarks": ["32 px, as your photos"],
        "refusal": "",
        "photos": blobs(count),
        "names": [f"sub/{at}.png" for at in range(count)],
        "near": blobs(count, 3),
        "redrawn": blobs(count),
    }
    return SourceShown(**{**full, **changes})


def page(*sources: SourceShown, **changes) -> AdvicePage:
    full = {
        "title": "Advice for ten",
        "lead": "Start from anime-32, by freezed, with 4 kimg.",
        "command": "graftgan adapt ten --source anime-32 --method freezed",
        "reasons": ["It draws nearest.", "There its KID was 18 % below."],
        "columns": [("Distance", "how far"), ("Recall", "how many")],
        "sources": list(sources),
        "notes": ["skipped x: damaged"],
        "facts": [("Photos", "10 photos")],
        "again": "graftgan advise ten",
    }
    return AdvicePage(**{**full, **changes})


def test_what_to_type_comes_before_why_and_why_before_the_pictures(read) -> None:
    shown = read(render(page(source())))
    words = shown.words()
    told = [
        "Start from anime-32",
        "skipped x: damaged",
        "graftgan adapt ten",
        "It draws nearest.",
        "Your photos beside",
    ]
    places = [words.index(one) for one in told]
    assert places == sorted(places)
    assert "0.12 ± 0.01" in words and "32 px, as your photos" in words and "how many" in words
    assert "graftgan advise ten" in words and "trained on <anime>" in words


def test_each_photo_stands_beside_three_samples_and_what_was_redrawn(read) -> None:
    shown = read(render(page(source())))
    assert shown.alts("Photo ") == ["Photo sub/0.png", "Photo sub/1.png"]
    assert len(shown.alts("Sample of anime-32")) == 6
    assert shown.alts("sub/") == ["sub/0.png redrawn by anime-32", "sub/1.png redrawn by anime-32"]


def test_grey_photos_and_a_refused_source(read) -> None:
    refused = source(refusal="it has no discriminator to start from", photos=blobs(2, channels=1))
    assert "cannot be adapted: it has no discriminator" in read(render(page(refused))).words()


def test_only_the_first_sources_show_pictures_and_all_stand_in_the_table(read) -> None:
    words = read(render(page(*(source(f"s{at}", 1) for at in range(SOURCES + 2))))).words()
    assert f"Your photos beside s{SOURCES - 1}" in words and f"Your photos beside s{SOURCES}" not in words
    assert f"s{SOURCES + 1} trained on" in words


def test_words_are_escaped_and_nothing_is_fetched() -> None:
    html = render(page(source(name="<script>x"), lead="<b>"))
    assert "<script>" not in html and "<b>" not in html and "://" not in html


def test_pictures_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="2 photos, but 1 names"):
        source(names=["a"])
