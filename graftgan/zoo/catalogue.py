"""All entries of the zoo: embedded, in installed packages, added, and the hub ids used here."""

import dataclasses
from pathlib import Path

from graftgan.errors import UserError
from graftgan.zoo.conversion_cache import kept_at
from graftgan.zoo.embedded import EMBEDDED, embedded_folder
from graftgan.zoo.entry import Source, described, file_digest
from graftgan.zoo.hub import cached, is_hub_id, parse_id
from graftgan.zoo.model_folder import CONFIG, GENERATOR
from graftgan.zoo.packages import PACKAGES, Package, is_converted, package_kept_at
from graftgan.zoo.pins import pinned_words, read_pin
from graftgan.zoo.registry import added_folder, added_names
from graftgan.zoo.single_file import is_single, unpacked
from graftgan.zoo.sources import find_source, is_known


def catalogue() -> list[Source]:
    """Returns every entry; fetches, converts and imports nothing.

    Returns:
        Embedded ones first, then those of packages (installed or not), added ones, and hub ids used before.

    Example:
        >>> catalogue()[0].name
        'avatars-64'
    """
    names = [*EMBEDDED, *PACKAGES, *added_names(), *pinned_words()]
    return [entry(name) for name in names]


def entry(source: str) -> Source:
    """Returns what is known of one source.

    Args:
        source: a name, a hub id used before, or anything else that `find_source` takes.

    Raises:
        UserError: there is no such source.
    """
    if source in EMBEDDED:
        return described(embedded_folder(source), source, "embedded", origin="graftgan itself")
    if source in PACKAGES:
        return of_package(PACKAGES[source])
    if is_hub_id(source):
        return of_hub(source)
    if is_known(source):
        folder = added_folder(source)
        assert folder is not None
        return described(folder, source, "added")
    return described(find_source(source), source, "local", origin=str(Path(source)))


def of_package(package: Package) -> Source:
    """Returns the entry of a package: from the converted model where there is one, else as it is published."""
    file = package.find()
    if file is None:
        return dataclasses.replace(package.facts, problem=f"not installed: {package.install}")
    facts = package.facts
    try:
        size, digest = file.stat().st_size, file_digest(file)
    except (OSError, UserError) as error:
        return dataclasses.replace(facts, problem=f"{file} cannot be read: {getattr(error, 'strerror', '') or error}")
    if digest != package.sha256:
        problem = f"{file} is not the file that {package.distribution} {package.version} carries"
        return dataclasses.replace(facts, size=size, problem=problem)
    if not is_converted(package):
        return dataclasses.replace(facts, size=size)
    kept = described(package_kept_at(package), facts.name, "package")
    return dataclasses.replace(facts, size=size, digest=kept.digest, folder=kept.folder, problem=kept.problem)


def of_hub(word: str) -> Source:
    """Returns the entry of a hub id, as far as it is on this machine; asks the hub nothing."""
    try:
        wanted, pin = parse_id(word), read_pin(word)
        if pin is None:
            raise UserError(f"{word} was not used yet: any command with --source {word} fetches and pins it")
        path = cached(wanted, pin.revision, tuple(pin.files))
        own = unpacked(path) if wanted.file and path is not None and is_single(path) else None
    except UserError as error:
        return Source(word, "hub", problem=str(error))
    origin = f"{word.partition('@')[0]}@{pin.revision}"
    file = pin.files.get(wanted.file, "")
    folder = own or (kept_at(file) if wanted.file else path)
    if path is None or folder is None or not (folder / CONFIG).is_file():
        problem = f"not in the cache: any command with --source {word} fetches it again"
        return Source(word, "hub", origin=origin, digest=file, problem=problem)
    found = described(folder, word, "hub", origin)
    return found if found.problem or not path.is_dir() else changed(found, pin.files)


def changed(found: Source, files: dict[str, str]) -> Source:
    """Returns an entry of the hub, with a problem if its weights are not those of its first use."""
    if found.digest == files.get(GENERATOR):
        return found
    return dataclasses.replace(found, problem=f"{GENERATOR} is not the file of its first use (sha256)")
