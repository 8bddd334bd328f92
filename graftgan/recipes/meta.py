"""`graftgan meta`: a source that has learnt to be adapted, from folders of classes."""

import copy
import dataclasses
import shlex
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from graftgan.augment import NoAugment
from graftgan.data import write_rows
from graftgan.data.tasks import Tasks, as_tasks, episode
from graftgan.devices import average_gradients, from_first, in_any, launch
from graftgan.errors import NumericalError, StoppedEarly, UserError
from graftgan.files import write_atomically
from graftgan.formats.card import model_card
from graftgan.metalearning import ALGORITHMS
from graftgan.methods.inner_loop import Draws, Game, draw
from graftgan.networks import NETWORKS, Discriminator
from graftgan.randomness import generator_at
from graftgan.recipes.meta_options import MetaOptions
from graftgan.recipes.meta_pictures import adapted_sheet, as_images, read_classes
from graftgan.recipes.pictures import refuse_runs_among
from graftgan.recipes.record import command, digest_of, resumed, versions
from graftgan.recipes.training_run import newest_checkpoint
from graftgan.sampling.sample import latents
from graftgan.state import State, not_finite
from graftgan.training import checkpoint, ema
from graftgan.training.interrupt import Interrupt
from graftgan.training.log import Log
from graftgan.training.loop import fit
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import Model, load_model, save_model
from graftgan.zoo.sources import find_source, is_known

AVERAGE_D = "average_discriminator"
LOOKED_AT = 32
"""Latents by which a StyleGAN2's mean style follows its mapping, a step."""


def run(options: MetaOptions, given: Collection[str] = ()) -> Path:
    """Learns initial weights from episodes and writes them as a source.

    Args:
        options: of the job; `options.resume` goes on with an earlier run.
        given: names of options that a resumed run must not pass over because they have their default's value.

    Returns:
        The run's folder; `model/` in it is a source for `adapt`, whose card says which classes were held out.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; a checkpoint was written.
        NumericalError: NaN or infinity; the last checkpoint is whole.
    """
    if options.resume is not None:
        options = resumed(MetaOptions, options, "meta", given)
    if options.tasks is None:
        raise UserError("name the folder or zip of classes to learn from")
    options = dataclasses.replace(options, tasks=str(Path(options.tasks).absolute()))
    if options.source != "none" and not is_known(options.source) and Path(options.source).exists():
        options = dataclasses.replace(options, source=str(Path(options.source).absolute()))  # resumed from anywhere
    refuse_runs_among("the pictures", str(options.tasks), options.outdir)
    fabric = launch(options.devices, "32")
    if options.at_once % fabric.world_size:
        raise UserError(f"--at-once {options.at_once}: must be a multiple of the {fabric.world_size} devices")
    pictures = read_classes(options, fabric.global_rank == 0)
    least = options.shots + options.asked()
    tasks = as_tasks(pictures, options.held_out_classes, max(least, 2), options.seed)
    model = starting_pair(options)
    options = as_begun(options, model, given)
    folder = open_folder(options, tasks, model, fabric)
    try:
        with Interrupt() as interrupt:
            state = _train(options, tasks, model, folder, fabric, lambda: in_any(fabric, interrupt.asked))
        from_first(fabric, lambda: write_model(options, tasks, model, state, folder.path))
    finally:
        folder.close()
    return folder.path


def starting_pair(options: MetaOptions) -> Model:
    """Returns the pair that the first episode begins with.

    Raises:
        UserError: the source is not a pair of the kind and size that the options describe.
    """
    if options.source != "none":
        model = load_model(find_source(options.source))
        if model.discriminator is None or not model.discriminator.adversary or model.generator.c_dim:
            raise UserError(f"--source {options.source}: learning to be adapted takes a pair without classes")
        if (model.network, model.generator.resolution) != (options.network, options.resolution):
            raise UserError(
                f"--source {options.source}: a {model.network} of {model.generator.resolution} px, not a "
                f"{options.network} of {options.resolution} px (--network, --resolution)"
            )
        try:
            Game(model.generator, model.discriminator, options.inner_loop())
        except UserError as error:
            raise UserError(f"--source {options.source}: {error}") from None
        return model
    widths: dict[str, Any] = {
        "resolution": options.resolution,
        "channel_base": options.cbase,
        "channel_max": options.cmax,
    }
    if options.grey:
        widths["channels"] = 1
    latent: dict[str, Any] = {"z_dim": options.z_dim}
    if options.network == "dcgan":
        widths["layer_norm"] = True
    else:
        latent |= {"w_dim": options.z_dim, "mapping_layers": 2}
    rng = generator_at(options.seed, 0, purpose="weights")
    generator = NETWORKS[options.network].generator(**widths, **latent)
    discriminator = NETWORKS[options.network].discriminator(**widths)
    generator.init_weights(rng)
    discriminator.init_weights(rng)
    return Model(options.network, generator, discriminator, {})


