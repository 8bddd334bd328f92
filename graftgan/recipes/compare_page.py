"""What a comparison leaves: results.json, results.md, the report page, and the table on the terminal."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.metrics import METRICS, Measure
from graftgan.recipes.contest import BASELINE, Contest
from graftgan.recipes.record import command, digest_of, versions
from graftgan.recipes.stage import COPIES_SEED
from graftgan.report import Column, Comparison, Contender, Draw, summary_markdown, write_comparison
from graftgan.report.standings import Standing, flags, shown, standing
from graftgan.report.words import count, number, uncertainty
from graftgan.sampling.photo_copies import photo_copies
from graftgan.sampling.sample import sample
from graftgan.zoo.model_folder import Model, load_model

SHOWN_SEEDS = range(32)
DRAWN = 64
HEADLINE = ("kid", "precision", "recall", "intra_lpips", "copies", "nearest_ratio")


@dataclass(frozen=True)
class Scores:
    """All verdicts on one contender, in the order of draws and seeds.

    Attributes:
        name: of the method as the user wrote it, or of the control.
        kind: "method" or "control".
        cards: what the verdicts' files hold.
    """

    name: str
    kind: str
    cards: list[dict[str, Any]]

    def values(self, metric: str) -> list[float]:
        """Returns one value a run; NaN for a run without the number."""
        return [card["measures"].get(metric, {}).get("value", math.nan) for card in self.cards]

    def warnings(self) -> list[str]:
        """Returns the warnings of every run, with the run."""
        return [f"{line} ({run_of(card)})" for card in self.cards for line in failed(card) + card["warnings"]]

    def to_json(self) -> dict[str, Any]:
        """Returns mean, spread and every value by metric, and the verdicts without what depends on the machine."""
        metrics = {}
        for metric in METRICS:
            values, cell = self.values(metric), standing(self.values(metric))
            if cell.runs:
                found = [card["measures"].get(metric, {}) for card in self.cards]
                metrics[metric] = {
                    "value": cell.mean,
                    "spread": cell.spread,
                    "values": [None if math.isnan(value) else value for value in values],
                    "errors": [measure.get("error") for measure in found],
                    "protocol": common([measure["protocol"] for measure in found if measure]),
                }
        runs = [
            {key: card.get(key) for key in ("draw", "seed", "failed", "checkpoint", "warnings", "missing", "oracle")}
            for card in self.cards
        ]
        return {"kind": self.kind, "metrics": metrics, "runs": runs}


def write_results(contest: Contest, source: Model, folder: Path) -> dict[str, Any]:
    """Writes results.json, results.md and report.html of a comparison whose every run has its verdict.

    Args:
        contest: the plan.
        source: what every method started from.
        folder: the comparison's.

    Returns:
        What results.json holds; it depends on the plan and the verdicts, not on time or interruptions.

    Raises:
        UserError: the folder cannot be written, or a verdict cannot be read.
    """
    scores = read_scores(contest, folder)
    notes, missing = notes_of(contest, scores), missing_of(scores)
    results: dict[str, Any] = {
        "source": source.digest,
        "shots": len(contest.draws[0]),
        "draws": len(contest.draws),
        "seeds": contest.options.seeds,
        "kimg": contest.options.kimg,
        "holdout": {"pictures": len(contest.holdout), "from": contest.held_from, "sha256": digest_of(contest.holdout)},
        "measured": whose_features(contest),
        "contenders": {one.name: one.to_json() for one in scores},
        "notes": notes,
        "missing": missing,
    }
    page = Comparison(
        title=f"{Path(str(contest.options.photos)).stem}: methods compared",
        source_name=Path(contest.options.source).name,
        seeds=list(SHOWN_SEEDS),
        contenders=[contender(one, contest, source, folder) for one in scores],
        columns=columns(results),
        draws=[Draw(n, draw.names, np.asarray(draw.pixels[:DRAWN])) for n, draw in enumerate(contest.draws, 1)],
        quality="kid",
        diversity="intra_lpips" if any("intra_lpips" in one.to_json()["metrics"] for one in scores) else "recall",
        missing=missing,
        facts=facts(contest, source, scores),
        command=command("compare", contest.options),
        notes=notes,
        measured=results["measured"],
    )
    try:
        write_comparison(folder / "report.html", page)
        write_atomically(folder / "results.md", summary_markdown(page).encode())
        write_atomically(folder / "results.json", json.dumps(results, indent=1).encode())
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from error
    return results


def read_scores(contest: Contest, folder: Path) -> list[Scores]:
    """Returns the verdicts: the unchanged source, the methods, copies of the photos, the noise floor.

    Raises:
        UserError: a verdict is damaged.
    """

    def read(name: str) -> dict[str, Any]:
        path = folder / "verdicts" / f"{name}.json"
        try:
            card = json.loads(path.read_bytes())
            assert isinstance(card["measures"], dict)
        except (OSError, ValueError, KeyError, TypeError, AssertionError, RecursionError) as error:
            raise UserError(f"{path} cannot be read; delete it to measure again ({type(error).__name__})") from error
        return card

    def control(name: str) -> Scores:
        return Scores(name, "control", [read(f"{name}-d{draw}") for draw in range(1, len(contest.draws) + 1)])

    cells = list(contest.cells())
    methods = [
        Scores(one.name, "method", [read(cell.name) for cell in cells if cell.entrant == one])
        for one in contest.entrants
    ]
    return [control("source"), *methods, control("copies"), control("floor")]


def contender(scores: Scores, contest: Contest, source: Model, folder: Path) -> Contender:
    """Returns what the page shows of one contender; its pictures are those of the first draw and seed."""
    seconds = [card["seconds"] for card in scores.cards if card.get("seconds") is not None]
    return Contender(
        scores.name,
        "method" if scores.kind == "method" else "control",
        samples=pictures_of(scores, contest, source, folder),
        values={metric: scores.values(metric) for metric in METRICS},
        runs=len(scores.cards),
        warnings=scores.warnings(),
        seconds=float(np.mean(seconds)) if seconds else None,
    )


def pictures_of(scores: Scores, contest: Contest, source: Model, folder: Path) -> np.ndarray | None:
    """Returns what a contender makes of the shown latents; copies and hold-out show their first pictures."""
    if scores.name == "source":
        return sample(source.generator, SHOWN_SEEDS)
    if scores.name == "copies":
        return photo_copies(contest.draws[0].pixels, 0, len(SHOWN_SEEDS), COPIES_SEED)
    if scores.name == "floor":
        return np.asarray(contest.holdout.pixels[: len(SHOWN_SEEDS)])
    run = scores.cards[0].get("run")
    return None if run is None else sample(load_model(folder / run / "model").generator, SHOWN_SEEDS)


def columns(results: dict[str, Any]) -> list[Column]:
    """Returns every metric that someone has."""
    found = []
    for name, metric in METRICS.items():
        measured = [one["metrics"][name] for one in results["contenders"].values() if name in one["metrics"]]
        if measured:
            protocol = common([one["protocol"] for one in measured if one["protocol"].get("of") is None] or [{}])
            told = [Measure(math.nan, None, protocol).how(), protocol.get("warning", "")]
            how = "; ".join(part for part in told if part)
            found.append(Column(name, metric.title, metric.better, metric.about, how, metric.group))
    return found


def whose_features(contest: Contest) -> str:
    """Returns whose features the numbers compare: by another encoder they would be others."""
    adapt = contest.adapt
    by_lpips = "" if adapt.lpips == "none" else f"; intra-cluster LPIPS by {adapt.lpips}"
    return (
        f"All numbers by features of {adapt.encoder}{by_lpips}. "
        f"{adapt.metric_pictures} pictures of each contender, {len(contest.holdout)} held out."
    )


def notes_of(contest: Contest, scores: Sequence[Scores]) -> list[str]:
    """Returns the sentences to be read with the table, with those on controls that do not behave."""
    several, photos = len(contest.draws) > 1, count(len(contest.draws[0]), "photo")
    draws = f"{len(contest.draws)} draws of {photos}" if several else f"One draw of {photos}"
    shared = (
        ", some of them in several draws," if contest.overlap else ", none of them in two draws," if several else ""
    )
    found = [
        f"{draws}{shared} and {count(contest.options.seeds, 'seed')}: every method has the same ones. "
        "Pictures of all contenders come from the same latents; those shown are the first 32 seeds, not chosen.",
        f"Hold-out: {len(contest.holdout)} pictures ({contest.held_from}), the same for every run; "
        "no file of any draw is in it.",
        f"{BASELINE} is the control that a method has to beat. source, copies and floor are measured once a draw; "
        "their numbers that do not look at the photos are the same in every draw, and stand without a spread.",
        "copies: the photos themselves, mirrored, moved by up to a sixteenth and tinted by up to a tenth. "
        "floor: one half of the hold-out against the other; numbers that move with the size of the sets are left out.",
    ]
    copies, kids = next(one for one in scores if one.name == "copies"), means_of(scores, "kid")
    # Without a KID there was no encoder, and nobody who could have warned.
    quiet = [card["draw"] for card in copies.cards if "kid" in card["measures"] and "copying" not in flags_of(card)]
    if quiet:
        found.append(
            f"A control does not behave: copies of the photos raised no warning of copying in draw {quiet[0]}."
        )
    if "floor" in kids and kids["floor"] > min(kids.values()):
        best = min(kids, key=lambda name: kids[name])
        found.append(
            f"A control does not behave: the KID of {best} ({kids[best]:.4g}) is below that of one half of the "
            f"hold-out against the other ({kids['floor']:.4g}); differences of that size are noise here."
        )
    apart = means_of([one for one in scores if one.kind == "method" or one is copies], "intra_lpips")
    most = apart.pop("copies", -math.inf)
    if below := [name for name, mean in apart.items() if mean < most]:
        found.append(
            f"Copies of the photos have a higher intra-cluster LPIPS ({most:.3g}) than {', '.join(below)}: mirroring "
            "and tinting alone reach it, so that a high one is no merit by itself."
        )
    for one in scores:
        oracles = [card["oracle"] for card in one.cards if card.get("oracle")]
        if oracles:
            losses = [oracle["loss"] for oracle in oracles]
            errors = [oracle["error"] for oracle in oracles if oracle.get("error") is not None]
            within = f", ± {np.mean(errors):.4g} each" if errors else ""
            found.append(
                f"{one.name}: the checkpoint that the run chose has a KID {np.mean(losses):.4g} above the oracle's, "
                f"the best tick by the hold-out (mean {np.mean([oracle['best'] for oracle in oracles]):.4g}; largest "
                f"loss {max(losses):.4g}; {len(losses)} runs). The oracle is the lowest of noisy numbers (of "
                f"{oracles[0]['pictures']} samples{within}) on the very hold-out that judges, the loss an upper bound."
            )
    return found


def means_of(scores: Sequence[Scores], metric: str) -> dict[str, float]:
    """Returns the mean of everyone who has the number."""
    means = {one.name: standing(one.values(metric)).mean for one in scores}
    return {name: mean for name, mean in means.items() if mean is not None}


def flags_of(card: dict[str, Any]) -> list[str]:
    """Returns the warnings of one verdict in a word each."""
    return flags(Contender("", "control", warnings=card["warnings"]))


def missing_of(scores: Sequence[Scores]) -> list[str]:
    """Returns which numbers are missing, and why, each sentence once, with all whom it is about."""
    about: dict[str, list[str]] = {}
    for one in scores:
        for line in dict.fromkeys(line for card in one.cards for line in card["missing"]):
            about.setdefault(line.replace(f" of {one.name} is missing", " is missing"), []).append(one.name)
    whole = [f"{line} (of {', '.join(names)})" if len(names) < len(scores) else line for line, names in about.items()]
    broken = [f"{one.name}, {run_of(card)}: {line}." for one in scores for card in one.cards for line in failed(card)]
    return broken + whole


def failed(card: dict[str, Any]) -> list[str]:
    """Returns the sentence on a run that ended in NaN or infinity."""
    return [f"failed: {card['failed']}"] if card.get("failed") else []


def run_of(card: dict[str, Any]) -> str:
    """Returns which run a verdict is on."""
    return f"draw {card['draw']}" + ("" if card.get("seed") is None else f", seed {card['seed']}")


def common(protocols: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns what all protocols say alike.

    Example:
        >>> common([{"real": 9, "threshold": 1.0}, {"real": 9, "threshold": 2.0}])
        {'real': 9}
    """
    first, *others = protocols
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def facts(contest: Contest, source: Model, scores: Sequence[Scores]) -> list[tuple[str, str]]:
    """Returns budget, time, sets and everything that the numbers depend on."""
    seconds = [card["seconds"] for one in scores for card in one.cards if card.get("seconds") is not None]
    adapt = contest.adapt
    return [
        ("Budget of a run", f"{contest.options.kimg:g} kimg, batch {adapt.batch}, loss {adapt.loss}"),
        ("Training time", f"{sum(seconds):.0f} s for {len(seconds)} runs, measurement not counted"),
        ("Samples", f"{adapt.metric_pictures} of each contender, {adapt.encoder}; LPIPS: {adapt.lpips}"),
        ("Hold-out", f"{len(contest.holdout)} pictures ({contest.held_from}), {digest_of(contest.holdout)[:16]}"),
        ("Draws hashes", ", ".join(digest_of(draw)[:16] for draw in contest.draws)),
        ("Source hash", source.digest[:16]),
        ("Options of adapt", " ".join(contest.options.adapt) or "its defaults"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]


def lines(results: dict[str, Any]) -> list[str]:
    """Returns results as lines for the terminal: whose features, the headline numbers of everyone, warnings, notes."""
    names = [name for name in HEADLINE if any(name in one["metrics"] for one in results["contenders"].values())]
    rows = [["", "runs", *(METRICS[name].title for name in names), ""]]
    for who, one in results["contenders"].items():
        cells = []
        for name in names:
            found = one["metrics"].get(name, {})
            cell = shown(one["kind"], Standing(found.get("value"), found.get("spread"), len(one["runs"])))
            spread = uncertainty(cell.spread)
            cells.append(number(cell.mean) + (f" ± {spread}" if spread else ""))
        marks = dict.fromkeys(flag for card in one["runs"] for flag in flags_of(card))
        failures = sum(bool(card["failed"]) for card in one["runs"])
        rows.append([who, str(len(one["runs"])), *cells, " ".join([*marks, *(["failed"] if failures else [])])])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    told = [line for line in results["notes"] if line.startswith("A control")]
    return [
        results["measured"],
        *table,
        "mean ± standard deviation over the runs; all metrics and their protocols are in the report",
        *told,
    ] + [line for line in results["missing"]]
