"""The options that every training job shares; command line, run.json and Python all derive from this one place."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftgan.augment import AUGMENTS
from graftgan.augment.diffaug import POLICIES
from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.methods import METHODS
from graftgan.methods.rules import Rules
from graftgan.networks import NETWORKS
from graftgan.networks.base import check_resolution
from graftgan.training.loop import Schedule


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What `adapt` and `train` have in common."""

    source: str = "none"
    """Model to start from: a name (see `graftgan sources`), a model or run folder, another project's checkpoint (see
    `graftgan convert`); `none`: random weights."""
    method: str = "finetune"
    """How the pretrained pair is adapted: {methods}."""
    method_options: tuple[str, ...] = ()
    """The method's own settings as NAME=VALUE, for example `frozen=3`: {settings}."""
    network: str = "auto"
    """Architecture: {networks}; `auto` is the source's, or stylegan2 where there is no source. A `vae` is trained by
    its own bound: --loss, the penalties and --augment are the adversarial game's, and have no part in it."""
    shots: int | None = None
    """Train on this many pictures, chosen by the seed; the rest becomes the hold-out that metrics use."""
    draw: int | None = None
    """Which draw of --shots pictures, from 1: the same for every seed, without a picture in common while they last."""
    holdout: str | None = None
    """Folder or zip of pictures that only metrics see."""
    held_out_classes: int = 0
    """Leave out so many whole classes (folders of pictures), the same as `graftgan meta` with the same seed does; they
    are the hold-out where no other is named."""
    kimg: float = 8.0
    """Budget: thousands of real pictures shown to the discriminator."""
    batch: int = 16
    """Pictures a step, over all devices."""
    resolution: int | None = None
    """Side of the pictures in pixels; default: the source's, or the power of two at or above the pictures' own. A
    stylegan2 source is cut to a lower one, or grown to one up to four times as high."""
    seed: int = 0
    """Of everything random in the run."""
    outdir: str = "runs"
    """The run's folder is made below this one."""
    resume: str | None = None
    """Go on with this run's folder, with its options; only --kimg may differ: it may be raised."""
    devices: str = "auto"
    """auto, cpu, cpu:2, cuda, cuda:4, mps, or a number of devices."""
    precision: str = "auto"
    """32, bf16 (autocast), or auto: bf16 on recent CUDA devices, else 32."""
    square: str = "crop"
    """How a picture that is not square is made so: `crop` its centre, or `pad` with white."""
    flip: bool = False
    """Mirror pictures at random. Off: hair partings, writing and poses have a side."""
    classes: bool = False
    """Train a class-conditional network: each folder of pictures is a class (stylegan2 only)."""
    loss: str = "non-saturating"
    """Adversarial loss: {losses}."""
    r1: float | None = None
    """Weight gamma of R1; default 0.0002 * resolution^2 / batch (Karras et al. 2020), 0 with a Wasserstein loss."""
    r1_every: int = 16
    """R1 and R2 are taken every so many steps, and multiplied by it."""
    r2: float | None = None
    """Weight of R2, the same penalty on fakes; default R1's with the relativistic loss (R3GAN), else 0."""
    gradient_penalty: float | None = None
    """Weight of WGAN-GP's penalty; default 10 with the Wasserstein loss, else 0."""
    path_length: float = 0.0
    """Weight of StyleGAN2's path length penalty (2 there); off by default, as few-shot runs are short."""
    lecam: float = 0.0
    """Weight of LeCam regularisation (Tseng et al. 2021), which keeps the discriminator's logits near their moving
    averages; 0.3 published for BigGAN; the right one depends on the scale of the logits."""
    d_first: int = 0
    """Steps at the beginning in which the discriminator trains alone, for one that the run drew because the source has
    none. They count in the budget; on two measured pairs of 32 px the more, the worse."""
    augment: str = "none"
    """Differentiable augmentation of what the discriminator sees: {augments}."""
    augment_policy: tuple[str, ...] = ("colour", "translation", "cutout")
    """Which of DiffAugment's transformations are used: {policies}."""
    ada_kimg: float | None = None
    """Thousands of pictures in which ADA's strength can reach 1; default a quarter of the budget, at most 100."""
    lr_g: float | None = None
    """Adam's learning rate for the generator; default the network's own: stylegan2 0.0025, dcgan 0.0004,
    vae 0.001."""
    lr_d: float | None = None
    """Adam's learning rate for the discriminator, or a VAE's encoder; default likewise."""
    ema_kimg: float = 10.0
    """Half-life of the generator's average (10 kimg at batch 32: StyleGAN2-ADA)."""
    ema_rampup: float = 0.05
    """The half-life is at most this part of the pictures seen, so that short runs forget the source; 0: no ramp-up."""
    ticks: int = 20
    """How often in the run samples, log and checkpoint are written."""
    keep: int = 3
    """How many checkpoints are kept."""
    cbase: int = 1024
    """Network's width, from random weights only: channels at R pixels = min(cbase / R, cmax)."""
    cmax: int = 128
    """The most channels any layer has, from random weights only."""
    z_dim: int | None = None
    """Length of the latents, from random weights only; default 128, for a vae 16: a prior that it fills."""
    grey: bool = False
    """Draw a network of one channel, for ink and other pictures without colour; from random weights only."""
    layer_norm: bool = False
    """Normalise each picture by itself instead of over the batch: a dcgan, from random weights only, that
    `graftgan meta` can go on with."""

    def __post_init__(self) -> None:
        """Checks every option by itself.

        Raises:
            UserError: names the option, its value and what is valid.
        """
        check_choice("--method", self.method, self.methods())
        check_choice("--network", self.network, ["auto", *NETWORKS])
        check_choice("--loss", self.loss, LOSSES)
        check_choice("--augment", self.augment, AUGMENTS)
        for policy in self.augment_policy:
            check_choice("--augment-policy", policy, POLICIES)
        check_choice("--square", self.square, ["crop", "pad"])
        for name in ("kimg", "batch", "r1_every", "ticks", "keep", "cbase", "cmax", "z_dim"):
            if not 0 < (1 if getattr(self, name) is None else getattr(self, name)) < float("inf"):
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: a finite number above 0")
        for name in (
            "r1",
            "r2",
            "gradient_penalty",
            "path_length",
            "lecam",
            "lr_g",
            "lr_d",
            "ema_kimg",
            "ema_rampup",
            "ada_kimg",
        ):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise UserError(f"--{name.replace('_', '-')} {value}: a finite number from 0")
        for name in ("batch", "cbase", "cmax", "z_dim"):
            if (getattr(self, name) or 0) > LARGEST:
                raise UserError(f"--{name.replace('_', '-')} {getattr(self, name)}: at most {LARGEST}")
        if self.shots is not None and self.shots < 1:
            raise UserError(f"--shots {self.shots}: at least one picture")
        if self.draw is not None and (self.draw < 1 or self.shots is None):
            raise UserError(f"--draw {self.draw}: counted from 1, and --shots says how many pictures a draw has")
        if self.held_out_classes < 0:
            raise UserError(f"--held-out-classes {self.held_out_classes}: 0 or more")
        if self.held_out_classes and self.classes:
            raise UserError("--held-out-classes: a network with --classes knows every class of its folder")
        if self.grey and self.source != "none":
            raise UserError(f"--grey: of a network drawn anew; the channels of {self.source} are its own")
        if self.layer_norm and (self.network != "dcgan" or self.source != "none"):
            raise UserError("--layer-norm: of a --network dcgan that is drawn anew, with --source none")
        if self.d_first < 0:
            raise UserError(f"--d-first {self.d_first}: 0 steps or more")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: must be 0 or above")
        if self.resolution is not None:
            try:
                check_resolution(self.resolution)
            except UserError as error:
                raise UserError(f"--resolution {self.resolution}: {error}") from None
        if self.method != AUTO:
            method_from(self.method, self.method_options)
        elif self.method_options:
            raise UserError(f"--method-options {self.method_options[0]}: name the --method that it belongs to")

    def methods(self) -> list[str]:
        """Returns what --method may be."""
        return list(METHODS)

    def rules(self, resolution: int) -> Rules:
        """Returns the adversarial game that these options describe at a resolution."""
        wasserstein = self.loss == "wasserstein"
        r1 = self.r1 if self.r1 is not None else 0.0 if wasserstein else 0.0002 * resolution**2 / self.batch
        penalty = self.gradient_penalty if self.gradient_penalty is not None else 10.0 if wasserstein else 0.0
        r2 = self.r2 if self.r2 is not None else r1 if self.loss == "relativistic" else 0.0
        return Rules(
            LOSSES[self.loss],
            r1,
            self.r1_every,
            r2,
            penalty,
            self.path_length,
            lecam=self.lecam,
            d_first=self.d_first,
        )

    def schedule(self) -> Schedule:
        """Returns length, ticks and average of the run."""
        return Schedule(self.batch, self.kimg, self.ticks, self.ema_kimg, self.ema_rampup)

    def watch_by(self) -> str | None:
        """Returns the encoder by which the watch picks the checkpoint; None: no watch, the last step."""
        return None


