"""From a report to what its template shows, section by section: which pictures, in which words, which charts."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from graftgan.report.charts import Series, bar_chart, line_chart
from graftgan.report.content import Choice, Layer, LayerShare, Neighbour, Report
from graftgan.report.metric_table import run_table
from graftgan.report.pictures import EXACT_SIDE, Picture, picture, pictures, spread, tile_side
from graftgan.report.scales import finite
from graftgan.report.words import MISSING, count, number, percent

# How much is shown. Together about 220 pictures: under 3 MB at 64 px.
HERO = 6
PHOTOS = 64
PAIRS = 16
MORE = 32
TIMES = 6
NEIGHBOURS = 16
LAYERS = 40

# Side of a picture on a wide screen, CSS pixels.
TILE = 128
HERO_TILE = 192

# Counted by the run, told under the facts, and no sign of how training went.
NO_CURVE = {"kimg", "step", "steps", "tick", "images_per_s", "memory_mb", "seconds"}

KNOWN = {
    "loss_d": "discriminator",
    "loss_g": "generator",
    "logit_real": "photos",
    "logit_fake": "samples",
    "r1": "R1 penalty",
    "r2": "R2 penalty",
    "sign_real": "share of photos above 0 less share below",
    "reconstruction": "reconstruction, nats per colour value",
    "kl": "information in the latents, nats per picture",
    "sigma": "standard deviation of the reconstruction",
}

SIGNALS = {
    "score": "Score",
    "diversity": "Diversity of the samples",
    "nearest": "Distance to the nearest photo",
}


def sections(report: Report) -> dict[str, Any]:
    """Return the variables of the template.

    Args:
        report: what to show.

    Returns:
        Words, pictures and charts; lists that are empty leave their section out.

    Raises:
        ValueError: an array of the report holds no pictures.
    """
    shown_photos = pictures(report.photos[:PHOTOS], [f"Photo {name}" for name in report.photo_names[:PHOTOS]])
    kimg = number(max(finite(float(t["kimg"]) for t in report.log if is_number(t.get("kimg"))), default=None))
    return {
        **sizes(report.adapted_samples, report.photos),
        "title": report.title,
        "lead": lead(report),
        "warnings": report.warnings,
        "made": f"graftgan {report.verb}" + (f" · {kimg} kimg" if kimg != MISSING else ""),
        "hero": pictures(report.adapted_samples[:HERO], [f"Sample of seed {seed}" for seed in report.seeds[:HERO]]),
        "photos": list(zip(report.photo_names[:PHOTOS], shown_photos, strict=True)),
        "photos_words": photos_words(report),
        "pairs": pairs(report),
        "more": more(report),
        "over_time": over_time(report),
        "table": run_table(report.metrics),
        "neighbours": neighbours(report.neighbours),
        "choice": report.choice,
        "signals": signals(report.choice),
        "curves": curves(report.log, report.critic),
        "layers": layers(report),
        "critic": report.critic,
        "findings": findings(report.findings),
    }


def sizes(*stacks: np.ndarray) -> dict[str, Any]:
    """Return how large the pictures of a page are shown, by the first stack that holds any."""
    side = next((max(stack.shape[1:3]) for stack in stacks if stack.ndim == 4 and stack.size), 64)
    return {
        "tile": tile_side(side, TILE),
        "hero_tile": tile_side(side, HERO_TILE),
        "pixelated": side <= EXACT_SIDE,
    }


def lead(report: Report) -> str:
    """Return the one sentence under the title."""
    total = count(report.photos_total or len(report.photos), "photo")
    by = f" by {report.method}" if report.method else ""
    if report.source_name:
        return f"{total}, grafted onto {report.source_name}{by}."
    return f"Trained from scratch on {total}{by}."


def photos_words(report: Report) -> str:
    """Return how many photos there are, and how many of them the page shows."""
    total = report.photos_total or len(report.photos)
    shown = min(len(report.photos), PHOTOS)
    if shown < total:
        return f"The first {shown} of {total:,} photos that the generator learnt from."
    return f"{'The photo' if total == 1 else f'All {total} photos'} that the generator learnt from."


def pairs(report: Report) -> list[tuple[int, Picture, Picture]]:
    """Return (seed, picture of the source, picture of the adapted generator) of the first latents."""
    if report.source_samples is None:
        return []
    seeds = report.seeds[:PAIRS]
    before = pictures(report.source_samples[:PAIRS], [f"Source, seed {seed}" for seed in seeds])
    after = pictures(report.adapted_samples[:PAIRS], [f"Adapted, seed {seed}" for seed in seeds])
    return list(zip(seeds, before, after, strict=True))


def more(report: Report) -> list[tuple[int, Picture]]:
    """Return (seed, picture) of the latents that are in no pair; without a source, of the first ones."""
    shown = slice(0, 2 * PAIRS + MORE) if report.source_samples is None else slice(PAIRS, PAIRS + MORE)
    seeds = report.seeds[shown]
    found = pictures(report.adapted_samples[shown], [f"Sample of seed {seed}" for seed in seeds])
    return list(zip(seeds, found, strict=True))


def over_time(report: Report) -> list[tuple[str, list[Picture]]]:
    """Return (kimg, pictures) of at most six times, from the first to the last."""
    rows = [report.over_time[i] for i in spread(len(report.over_time), TIMES)]
    return [
        (number(kimg), pictures(stack[:8], [f"Latent {i + 1} at {number(kimg)} kimg" for i in range(len(stack[:8]))]))
        for kimg, stack in rows
    ]


def neighbours(found: list[Neighbour]) -> list[dict[str, Any]]:
    """Return samples beside their nearest photos."""
    shown = []
    for index, near in enumerate(found[:NEIGHBOURS], 1):
        sample = picture(near.sample, f"Sample {index}")
        photo = picture(near.photo, f"The photo nearest to sample {index}")
        shown.append({"sample": sample, "photo": photo, "distance": number(near.distance), "is_copy": near.copy})
    return shown


def signals(choice: Choice | None) -> list[tuple[str, Any]]:
    """Return (title, chart) of each signal that the checkpoint was chosen by, the chosen moment marked."""
    if choice is None:
        return []
    names = scalars(choice.curve)
    titles = [SIGNALS.get(name, sentence(name)) for name in names]
    return [
        (title, line_chart(title, series_of(choice.curve, [name]), "kimg", choice.kimg))
        for name, title in zip(names, titles, strict=True)
    ]


def curves(log: list[dict[str, Any]], critic: str = "discriminator") -> list[tuple[str, Any]]:
    """Return (title, chart): the losses, what the critic says, then every other scalar on its own."""
    names = scalars(log)
    losses: list[str] = [name for name in ("loss_d", "loss_g") if name in names]
    logits: list[str] = [name for name in ("logit_real", "logit_fake") if name in names]
    others = [name for name in names if name not in losses and name not in logits]
    groups: list[tuple[str, list[str]]] = [
        ("Losses", losses),
        (f"What the {critic} says", logits),
        *((sentence(name), [name]) for name in others),
    ]
    told = [(title, series_of(log, group)) for title, group in groups if group]
    named = [
        (title, [replace(one, name=critic) if one.name == KNOWN["loss_d"] else one for one in lines])
        for title, lines in told
    ]
    return [(title, line_chart(title, lines, "kimg")) for title, lines in named]


def scalars(log: list[dict[str, Any]]) -> list[str]:
    """Return the names of what can be drawn over kimg, in the order of their first appearance."""
    names = [name for name in dict.fromkeys(key for tick in log for key in tick) if name not in NO_CURVE]
    return [name for name in names if any(is_number(tick.get(name)) for tick in log)]


def series_of(log: list[dict[str, Any]], names: list[str]) -> list[Series]:
    """Return the scalars of a log over kimg; what is no number is left out."""
    ticks = [tick for tick in log if is_number(tick.get("kimg"))]
    return [
        Series(plain(name), [(float(tick["kimg"]), float(tick[name])) for tick in ticks if is_number(tick.get(name))])
        for name in names
    ]


def layers(report: Report) -> list[tuple[str, str, Any]]:
    """Return (network, what is left out, chart), both charts on one axis."""
    networks = [("Generator", report.generator_layers), (sentence(report.critic), report.discriminator_layers)]
    top = max(finite(layer.change for _, found in networks for layer in found), default=0.0)
    return [
        (name, left_out(found), layer_chart(name, most_moved(found), top, kind))
        for kind, (name, found) in enumerate(networks)
        if found
    ]


def findings(found: list[LayerShare]) -> list[tuple[str, str, Any]]:
    """Return (title, what is left out, chart) of each thing that was found; the first layers where there are many."""
    shown = []
    for kind, what in enumerate(dict.fromkeys(one.what for one in found)):
        shares = [(one.name, one.share) for one in found if one.what == what]
        rest = len(shares) - LAYERS
        left = f"{count(rest, 'further layer')} {'is' if rest == 1 else 'are'} not shown." if rest > 0 else ""
        title = sentence(what)
        shown.append((title, left, bar_chart(title, shares[:LAYERS], top=1.0, kind=kind, shown=percent)))
    return shown


def layer_chart(name: str, found: list[Layer], top: float, kind: int) -> Any:
    """Return the bars of one network."""
    return bar_chart(name, [(layer.name, layer.change) for layer in found], top=top, kind=kind, shown=percent)


def most_moved(found: list[Layer]) -> list[Layer]:
    """Return the layers that moved most, in the order of the network; those without a number go first."""
    ranked = sorted(range(len(found)), key=lambda i: found[i].change if math.isfinite(found[i].change) else -1.0)
    return [found[i] for i in sorted(ranked[-LAYERS:])]


def left_out(found: list[Layer]) -> str:
    """Return the sentence on layers that the chart does not show."""
    rest = len(found) - LAYERS
    return f"{count(rest, 'layer')} that moved less {'is' if rest == 1 else 'are'} not shown." if rest > 0 else ""


def plain(name: str) -> str:
    """Return the name of a scalar in words.

    Example:
        >>> plain("loss_d"), plain("logit_real"), plain("ada_p")
        ('discriminator', 'photos', 'ada p')
    """
    return KNOWN.get(name, name.replace("_", " "))


def sentence(name: str) -> str:
    """Return the name of a scalar as a title.

    Example:
        >>> sentence("augment_p")
        'Augment p'
    """
    words = plain(name)
    return words[:1].upper() + words[1:]


def is_number(value: Any) -> bool:
    """Return whether a value of the log is a number; NaN and infinity are."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
