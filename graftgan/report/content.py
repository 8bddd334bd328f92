"""What a report says: pictures, numbers and sentences, before they become a page."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graftgan.report.words import Better


@dataclass(frozen=True)
class MetricRow:
    """One metric of the run.

    Attributes:
        name: such as "KID".
        encoder: what looked at the pictures.
        adapted: of the adapted generator; None where it could not be measured.
        source: of the unchanged source, under the same protocol.
        floor: noise floor: one half of the hold-out against the other.
        error: standard error of `adapted`.
        protocol: how the numbers were made: sizes of the sets, seeds, resize rule.
        note: one sentence to be read with the number; may be empty.
        better: which way it is better.
        about: one plain sentence: what it says.
        group: heading it stands under; rows without one come first.
        source_error: standard error of `source`.
        floor_error: standard error of `floor`.
    """

    name: str
    encoder: str
    adapted: float | None
    source: float | None = None
    floor: float | None = None
    error: float | None = None
    protocol: str = ""
    note: str = ""
    better: Better = "lower"
    about: str = ""
    group: str = ""
    source_error: float | None = None
    floor_error: float | None = None


@dataclass(frozen=True)
class Score:
    """One metric of an evaluation.

    Attributes:
        name: such as "KID".
        encoder: what looked at the pictures.
        value: of the pictures that are judged; None where it could not be measured.
        error: standard error of `value`.
        floor: noise floor: one half of the reference against the other.
        floor_error: standard error of `floor`.
        better: which way it is better.
        about: one plain sentence: what it says.
        group: heading it stands under; rows without one come first.
        protocol: how the numbers were made: sizes of the sets, seeds, resize rule.
        note: one sentence to be read with the number; may be empty.
    """

    name: str
    encoder: str
    value: float | None
    error: float | None = None
    floor: float | None = None
    floor_error: float | None = None
    better: Better = "lower"
    about: str = ""
    group: str = ""
    protocol: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A sample and the photo nearest to it.

    Attributes:
        sample: uint8 (H, W, 3 or 1).
        photo: uint8 (H, W, 3 or 1).
        distance: between the two, in the unit that the page's `copy_rule` names.
        copy: whether the sample counts as a copy of the photo.
    """

    sample: np.ndarray
    photo: np.ndarray
    distance: float
    copy: bool = False


@dataclass(frozen=True)
class Layer:
    """How far one layer moved.

    Attributes:
        name: of the parameter, or of the layer.
        change: norm of the difference over the norm before, at least 0; NaN or infinity where it was zero before.
    """

    name: str
    change: float


@dataclass(frozen=True)
class LayerShare:
    """What the method found out about one layer of the generator.

    Attributes:
        name: of the layer.
        share: in [0, 1].
        what: of what: "filters kept as important"; layers with the same words share a chart.
    """

    name: str
    share: float
    what: str


@dataclass(frozen=True)
class Choice:
    """How the checkpoint that the user gets was chosen, without a hold-out.

    Attributes:
        kimg: the chosen moment.
        rule: sentence that says how it was chosen.
        curve: one entry a look, in the order of time, with `kimg` and any scalars, such as score, diversity, nearest;
            each scalar has a chart of its own.
        warnings: sentences on what the curve shows, such as collapse or copying.
    """

    kimg: float
    rule: str
    curve: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Report:
    """All that the page shows. What is empty or None is left out, or said to be missing.

    Attributes:
        title: heading of the page.
        verb: that made the run: "adapt" or "train".
        method: name of the method; may be empty.
        source_name: the source that was adapted; empty when trained from scratch.
        photos: uint8 (n, H, W, 3 or 1); the first 64 are shown.
        photo_names: n names, as the user knows them.
        photos_total: how many photos the run had; 0 stands for n.
        seeds: of the samples, m.
        adapted_samples: uint8 (m, H, W, 3 or 1).
        source_samples: the source's pictures of the same latents; None if there is no source.
        over_time: (kimg, uint8 (8, H, W, 3 or 1)) in the order of time, the same latents every time.
        log: ticks with `kimg` and any scalars, such as loss_d, loss_g, logit_real, logit_fake, r1.
        metrics: the table.
        missing: sentences that say which numbers are missing, and why.
        neighbours: samples with their nearest photos; the first 16 are shown.
        copy_rule: sentence that says what counts as a copy, and how distance is measured.
        copies: sentence that says how many there are.
        generator_layers: in the order of the network.
        discriminator_layers: in the order of the network.
        critic: what trains beside the generator: a discriminator, or the encoder of a VAE.
        findings: what the method found out about the generator's layers, in the order of the network.
        warnings: sentences that belong at the top.
        facts: (name, value): time, memory, cost, device, versions, seed, hashes.
        command: that repeats the run.
        checkpoint_rule: sentence that says how the shown checkpoint was chosen, where `choice` does not.
        choice: how the checkpoint was chosen; None leaves the section out.
    """

    title: str
    verb: str
    method: str
    source_name: str
    photos: np.ndarray
    photo_names: list[str]
    seeds: list[int]
    adapted_samples: np.ndarray
    photos_total: int = 0
    source_samples: np.ndarray | None = None
    over_time: list[tuple[float, np.ndarray]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[MetricRow] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    copy_rule: str = ""
    copies: str = ""
    generator_layers: list[Layer] = field(default_factory=list)
    discriminator_layers: list[Layer] = field(default_factory=list)
    critic: str = "discriminator"
    findings: list[LayerShare] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    command: str = ""
    checkpoint_rule: str = ""
    choice: Choice | None = None

    def __post_init__(self) -> None:
        """Refuse arrays and lists that do not belong together."""
        if len(self.photo_names) != len(self.photos):
            raise ValueError(f"{len(self.photos)} photos, but {len(self.photo_names)} photo_names")
        if len(self.seeds) != len(self.adapted_samples):
            raise ValueError(f"{len(self.adapted_samples)} adapted_samples, but {len(self.seeds)} seeds")
        if self.source_samples is not None and len(self.source_samples) != len(self.seeds):
            raise ValueError(f"{len(self.source_samples)} source_samples, but {len(self.seeds)} seeds")