def as_begun(options: MetaOptions, model: Model, given: Collection[str]) -> MetaOptions:
    """Returns the options as the run's record should say them: with the source's own widths, and no fewer episodes
    than were played.

    Raises:
        UserError: a width was named that the source has not.
    """
    if options.source != "none":
        config = model.generator.config()
        told = {"cbase": "channel_base", "cmax": "channel_max", "z_dim": "z_dim"}
        own = {name: config[key] for name, key in told.items()} | {"grey": model.generator.channels == 1}
        for name, value in own.items():
            if name in given and getattr(options, name) != value:
                raise UserError(
                    f"--{name.replace('_', '-')} {getattr(options, name)}: the source {options.source} has {value}"
                )
        options = dataclasses.replace(options, **own)
    if options.resume is not None:
        steps = [int(path.name.partition("-")[2]) for path in Path(options.resume, "checkpoints").glob("step-*")]
        played = max(steps, default=0) * options.at_once
        options = dataclasses.replace(options, episodes=max(options.episodes, played))
    return options


def open_folder(options: MetaOptions, tasks: Tasks, model: Model, fabric: Fabric) -> RunFolder:
    """Returns the run's folder: a new one with run.json and photos.csv, or the one to go on in.

    Raises:
        UserError: it cannot be written, is in use, or began with other pictures or another source.
    """
    held: list[RunFolder] = []
    record = {
        "verb": "meta",
        "images": options.tasks,
        "command": command("meta", options),
        "options": dataclasses.asdict(options),
        "versions": versions(),
        "source_sha256": {"generator": model.digest, "discriminator": model.discriminator_digest},
        "photos_sha256": digest_of(tasks.pictures),
        "classes": [tasks.pictures.classes[at] for at in tasks.train],
        "held_out_classes": [tasks.pictures.classes[at] for at in tasks.held_out],
    }

    def first() -> str:
        if options.resume is None:
            held.append(RunFolder.create(Path(options.outdir), f"{Path(str(options.tasks)).stem}-meta"))
            write_rows(tasks.pictures.rows, held[0].path / "photos.csv")
            held[0].write_record(record)
            return str(held[0].path)
        held.append(RunFolder.open(Path(options.resume)))
        before = held[0].read_record()
        for fact, what in (("photos_sha256", "the pictures"), ("source_sha256", "the source")):
            if before.get(fact) != record[fact]:
                held[0].close()
                raise UserError(f"--resume {options.resume}: {what} are no longer those that the run began with")
        held[0].write_record(before | {"options": record["options"], "command": record["command"]})
        return str(held[0].path)

    path = from_first(fabric, first)
    return held[0] if held else RunFolder(Path(path), hold=False)


def _train(
    options: MetaOptions,
    tasks: Tasks,
    model: Model,
    folder: RunFolder,
    fabric: Fabric,
    asked: Callable[[], bool],
) -> State:
    """Plays the episodes, from the start or from the newest checkpoint, and returns the state at the end."""
    assert model.discriminator is not None
    chief = fabric.global_rank == 0
    generator, discriminator = model.generator.train(), model.discriminator.train()
    state = State(generator, discriminator, copy.deepcopy(generator), NoAugment()).to(fabric.device)
    game = Game(generator, discriminator, options.inner_loop())
    average_d = copy.deepcopy(discriminator).eval().requires_grad_(False)
    state.fixed[AVERAGE_D] = average_d
    averaged = Game(state.average, average_d, options.inner_loop())
    schedule = options.schedule()
    weights = [*generator.parameters(), *discriminator.parameters()]
    for weight in weights:
        weight.requires_grad_(True)
    state.average.eval().requires_grad_(False)
    state.optimiser_g = outer_optimiser(options, state.trainable_g().values())
    state.optimiser_d = outer_optimiser(options, state.trainable_d().values())
    checkpoints = folder.path / "checkpoints"
    saved = newest_checkpoint(checkpoints, fabric) if options.resume else None
    if saved is not None:
        path, tensors, numbers = saved
        try:
            state.load_tensors(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"{path} does not fit this run: {error.args[0]}") from error
        state.step, state.images = numbers["step"], numbers["images"]
    log = Log(folder.path, state.step if saved else None) if chief else None

    def step(index: int) -> dict[str, Tensor]:
        slopes_g, slopes_d, loss_d, loss_g = outer_slopes(options, tasks, game, index, fabric)
        for network, slopes in ((generator, slopes_g), (discriminator, slopes_d)):
            for name, weight in network.named_parameters():
                weight.grad = slopes[name]
        average_gradients(fabric, weights)
        if not torch.isfinite(torch.nn.utils.get_total_norm([cast(Tensor, w.grad) for w in weights])):
            raise NumericalError("an episode ended in NaN or infinity: lower --inner-lr-g or --inner-lr-d")
        assert state.optimiser_g is not None and state.optimiser_d is not None
        state.optimiser_g.step()
        state.optimiser_d.step()
        keep = ema.decay(schedule.batch, state.images + schedule.batch, schedule.half_life_kimg, schedule.rampup)
        ema.update(average_d, discriminator, keep)
        generator.observe(latents(range(LOOKED_AT), generator.z_dim).to(fabric.device))
        return {"loss_d": loss_d, "loss_g": loss_g}

    def tick(numbers: dict[str, Any]) -> None:
        tensors = state.tensors()
        if (name := not_finite(tensors)) is not None:
            raise NumericalError(f"step {state.step}: {name} holds NaN or infinity")
        (folder.path / "samples").mkdir(exist_ok=True)
        write_atomically(folder.path / "samples" / f"{state.step:08d}.png", adapted_sheet(options, tasks, averaged))
        if log is not None:
            log.write(state.step, {**numbers, "episodes": state.step * options.at_once})
        record = {"step": state.step, "images": state.images, "world_size": fabric.world_size}
        checkpoint.save(checkpoints, state.step, tensors, record, options.keep)

    def on_tick(numbers: dict[str, Any]) -> None:
        from_first(fabric, lambda: tick(numbers))

    try:
        if saved is None:
            on_tick({"kimg": 0.0})
        fit(state, step, schedule, on_tick, asked, show=chief, what="meta")
    except StoppedEarly as stop:
        raise StoppedEarly(f"{stop}; go on with: graftgan meta --resume {shlex.quote(str(folder.path))}") from None
    finally:
        if log is not None:
            log.close()
    return state