AUTO = "auto"
"""The method that stands for whatever advice recommends; `adapt` alone knows it."""
LARGEST = 2**16
SWITCH = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def to_json(options: Any) -> dict[str, Any]:
    """Returns an options dataclass as JSON values."""
    return json.loads(json.dumps(dataclasses.asdict(options)))


def from_json(kind: type[Any], values: dict[str, Any]) -> Any:
    """Returns the options of a dataclass that JSON values describe.

    Raises:
        UserError: a value is unknown or missing.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(values.keys() - known):
        raise UserError(f"run.json holds options of another version: {', '.join(unknown[:3])}")
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return kind(**tuples)
    except TypeError as error:
        raise UserError(f"run.json: {error}") from error


def from_keywords(kind: type[Any], keywords: dict[str, Any]) -> Any:
    """Returns the options that a Python call describes; answers a wrong name with the nearest right one.

    Raises:
        UserError: an unknown option, or a value that is refused.
    """
    known = [field.name for field in dataclasses.fields(kind)]
    for name in keywords:
        check_choice("option", name, known)
    values = {name: str(value) if isinstance(value, Path) else value for name, value in keywords.items()}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise UserError(f"an option has a value of another kind: {error}") from error


def method_from(name: str, settings: tuple[str, ...]) -> Any:
    """Returns the method `name` with settings like `frozen=3`.

    Raises:
        UserError: a setting the method has not, or a value that is not of its type.
    """
    kind: Any = METHODS[name]
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for setting in settings:
        key, _, text = setting.partition("=")
        if not fields:
            raise UserError(f"--method-options {setting}: {name} has no settings")
        check_choice(f"--method-options of {name}:", key, fields)
        wanted: type[Any] = type(fields[key].default)
        try:
            values[key] = SWITCH[text.lower()] if wanted is bool else wanted(text)
        except (ValueError, KeyError):
            kinds = {int: "a whole number", float: "a number", bool: "true or false"}
            raise UserError(f"--method-options {setting}: {key} is {kinds.get(wanted, wanted.__name__)}") from None
        if wanted in (int, float) and not abs(values[key]) <= LARGEST:
            raise UserError(f"--method-options {setting}: {key} is a finite number, at most {LARGEST}")
    return kind(**values)
