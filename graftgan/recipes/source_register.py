"""`graftgan sources add`, `remove` and `update`: what the user registers, and which commit of the hub is used."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftgan.errors import UserError
from graftgan.formats.card import model_card
from graftgan.recipes.source_pictures import sheet, tiles_of
from graftgan.training.run_folder import RECORD
from graftgan.zoo.catalogue import entry
from graftgan.zoo.entry import METRICS_SHOWN, NOT_STATED, Source, words
from graftgan.zoo.hub import is_hub_id, update
from graftgan.zoo.model_folder import CARD, load_model
from graftgan.zoo.pins import read_pin
from graftgan.zoo.registry import check_new, put, remove
from graftgan.zoo.sources import find_source, is_known

MAX_FACT = 300
MAX_CARD_BYTES = 1_000_000
LICENCE_ID = re.compile(r"[a-z0-9.+-]+")


@dataclass(frozen=True, kw_only=True)
class AddOptions:
    """Copies the model of a run, a model folder, a checkpoint or a hub id to the sources, under a name of its own."""

    model: str | None = None
    """A run's folder, a model folder, another project's checkpoint, or hf:user/name@REVISION."""
    name: str | None = None
    """What stands behind --source from then on: lowercase letters, digits, dashes; default: the folder's name."""
    licence: str | None = None
    """Of the weights, such as CC-BY-SA-4.0; default: what the model states."""
    what: str | None = None
    """It draws, in a few words."""


@dataclass(frozen=True, kw_only=True)
class RemoveOptions:
    """Takes away a source that was added; the run that it came from stays as it is."""

    name: str | None = None
    """Of the added source."""


@dataclass(frozen=True, kw_only=True)
class UpdateOptions:
    """Takes the newest commit of a hub id, in the place of the one pinned at its first use."""

    name: str | None = None
    """The hub id: hf:user/name."""


def add(options: AddOptions) -> Source:
    """Copies a model to the added sources, with a card and a picture grid.

    Args:
        options: of the job.

    Returns:
        The new entry.

    Raises:
        UserError: the model or the name is refused, or the data folder cannot be written.
    """
    if options.model is None:
        raise UserError("name a run's folder, a model folder, a checkpoint or a hub id to add")
    for flag, text in (("--licence", options.licence), ("--what", options.what)):
        if text is not None and (words(text) != text or not 0 < len(text) <= MAX_FACT):
            raise UserError(f"{flag}: one line of printable text, at most {MAX_FACT} characters")
    name = options.name or default_name(options.model)
    check_new(name)
    folder = find_source(options.model)
    model = load_model(folder)
    known = entry(options.model)
    run = run_of(options.model)
    about: dict[str, Any] = {**model.about, **measured(run)}
    about |= {"what": options.what or stated(known.what), "licence": options.licence or stated(known.licence)}
    about |= {"origin": origin_of(options.model, run, known)}
    about |= {"data": about.get("data") or data_of(run, model.about)}
    about = {key: value for key, value in about.items() if value not in ("", [], None)}
    licence = str(about.get("licence", "other")).lower().replace(" ", "-")
    card = model_card(
        {key: value for key, value in about.items() if key != "load_report"} | {"generator_sha256": model.digest},
        name,
        rest_of_card(folder),
        licence if LICENCE_ID.fullmatch(licence) else "other",
    )
    put(name, folder, about, card, sheet(tiles_of(model.generator)))
    return entry(name)


def drop(options: RemoveOptions) -> str:
    """Removes an added source and returns its name.

    Raises:
        UserError: no source of that name was added.
    """
    if options.name is None:
        raise UserError("name the added source to remove")
    remove(options.name)
    return options.name


def renew(options: UpdateOptions) -> tuple[str, str, str]:
    """Takes the newest commit of a hub id; returns the id, the commit before and the commit now.

    Raises:
        UserError: it is no hub id, or the hub cannot be asked.
    """
    if options.name is None or not is_hub_id(options.name):
        raise UserError("name the hub id to update, like hf:user/name")
    return options.name, *update(options.name)


