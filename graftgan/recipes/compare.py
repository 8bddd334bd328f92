"""`graftgan compare`: the same job by several methods under one budget, always beside the controls."""

import csv
import io
import shlex
import sys
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from lightning_fabric import Fabric

from graftgan.devices import from_first, in_any, launch
from graftgan.errors import StoppedEarly, UserError
from graftgan.features import ENCODERS
from graftgan.files import write_atomically
from graftgan.recipes import record
from graftgan.recipes.compare_page import write_results
from graftgan.recipes.contest import BASELINE, Cell, CompareOptions, Contest, Entrant, entrants, read_contest
from graftgan.recipes.judge import Judge
from graftgan.recipes.options import method_from, to_json
from graftgan.recipes.pair import starting_pair, unfit
from graftgan.recipes.stage import Stage
from graftgan.training.interrupt import Interrupt
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import Model


@dataclass(frozen=True)
class Compared:
    """A finished comparison.

    Attributes:
        folder: with report.html, results.json, results.md, and a run's folder for every run.
        results: as in `results.json`.
    """

    folder: Path
    results: dict[str, Any]


def run(options: CompareOptions, given: Collection[str] = ()) -> Compared:
    """Runs every method on every draw with every seed, measures them and the controls, and writes the report.

    Args:
        options: of the comparison; `options.resume` goes on with an earlier one.
        given: names of options that a resumed comparison must not pass over because they have their default's value.

    Returns:
        The folder and the numbers, the same whether it was interrupted or not.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; what is finished is kept, and the run under way has a checkpoint.
    """
    if options.resume is not None:
        options = resumed(options, given)
    if options.photos is None:
        raise UserError("name the folder or zip of pictures to compare methods on")
    options = record.rooted(cast(Any, options))
    adapt = options.options_of(Cell(Entrant(BASELINE, BASELINE), 1, 0))
    fabric = launch(options.devices, adapt.precision)
    source = starting_pair(adapt, adapt.resolution, 0)
    contest = read_contest(fitting(options, source), source.generator.resolution, fabric.global_rank == 0)
    refuse_without_encoder(contest, fabric)
    folder = open_folder(contest, source, fabric)
    try:
        with Interrupt() as interrupt:
            stage = Stage(contest, source, folder.path, fabric, lambda: in_any(fabric, interrupt.asked))
            stage.say_cost()
            stage.hold()
        results = from_first(fabric, lambda: write_results(contest, source, folder.path))
        return Compared(folder.path, results)
    except StoppedEarly as stop:
        why = str(stop).partition(";")[0]
        raise StoppedEarly(f"{why}; go on with: graftgan compare --resume {shlex.quote(str(folder.path))}") from None
    finally:
        folder.close()


def fitting(options: CompareOptions, source: Model) -> CompareOptions:
    """Returns the options with methods that the source allows: all of those where none is named.

    Args:
        options: of the comparison.
        source: what every method starts from; some methods need its discriminator, which a VAE has not, and which
            the run drew where the source came without one.

    Raises:
        UserError: a method was named that the source does not allow.
    """
    taking_part = entrants(options.methods)
    reasons = {one.name: unfit(method_from(one.method, one.settings), source) for one in taking_part}
    others = [name for name, reason in reasons.items() if reason]
    if not others:
        return options
    if any(word.strip() for word in options.methods):
        raise UserError(f"--methods {others[0]}: {reasons[others[0]]}")
    return replace(options, methods=tuple(one.name for one in taking_part if one.name not in others))


def resumed(options: CompareOptions, given: Collection[str]) -> CompareOptions:
    """Returns the options that a comparison began with; devices and places of pictures may be others, methods more.

    Raises:
        UserError: not the folder of a comparison, or an option contradicts what it began with.
    """
    others = replace(options, methods=())
    before = record.resumed(cast(Any, CompareOptions), cast(Any, others), "compare", set(given) - {"methods"})
    if not options.methods or not before.methods:  # without a word on it every method there is takes part
        return cast(CompareOptions, before)
    return cast(CompareOptions, replace(before, methods=(*before.methods, *options.methods)))


def refuse_without_encoder(contest: Contest, fabric: Fabric) -> None:
    """Refuses a comparison that would train everything and then have no number.

    Raises:
        UserError: says why there is no encoder, and names the others.
    """
    mine = contest.adapt.encoder
    judge = Judge(holdout=None, photos=None, encoder=mine, lpips=None, device=fabric.device, show=False)
    if judge.encoder is None:
        others = " or ".join(f"--adapt encoder={name}" for name in ENCODERS if name != mine)
        raise UserError(f"nothing would be measured: {judge.blind}; or take {others}")


def open_folder(contest: Contest, source: Model, fabric: Fabric) -> RunFolder:
    """Returns the comparison's folder: a new one with run.json and draws.csv, or the one to go on in.

    Raises:
        UserError: the folder cannot be written or is in use, or pictures or source are not those it began with.
    """
    held: list[RunFolder] = []
    options = contest.options

    def first() -> str:
        now = describe(contest, source)
        try:
            if options.resume is None:
                held.append(RunFolder.create(Path(options.outdir), f"{Path(str(options.photos)).stem}-compare"))
                write_atomically(held[0].path / "draws.csv", draws_table(contest).encode())
                held[0].write_record(now)
            else:
                held.append(RunFolder.open(Path(options.resume)))
                before = held[0].read_record()
                for name, what in (
                    ("draws_sha256", f"{options.photos}: no longer the pictures"),
                    ("holdout_sha256", "the hold-out: no longer the pictures"),
                    ("source_sha256", f"--source {options.source}: no longer the model"),
                ):
                    if before.get(name) != now[name]:
                        raise UserError(f"{what} that {held[0].path} began with")
                if before["options"]["methods"] != now["options"]["methods"]:
                    held[0].write_record(before | {name: now[name] for name in ("options", "command")})
        except OSError as error:
            raise UserError(f"--outdir {options.outdir}: {error.strerror or error}") from error
        finally:
            if held and (sys.exc_info()[0] is not None):
                held[0].close()
        return str(held[0].path)

    path = from_first(fabric, first)
    return held[0] if held else RunFolder(Path(path), hold=False)


def describe(contest: Contest, source: Model) -> dict[str, Any]:
    """Returns what run.json holds: options, hashes of source and pictures, versions, the command that repeats it."""
    return {
        "verb": "compare",
        "command": record.command("compare", contest.options),
        "options": to_json(contest.options),
        "versions": record.versions(),
        "source_sha256": {"generator": source.digest, "discriminator": source.discriminator_digest},
        "draws_sha256": [record.digest_of(draw) for draw in contest.draws],
        "holdout_sha256": record.digest_of(contest.holdout),
        "holdout": contest.held_from,
        "draws": [[list(pair) for pair in zip(draw.names, draw.digests, strict=True)] for draw in contest.draws],
    }


def draws_table(contest: Contest) -> str:
    """Returns draws.csv: every file of every draw and of the hold-out, with its hash."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["set", "file", "sha256"])
    sets = {f"draw {number}": draw for number, draw in enumerate(contest.draws, 1)} | {"hold-out": contest.holdout}
    for name, pictures in sets.items():
        table.writerows([name, file, digest] for file, digest in zip(pictures.names, pictures.digests, strict=True))
    return text.getvalue()
