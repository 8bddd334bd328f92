"""The pair that a run starts from: a source's networks, or new ones drawn by seed; and the state around them."""

import copy
from typing import Any

import torch

from graftgan.augment import AUGMENTS, AdaptiveAugment, Augment, DiffAugment, NoAugment
from graftgan.errors import UserError
from graftgan.losses.lecam import LeCamAnchors
from graftgan.methods import Method
from graftgan.methods.base import Preparation
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes.options import TrainingOptions
from graftgan.state import State
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source


def starting_pair(options: TrainingOptions, resolution: int | None, classes: int) -> Model:
    """Returns the networks that a run starts from.

    Args:
        options: source, network and widths.
        resolution: of the pictures; None: the source's.
        classes: number of classes of a network drawn anew, 0 for none.

    Returns:
        A model with both networks, owned by the run.

    Raises:
        UserError: source and options contradict each other; names both.
    """
    if options.source == "none":
        if resolution is None:
            raise UserError("--source none: a network drawn anew needs --resolution")
        return draw_pair(options, resolution, classes)
    model = load_model(find_source(options.source))
    if model.discriminator is None:
        raise UserError(f"--source {options.source} has no discriminator to start from")
    if options.network not in ("auto", model.network):
        raise UserError(f"--network {options.network}: the source {options.source} is a {model.network}")
    if resolution not in (None, model.generator.resolution):
        raise UserError(
            f"--resolution {resolution}: the source {options.source} makes pictures of {model.generator.resolution} px"
        )
    if options.classes:
        raise UserError(f"--classes: the classes of a source are its own; leave it out with --source {options.source}")
    return model


def draw_pair(options: TrainingOptions, resolution: int, classes: int) -> Model:
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
    generator = architecture.generator(**widths, **latent)
    inverse = {} if architecture.discriminator.adversary else latent  # an encoder answers latents
    discriminator = architecture.discriminator(**widths, **inverse)
    rng = generator_at(options.seed, 0, purpose="weights")
    generator.init_weights(rng)
    discriminator.init_weights(rng)
    return Model(name, generator, discriminator, {})


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