def default_name(model: str) -> str:
    """Returns a name made of that of a folder, file or hub id, without the number of a run.

    Example:
        >>> default_name("runs/0003-Ink Dogs-train"), default_name("hf:me/Cats@v1"), default_name("a/net.pkl")
        ('ink-dogs-train', 'cats', 'net')
    """
    if is_hub_id(model):
        stem = model.partition("@")[0].rpartition("/")[2]
    else:
        path = Path(model).resolve()
        path = path.parent if path.name == "model" else path
        stem = path.stem if path.is_file() or path.suffix in (".pkl", ".pt") else path.name
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"^\d+-", "", stem.lower())).strip("-")[:60].strip("-")


def run_of(model: str) -> Path | None:
    """Returns the folder of the run that a path names, or whose `model/` it names; None for all else."""
    if is_known(model) or is_hub_id(model):
        return None
    path = Path(model).resolve()
    folder = path.parent if path.name == "model" else path
    return folder if (folder / RECORD).is_file() else None


def origin_of(model: str, run: Path | None, known: Source) -> str:
    """Returns where a model comes from in words; no path of this machine."""
    if run is not None:
        return f"run {run.resolve().name}"
    if is_hub_id(model):
        pin = read_pin(model)
        return f"{model.partition('@')[0]}@{pin.revision}" if pin else model
    return stated(known.origin) if known.kind != "local" else Path(model).resolve().name


def data_of(run: Path | None, about: dict[str, Any]) -> str:
    """Returns what a run trained on in words, from its record; empty where it does not say."""
    record = as_json(None if run is None else run / RECORD)
    images, count = record.get("images"), about.get("pictures")
    if not isinstance(images, str):
        return ""
    return f"{count:,} pictures of {Path(images).name}" if isinstance(count, int) else Path(images).name


def measured(run: Path | None) -> dict[str, str]:
    """Returns the numbers in metrics.json of a run, each with its protocol, under the names that entries show."""
    metrics = as_json(None if run is None else run / "metrics.json")
    found = {}
    for title in METRICS_SHOWN:
        by = metrics.get(title.lower())
        measure = by.get("adapted") if isinstance(by, dict) else None
        try:
            found[title] = in_words(measure)
        except (TypeError, KeyError, ValueError, AttributeError):
            continue
    return found


def in_words(measure: Any) -> str:
    """Returns a measure, as JSON holds it, with its error and protocol.

    Example:
        >>> in_words({"value": 0.01234, "error": None, "protocol": {"encoder": "inception", "fake": 9, "real": 8}})
        '0.01234 (inception, 9 samples, truncation 1, against 8 held-out pictures)'
    """
    error = "" if measure.get("error") is None else f" +- {float(measure['error']):.4f}"
    protocol = measure["protocol"]
    real, fake = protocol.get("real", "?"), protocol.get("fake", "?")
    warning = f"; {protocol['warning']}" if "warning" in protocol else ""
    return (
        f"{float(measure['value']):.4g}{error} ({protocol.get('encoder', '?')}, {fake} samples,"
        f" truncation {protocol.get('truncation', 1):g}, against {real} held-out pictures{warning})"
    )


def as_json(path: Path | None) -> dict[str, Any]:
    """Returns a JSON object of a run's folder; empty where there is none."""
    try:
        found = {} if path is None else json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def rest_of_card(folder: Path) -> str:
    """Returns the sections of a model's card after its facts, but that on the delta, which stays with the run."""
    try:
        with open(folder / CARD, "rb") as file:
            card = file.read(MAX_CARD_BYTES).decode(errors="replace")
    except OSError:
        return ""
    kept = [part for part in card.split("\n## ")[1:] if not part.startswith("Small delta\n")]
    return "\n\n".join(f"## {part.strip()}" for part in kept)


def stated(fact: str) -> str:
    """Returns a fact, or nothing where it is not stated."""
    return "" if fact == NOT_STATED else fact