def outer_optimiser(options: MetaOptions, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Returns what moves one network's initial weights; Adam without momentum, as everywhere in adversarial games."""
    if options.outer_optimiser == "sgd":
        return torch.optim.SGD(list(weights), options.lr)
    return torch.optim.Adam(list(weights), options.lr, (0.0, 0.99))


def outer_slopes(
    options: MetaOptions, tasks: Tasks, game: Game, index: int, fabric: Fabric
) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor]:
    """Returns the mean slopes and losses of this process's episodes of one outer step, all played side by side."""
    mine = options.at_once // fabric.world_size
    first = index * options.at_once + fabric.global_rank * mine
    supports, queries, inner, outer = [], [], [], []
    for number in range(first, first + mine):
        drawn = episode(tasks, options.shots, options.asked(), options.seed, number)
        supports.append(as_images(tasks.pictures.pixels[drawn.support], game))
        queries.append(as_images(tasks.pictures.pixels[drawn.query], game))
        rng = generator_at(options.seed, number, purpose="episode")
        inner.append(draw(options.inner_steps, options.shots, game.generator.z_dim, rng))
        outer.append(draw(1, max(options.asked(), 1), game.generator.z_dim, rng))
    slopes = ALGORITHMS[options.algorithm].slopes

    def one(
        support: Tensor, query: Tensor, *numbers: Tensor
    ) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor, Tensor]:
        return slopes(game, game.start(), support, query, Draws(*numbers[:3]), Draws(*numbers[3:]))

    numbers = [
        torch.stack([getattr(draws, field) for draws in many]).to(fabric.device)
        for many in (inner, outer)
        for field in ("for_d", "for_g", "between")
    ]
    together = torch.func.vmap(one)
    found = together(torch.stack(supports).to(fabric.device), torch.stack(queries).to(fabric.device), *numbers)
    means = [{name: slope.mean(dim=0) for name, slope in part.items()} for part in found[:2]]
    return means[0], means[1], found[2].mean().detach(), found[3].mean().detach()


def write_model(options: MetaOptions, tasks: Tasks, model: Model, state: State, path: Path) -> None:
    """Writes `model/`: the learnt weights, and in its facts the inner loop that they were learnt for."""
    about: dict[str, Any] = {
        "algorithm": options.algorithm,
        "episodes": state.step * options.at_once,
        "kimg": state.images / 1000,
        "seed": options.seed,
        "pictures": len(tasks.pictures),
        "classes_learnt": len(tasks.train),
        "held_out_classes": [tasks.pictures.classes[at] for at in tasks.held_out],
        "inner_loop": {
            **dataclasses.asdict(options.inner_loop()),
            "steps": options.inner_steps,
            "shots": options.shots,
        },
    }
    learnt = Model(model.network, state.average, cast(Discriminator, state.fixed[AVERAGE_D]), about)
    note = (
        "A source that has learnt to be adapted in a few steps: `graftgan adapt PHOTOS --source` this folder plays the"
        " `inner_loop` above on the photos, `graftgan.vary(photos, source)` does so in Python, and every other method"
        " takes it as any source."
    )
    save_model(path / "model", learnt, model_card(about, path.name, note))
