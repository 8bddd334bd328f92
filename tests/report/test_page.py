"""The page: one file, whole, escaped, and honest about what is missing."""

import dataclasses
import math
import re

import numpy as np
import pytest

from graftgan.report import Choice, Layer, LayerShare, MetricRow, Neighbour, Report, write_report
from graftgan.report.page import render
from graftgan.report.sections import LAYERS, NEIGHBOURS, PAIRS, PHOTOS, TIMES


def blobs(count: int, side: int = 8, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def report(photos: int = 10, samples: int = 64, channels: int = 3, **changes) -> Report:
    full = Report(
        title="Faces",
        verb="adapt",
        method="freezed",
        source_name="avatars-64",
        photos=blobs(photos, channels=channels),
        photo_names=[f"{i}.png" for i in range(photos)],
        seeds=list(range(100, 100 + samples)),
        source_samples=blobs(samples, channels=channels),
        adapted_samples=blobs(samples, channels=channels, seed=1),
        over_time=[(float(kimg), blobs(8, channels=channels)) for kimg in range(9)],
        log=[{"step": i, "kimg": i / 2, "loss_d": 1.0, "loss_g": 2.0, "logit_real": 0.1, "r1": 0.2} for i in range(4)],
        metrics=[MetricRow("KID", "lite0", 0.0213, 0.187, 0.002, 0.0017, "64 against 200 pictures", "Read first.")],
        neighbours=[Neighbour(blobs(1)[0], blobs(1)[0], 0.25, i == 3) for i in range(20)],
        copies="1 of 64 samples is a copy.",
        copy_rule="A copy is closer than photos are.",
        generator_layers=[Layer("b4.conv1.weight", 0.034)],
        discriminator_layers=[Layer("b64.skip.weight", 0.0)],
        facts=[("Time", "2 min 31 s")],
        command="graftgan adapt photos --seed 0",
        checkpoint_rule="The last checkpoint is shown.",
    )
    return dataclasses.replace(full, **changes)


def test_a_vae_has_an_encoder_where_others_have_a_discriminator(read):
    log = [{"kimg": float(i), "loss_d": 1.0, "loss_g": 2.0, "kl": 30.0} for i in range(3)]
    for critic, other in (("discriminator", "encoder"), ("encoder", "discriminator")):
        text = " ".join(read(render(report(critic=critic, log=log))).text.split())
        assert f"photos shown to the {critic}." in text and critic.capitalize() in text
        assert other not in text.lower()
    assert "Information in the latents, nats per picture" in text


def test_a_full_page_shows_every_part(read):
    page = read(render(report()))
    assert page.open == []
    assert len(page.alts("Photo ")) == 10
    assert page.alts("Source, seed") == [f"Source, seed {100 + i}" for i in range(PAIRS)]
    assert page.alts("Adapted, seed") == [f"Adapted, seed {100 + i}" for i in range(PAIRS)]
    assert len(page.alts("Latent ")) == 8 * TIMES
    assert page.alts("Latent 1 ")[0] == "Latent 1 at 0 kimg" and page.alts("Latent 1 ")[-1] == "Latent 1 at 8 kimg"
    assert len(page.alts("The photo nearest")) == NEIGHBOURS
    for words in ("0.0213", "± 0.0017", "0.187", "0.002", "64 against 200 pictures", "1 of 64 samples", "3.4 %"):
        assert words in page.text
    for words in ("10 photos, grafted onto avatars-64 by freezed.", "2 min 31 s", "The last checkpoint is shown."):
        assert words in page.text
    assert "graftgan adapt photos --seed 0" in page.text
    assert [attrs.get("class") for tag, attrs in page.tags if tag == "figure"].count("copy") == 1


def test_pairs_stand_side_by_side(read):
    page = read(render(report()))
    alts = [attrs["alt"] for tag, attrs in page.tags if tag == "img"]
    first = alts.index("Source, seed 100")
    assert alts[first : first + 4] == [
        "Source, seed 100",
        "Adapted, seed 100",
        "Source, seed 101",
        "Adapted, seed 101",
    ]


def test_the_page_loads_nothing_and_runs_nothing(read):
    page = render(report())
    reader = read(page)
    links = [attrs[key] for _, attrs in reader.tags for key in ("src", "href", "srcset") if key in attrs]
    assert links and all(link.startswith("data:image/") for link in links)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    assert "url(" not in page and "@import" not in page and "http://" not in page and "https://" not in page


def test_accessible(read):
    page = read(render(report()))
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert all(attrs.get("aria-label") for tag, attrs in page.tags if tag == "svg")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") == 2 and tags.count("h1") == 1


def test_words_from_outside_are_escaped(read):
    evil = "<script>alert('x')</script>\"&"
    tick = {"kimg": 1.0, evil: 1.0}
    words = {name: evil for name in ("title", "verb", "method", "source_name", "copy_rule", "copies", "command")}
    page = render(
        report(
            photos=1,
            photo_names=[evil],
            log=[tick],
            metrics=[MetricRow(evil, evil, 1.0, 1.0, 1.0, 1.0, evil, evil, about=evil, group=evil)],
            missing=[evil],
            warnings=[evil],
            facts=[(evil, evil)],
            generator_layers=[Layer(evil, 1.0)],
            choice=Choice(1.0, evil, [tick], [evil]),
            checkpoint_rule=evil,
            **words,
        )
    )
    reader = read(page)
    assert reader.open == [] and "script" not in {tag for tag, _ in reader.tags}
    assert reader.alts("Photo ") == [f"Photo {evil}"]
    assert reader.text.count(evil) >= 15


def test_a_file_name_that_is_no_unicode_does_not_stop_the_page(tmp_path):
    write_report(tmp_path / "report.html", report(photos=1, photo_names=["caf\udce9.png"]))
    assert "caf?.png" in (tmp_path / "report.html").read_text("utf-8")


def test_trained_from_scratch(read):
    page = read(render(report(source_name="", source_samples=None, method="")))
    assert "Trained from scratch on 10 photos." in page.text
    assert page.alts("Source") == [] and page.alts("Sample of seed 163")
    assert "Before and after" not in page.text


def test_without_metrics_the_page_says_why(read):
    page = read(render(report(metrics=[], missing=["KID is missing: there is no hold-out."])))
    assert "KID is missing: there is no hold-out." in page.text and "Nothing was measured" not in page.text
    assert "Nothing was measured" in read(render(report(metrics=[]))).text


def test_numbers_that_are_missing_are_dashes(read):
    row = MetricRow("KID", "lite0", 0.5, None, math.nan, math.nan)
    page = read(render(report(metrics=[row])))
    # The only ± is the caption's.
    assert page.text.count("–") == 2 and page.text.count("±") == 1 and "nan" not in page.text


def test_each_metric_says_which_way_is_better_and_what_it_says(read):
    rows = [
        MetricRow("C_T", "lite0", 2.0, better="neither", about="Below -3 is copying.", group="Memorisation"),
        MetricRow("recall", "lite0", 0.5, 0.4, 0.9, 0.01, group="Diversity", better="higher", floor_error=0.02),
        MetricRow("KID", "lite0", 0.5, 0.4, 0.1, source_error=0.03, group="Quality", protocol="64 against 200"),
        MetricRow("FID", "lite0", 50.0, group="Quality", protocol="64 against 200"),
    ]
    page = read(render(report(metrics=rows))).words()
    places = [
        page.index(words) for words in ("Quality", "KID ↓ lower is better", "FID ↓", "Diversity", "recall ↑ higher")
    ]
    places += [page.index("Memorisation"), page.index("C_T neither way is better")]
    assert places == sorted(places)
    assert "Below -3 is copying." in page
    assert "0.5 0.4 ± 0.03 0.1" in page and "0.5 ± 0.01 0.4 0.9 ± 0.02" in page
    assert page.count("64 against 200") == 1 and "KID, FID 64 against 200" in page


def test_how_the_checkpoint_was_chosen(read):
    curve = [{"kimg": k, "score": 1.0 - k / 4, "diversity": 0.5, "nearest": 0.1 * k} for k in range(5)]
    choice = Choice(2.0, "The last moment before copying.", curve, ["copying: from 3 kimg on."])
    page = read(render(report(choice=choice)))
    marked = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg" and "chosen" in attrs["aria-label"]]
    assert [words.split(":")[0] for words in marked] == [
        "Score",
        "Diversity of the samples",
        "Distance to the nearest photo",
    ]
    assert all("chosen at 2 kimg" in words for words in marked)
    assert "The last moment before copying." in page.text and "copying: from 3 kimg on." in page.text
    assert "was chosen" not in read(render(report(checkpoint_rule=""))).text


@pytest.mark.parametrize("curve", [[], [{"kimg": 1.0, "score": math.nan, "note": "text"}]])
def test_a_choice_without_a_curve_still_has_its_sentence(read, curve):
    assert "No signal was there." in read(render(report(choice=Choice(1.0, "No signal was there.", curve)))).text


def test_one_photo_and_many(read):
    assert "1 photo, grafted" in read(render(report(photos=1))).text
    many = read(render(report(photos=500)))
    assert len(many.alts("Photo ")) == PHOTOS
    assert f"The first {PHOTOS} of 500 photos" in many.text and "500 photos, grafted" in many.text
    assert "The first 10 of 5,000 photos" in read(render(report(photos_total=5000))).text


def test_grey_pictures(read):
    page = read(render(report(channels=1)))
    assert len(page.alts("Source, seed")) == PAIRS


def test_as_little_as_possible(read):
    page = read(render(Report("a", "train", "", "", blobs(0), [], [], blobs(0))))
    assert page.open == [] and "0 photos" in page.text
    assert not [tag for tag, _ in page.tags if tag in ("img", "svg")]


def test_curves_skip_what_is_no_number(read):
    log = [{"kimg": 0, "loss_d": 1.0}, {"kimg": 1, "loss_d": math.nan}, {"loss_d": 9.0}, {"kimg": 3, "loss_d": None}]
    log.append({"kimg": 4, "loss_d": 3.0, "note": "text", "images_per_s": 5.0, "flag": True})
    page = render(report(log=log))
    assert re.findall(r'<polyline class="line s0" points="([^"]*)"', page) == ["46,210 388,34"]
    assert "note" not in read(page).text and "images per s" not in page and "flag" not in read(page).text


def test_an_empty_log_has_no_curves(read):
    assert "How training went" not in read(render(report(log=[]))).text


def test_only_the_layers_that_moved_most_are_drawn(read):
    many = [Layer(f"layer{i}", i / 100) for i in range(LAYERS + 5)]
    page = read(render(report(generator_layers=many)))
    assert "layer4:" not in page.text and "layer5:" in page.text
    assert "5 layers that moved less are not shown." in page.text


def test_a_run_at_64_px_stays_under_three_megabytes(tmp_path):
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, 64)[None, :, None, None]
    # As noisy as samples of a young generator: PNG takes over 7 kB for each.
    stack = np.clip(ramp + rng.normal(20, 6, (64, 64, 64, 3)), 0, 255).astype(np.uint8)
    near = [Neighbour(stack[i], stack[i], 0.1, False) for i in range(16)]
    page = dataclasses.replace(
        report(photos=64),
        photos=stack,
        source_samples=stack,
        adapted_samples=stack,
        over_time=[(float(i), stack[:8]) for i in range(20)],
        neighbours=near,
        log=[{"kimg": i / 10, "loss_d": rng.random(), "loss_g": 1.0, "r1": 0.1} for i in range(5000)],
    )
    write_report(tmp_path / "report.html", page)
    assert 1_000_000 < (tmp_path / "report.html").stat().st_size < 3_000_000


