"""The pair that a run starts from: a source's networks, or new ones drawn by seed; and the state around them."""

import copy
from dataclasses import dataclass
from typing import Any, Literal

import torch

from graftgan.augment import AUGMENTS, AdaptiveAugment, Augment, DiffAugment, NoAugment
from graftgan.errors import UserError
from graftgan.losses.lecam import LeCamAnchors
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.networks import NETWORKS, Discriminator, Generator, check_trains
from graftgan.randomness import generator_at
from graftgan.recipes.options import TrainingOptions
from graftgan.state import State
from graftgan.surgery.resolution import resized
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source

COMMON = ("resolution", "channel_base", "channel_max", "channels", "c_dim", "conv_clamp", "layer_norm")
"""What a generator's configuration says of its discriminator."""
Drawn = Literal["", "in part", "wholly"]


@dataclass(frozen=True)
class StartingPair(Model):
    """The networks that a run starts from, and what was done to the source's to have them.

    Attributes:
        drawn: whether D, or a part of it, was drawn by the run's seed beside a G that has a source.
        treatment: sentences on what became of the source; empty where it starts as it is.
    """

    drawn: Drawn = ""
    treatment: tuple[str, ...] = ()


def starting_pair(options: TrainingOptions, resolution: int | None, classes: int) -> StartingPair:
    """Returns the networks that a run starts from: the same for the same options, whenever it is asked.

    Args:
        options: source, network, widths and seed.
        resolution: of the pictures; None: the source's. A StyleGAN2 source is cut or grown to another one.
        classes: number of classes of a network drawn anew, 0 for none.

    Returns:
        A model with both networks, owned by the run; a discriminator that the source has not is drawn.

    Raises:
        UserError: source and options contradict each other, which is said by the names of both, or the source is a VAE
            without its encoder.
    """
    if options.source == "none":
        if resolution is None:
            raise UserError("--source none: a network drawn anew needs --resolution")
        return draw_pair(options, resolution, classes)
    model = load_model(find_source(options.source))
    check_trains(model.network, options.source)
    if options.network not in ("auto", model.network):
        raise UserError(f"--network {options.network}: the source {options.source} is a {model.network}")
    if options.classes:
        raise UserError(f"--classes: the classes of a source are its own; leave it out with --source {options.source}")
    generator, discriminator = model.generator, model.discriminator
    drawn: Drawn = ""
    treatment = []
    if resolution not in (None, generator.resolution):
        assert resolution is not None
        rng = generator_at(options.seed, 0, purpose="resolution")
        try:
            other = resized(generator, discriminator, resolution, rng)
        except UserError as error:
            raise UserError(f"--resolution {resolution}: the source {options.source}: {error}") from None
        turned = "cut" if resolution < generator.resolution else "grown"
        change = f"{turned} from {generator.resolution} px to {resolution}: {other.in_words()} (by seed {options.seed})"
        treatment.append(f"the source was {change}")
        generator, discriminator = other.generator, other.discriminator
        drawn = "in part"
    if discriminator is None:
        try:
            discriminator = draw_discriminator(model.network, generator, options.seed)
        except UserError as error:
            raise UserError(f"--source {options.source}: {error}") from None
        drawn = "wholly"
    digests = {"digest": model.digest, "discriminator_digest": model.discriminator_digest}
    return StartingPair(
        model.network, generator, discriminator, model.about, **digests, drawn=drawn, treatment=tuple(treatment)
    )


def draw_discriminator(network: str, generator: Generator, seed: int) -> Discriminator:
    """Returns a discriminator for a generator that has none: of its architecture and widths, drawn by the seed.

    Args:
        network: a name in `NETWORKS`.
        generator: of that architecture.
        seed: of the run.

    Raises:
        UserError: what is missing is no adversary but a VAE's encoder, which knows what its decoder means.
    """
    check_trains(network, network)
    kind = NETWORKS[network].discriminator
    if not kind.adversary:
        raise UserError(f"a {network} without its encoder cannot be trained")
    config = generator.config()
    drawn = kind(**{name: config[name] for name in COMMON if name in config})
    drawn.init_weights(generator_at(seed, 0, purpose="discriminator"))
    return drawn.eval()


