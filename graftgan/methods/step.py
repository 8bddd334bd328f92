"""One step of a run, and of the adversarial game: D's turn, then G's; written once for every method."""

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.losses import penalty
from graftgan.methods.base import Method, Turn
from graftgan.methods.descent import descend, held_still, statistics_kept
from graftgan.methods.elbo import elbo_step
from graftgan.methods.rules import Rules
from graftgan.state import State
from graftgan.surgery.taps import tapped


def take_step(
    state: State,
    method: Method,
    real: Tensor,
    labels: Tensor | None,
    rules: Rules,
    fabric: Fabric,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """Takes one step of a run: the method's own where it has one, else that of the pair: a game, or a VAE's bound.

    Args, Returns, Raises: as `adversarial_step`.
    """
    own = method.step(state, real, labels, rules, fabric, rng)
    if own is not None:
        return own
    if not state.discriminator.adversary:
        return elbo_step(state, method, real, labels, fabric, rng)
    return adversarial_step(state, method, real, labels, rules, fabric, rng)


def adversarial_step(
    state: State,
    method: Method,
    real: Tensor,
    labels: Tensor | None,
    rules: Rules,
    fabric: Fabric,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """Lets D and G each take one optimiser step; in the first `rules.d_first` steps D alone.

    While D trains alone nothing of G changes: no weight, no batch norm statistics, no mean style (`observe`), and so
    not its average either.

    Args:
        state: changed in place; `state.step` says which step this is.
        method: answers what the contract asks.
        real: pictures (N, C, H, W) in [-1, 1] on the device.
        labels: one-hot (N, c_dim), or None.
        rules: loss and penalties.
        fabric: autocast and collectives.
        rng: the step's randomness, drawn on the CPU.

    Returns:
        Every term of both losses (of D's, where it trains alone) and the mean logits, by name, detached.

    Raises:
        NumericalError: a loss or a gradient is NaN or infinite; names it. No weight has been touched by it.
    """
    if state.step < rules.d_first:
        with statistics_kept(state.generator):
            return discriminator_turn(state, method, real, labels, rules, fabric, rng)
    losses = discriminator_turn(state, method, real, labels, rules, fabric, rng)
    losses |= generator_turn(state, method, real, labels, rules, fabric, rng)
    return losses


def discriminator_turn(
    state: State,
    method: Method,
    real: Tensor,
    labels: Tensor | None,
    rules: Rules,
    fabric: Fabric,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """D learns to tell real from fake.

    Deviations from Karras et al. 2020 (arXiv 1912.04958, 2006.06676): R1, R2 and the gradient penalty take the slope
    at what D sees, the augmented picture, instead of at the picture before augmentation, which spares a second
    derivative through it; and Adam's settings are not corrected for the lazy steps.
    """
    assert state.optimiser_d is not None
    lazily = state.step % rules.r1_every == 0

    def score(images: Tensor) -> Tensor:
        return unhalved(method.score(state, images, labels, rng))

    with fabric.autocast():
        with torch.no_grad():
            z = method.latents(state, len(real), rng)
            fakes = unhalved(state.generator(z, labels, rng=rng))
        seen_real = state.augment(real, rng).detach()
        seen_fake = state.augment(fakes, rng).detach()
        real_logits, fake_logits = score(seen_real), score(seen_fake)
        terms = {"loss_d": rules.loss.discriminator(real_logits, fake_logits).mean()}
        if lazily and rules.r1 > 0:
            gradient = penalty.r1(score, seen_real)
            terms["r1"] = rules.r1 / 2 * rules.r1_every * gradient.mean()
        if lazily and rules.r2 > 0:
            gradient = penalty.r1(score, seen_fake)
            terms["r2"] = rules.r2 / 2 * rules.r1_every * gradient.mean()
        if rules.gradient_penalty > 0:
            gradient = penalty.gradient_penalty(score, seen_real, seen_fake, rng)
            terms["gradient_penalty"] = rules.gradient_penalty * gradient.mean()
        if rules.lecam > 0:
            terms["lecam"] = rules.lecam * state.fixed["lecam"](real_logits, fake_logits).mean()
            for anchor in state.fixed["lecam"].buffers():  # of all processes, as the checkpoint has only one
                anchor.copy_(torch.as_tensor(fabric.all_reduce(anchor, reduce_op="mean")))
        turn = Turn(z, labels, fakes, fake_logits, real, real_logits, rng)
        terms |= method.discriminator_terms(state, turn)
    descend(state.optimiser_d, state.trainable_d(), terms, fabric)
    everybody = torch.as_tensor(fabric.all_gather(real_logits.detach()))
    state.augment.adjust(everybody, len(real) * fabric.world_size)
    return {name: term.detach() for name, term in terms.items()} | {
        "logit_real": real_logits.detach().mean(),
        "logit_fake": fake_logits.detach().mean(),
        "sign_real": real_logits.detach().sign().mean(),
    }


def generator_turn(
    state: State,
    method: Method,
    real: Tensor,
    labels: Tensor | None,
    rules: Rules,
    fabric: Fabric,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """G learns to please D; D is held still."""
    assert state.optimiser_g is not None
    with held_still(state.trainable_d()), fabric.autocast():
        z = method.latents(state, len(real), rng)
        taps = method.taps(state)
        noise = rng.clone_state() if taps else None
        with tapped(state.generator, taps) as maps:
            fakes = unhalved(state.generator(z, labels, rng=rng))
        fake_logits = unhalved(method.score(state, state.augment(fakes, rng), labels, rng))
        real_logits = None
        if rules.loss.uses_real:
            with torch.no_grad():
                real_logits = unhalved(method.score(state, state.augment(real, rng), labels, rng))
        terms = {"loss_g": rules.loss.generator(real_logits, fake_logits).mean()}
        terms |= method.generator_terms(state, Turn(z, labels, fakes, fake_logits, real, real_logits, rng, maps, noise))
        if rules.path_length > 0 and state.step % rules.path_every == 0:
            terms["path_length"] = path_length_term(state, method, len(real), labels, rules, rng)
        descend(state.optimiser_g, state.trainable_g(), terms, fabric)
    state.generator.observe(z, labels)
    return {name: term.detach() for name, term in terms.items()}


def unhalved(tensor: Tensor) -> Tensor:
    """Returns what autocast made in half precision in float32: losses, penalties and augmentation are taken in full."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def path_length_term(
    state: State, method: Method, batch: int, labels: Tensor | None, rules: Rules, rng: torch.Generator
) -> Tensor:
    """Returns the weighted path length penalty on half the batch, around the batch's own mean length.

    Deviation: StyleGAN2 keeps a running mean of the lengths; with lazy steps of a few pictures and runs of a
    thousand steps the batch's mean serves, and there is no further state to carry.
    """
    half = max(1, batch // 2)
    z = method.latents(state, half, rng)
    images, codes = state.generator.with_codes(z, None if labels is None else labels[:half], rng=rng)
    lengths = penalty.path_lengths(images, codes, rng)
    spread = (lengths - lengths.detach().mean()).square().mean()
    return rules.path_length * rules.path_every * spread