def test_an_older_page_is_replaced_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="uint8"):
        write_report(path, report(photos=1, over_time=[(0.0, np.zeros((8, 4, 4, 3)))]))
    assert path.read_text() == "old"
    write_report(path, report())
    assert path.read_text("utf-8").rstrip().endswith("</html>") and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "wrong", [{"photo_names": ["a"]}, {"seeds": [1]}, {"source_samples": blobs(3)}, {"adapted_samples": blobs(2)}]
)
def test_lists_that_do_not_belong_together_are_refused(wrong):
    with pytest.raises(ValueError):
        report(**wrong)


def test_what_the_method_found_has_one_chart_a_kind_of_finding(read):
    kept = [LayerShare("main.0", 0.25, "filters kept"), LayerShare("main.3", 0.5, "filters kept")]
    page = read(render(report(findings=[*kept, LayerShare("main.3", 0.015, "filters gone")])))
    spoken = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert "Filters kept: main.0 25 %, main.3 50 %" in spoken and "Filters gone: main.3 1.5 %" in spoken
    assert "What the method found" in page.text
    many = [LayerShare(f"b{i}", 0.5, "filters kept") for i in range(LAYERS + 2)]
    assert "2 further layers are not shown." in read(render(report(findings=many))).text


def test_a_method_that_found_nothing_has_no_such_section(read):
    assert "What the method found" not in read(render(report())).text