def treatment_of(options: TrainingOptions, model: StartingPair) -> tuple[str, ...]:
    """Returns sentences on what became of the source before G first learnt; none where it starts as it is.

    Args:
        options: of the run.
        model: what it starts from.
    """
    if not model.drawn:
        return model.treatment
    alone = options.d_first
    if METHODS[options.method].leaves_discriminator:
        then = f"left out of the model, as {options.method} does not train it"
    else:
        then = f"trained alone for {alone} steps" if alone else "trained with the generator from the first step"
    if model.drawn == "in part":
        return (*model.treatment, f"its discriminator, now new in part, was {then}")
    return (*model.treatment, f"the source has no discriminator: one was drawn by seed {options.seed} and {then}")


def is_drawn(model: Model) -> bool:
    """Returns whether D of a source is missing, or holds parts that were drawn."""
    return model.discriminator is None or (isinstance(model, StartingPair) and bool(model.drawn))


def unfit(method: Method, model: Model) -> str:
    """Returns why a method cannot start from a pair, as words after the method's name; empty where it can."""
    if model.discriminator is not None and not model.discriminator.adversary:
        return f"needs a discriminator, and a {model.network} has none" if method.needs_adversary else ""
    told = method.draws_on()
    if not told or not is_drawn(model):
        return ""
    part = isinstance(model, StartingPair) and model.drawn == "in part"
    return f"{told}, and {'that is new in part at this --resolution' if part else 'this source has none'}"


def draw_pair(options: TrainingOptions, resolution: int, classes: int) -> StartingPair:
    """Returns new networks, their weights drawn by the run's seed."""
    name = "stylegan2" if options.network == "auto" else options.network
    widths: dict[str, Any] = {
        "resolution": resolution,
        "channel_base": options.cbase,
        "channel_max": options.cmax,
        "c_dim": classes,
    }
    architecture = NETWORKS[name]
    length = architecture.z_dim if options.z_dim is None else options.z_dim
    latent = {"z_dim": length}
    if name == "stylegan2":
        latent |= {"w_dim": length, "mapping_layers": 2}
    if options.layer_norm:
        widths["layer_norm"] = True
    if options.grey:
        widths["channels"] = 1
    generator = architecture.generator(**widths, **latent)
    inverse = {} if architecture.discriminator.adversary else latent  # an encoder answers latents
    discriminator = architecture.discriminator(**widths, **inverse)
    rng = generator_at(options.seed, 0, purpose="weights")
    generator.init_weights(rng)
    discriminator.init_weights(rng)
    return StartingPair(name, generator, discriminator, {})


def make_state(
    model: Model,
    options: TrainingOptions,
    method: Method,
    device: torch.device,
    preparation: Preparation,
) -> State:
    """Returns the state a run begins with: the pair, prepared by the method, with average and optimisers.

    Args:
        model: whose networks the run takes over.
        options: augmentation and learning rates.
        method: prepares the pair.
        device: where everything is put.
        preparation: what the method may use while it prepares.
    """
    assert model.discriminator is not None
    generator, discriminator = model.generator.train(), model.discriminator.train()
    generator.requires_grad_(True)
    discriminator.requires_grad_(True)
    # A model of augmented pictures would make augmented pictures; only an adversary can see them on both sides.
    augment = augmentation(options) if discriminator.adversary else NoAugment()
    state = State(generator, discriminator, generator, augment).to(device)
    if preparation.rules.lecam > 0:
        state.fixed["lecam"] = LeCamAnchors().to(device)
    method.prepare(state, preparation)
    state.average = copy.deepcopy(state.generator).eval().requires_grad_(False)
    usual, betas = NETWORKS[model.network].learning_rate, (0.0, 0.99)
    faster_g, faster_d = method.rates()
    if state.trainable_g():
        rate = usual * faster_g if options.lr_g is None else options.lr_g
        state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), rate, betas)
    if state.trainable_d():
        rate = usual * faster_d if options.lr_d is None else options.lr_d
        state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), rate, betas)
    return state


def augmentation(options: TrainingOptions) -> Augment:
    """Returns the augmentation that the options name, with its own options; ADA at a pace that suits the budget."""
    if options.augment == "ada":
        return AdaptiveAugment(kimg=min(100.0, options.kimg / 4) if options.ada_kimg is None else options.ada_kimg)
    if options.augment == "diffaug":
        return DiffAugment(options.augment_policy)
    return AUGMENTS[options.augment]()
