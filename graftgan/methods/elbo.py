"""One step of a variational autoencoder: encoder and decoder down the same bound; written once for every method."""

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.losses.elbo import drawn_latents, information, optimal_variance, reconstruction_nats, squared_errors
from graftgan.methods.base import Method, Turn
from graftgan.methods.descent import descend_together
from graftgan.networks.vae import VAEEncoder
from graftgan.state import State
from graftgan.surgery.taps import tapped


def elbo_step(
    state: State, method: Method, real: Tensor, labels: Tensor | None, fabric: Fabric, rng: torch.Generator
) -> dict[str, Tensor]:
    """Lets encoder (in D's place) and decoder (in G's) each take one optimiser step down the same loss.

    Source: Kingma and Welling 2013 (arXiv 1312.6114, equation 10, one sample a picture), with the decoder's variance of
    Rybkin, Daniilidis, Levine 2020 (sigma-VAE, arXiv 2006.13202): the optimal one of the batch, so that reconstruction
    and information need no weight between them. Formula, with K colour values in a picture and s2 the batch's mean
    squared error: loss = log(2 pi e s2) / 2 + mean(KL) / K, the bound in nats per colour value. Deviation: the bound
    per picture is K times that; per value, a method's own terms meet the same scale as in an adversarial game.

    Pictures are not augmented: a generative model of augmented pictures makes augmented pictures. Losses, penalties and
    `method.score`, `method.latents` and `method.discriminator_terms` belong to the adversarial game and have no part
    here; `method.generator_terms` has, with the reconstructions as its fakes and no logits.

    Args:
        state: changed in place; its discriminator is the encoder.
        method: answers what the contract asks.
        real: pictures (N, C, H, W) in [-1, 1] on the device.
        labels: None; a VAE knows no classes.
        fabric: autocast and collectives.
        rng: the step's randomness, drawn on the CPU.

    Returns:
        By name, detached: `loss_g`, the bound's loss; `loss_d`, the part of it that is information, and
        `reconstruction`, the other part (all in nats per colour value); `kl`, the information in nats per picture;
        `sigma`, the decoder's standard deviation, colours from -1 to 1; and the method's terms.

    Raises:
        NumericalError: a loss or a gradient is NaN or infinite; names it. No weight has been touched by it.
    """
    encoder = state.discriminator
    assert isinstance(encoder, VAEEncoder)
    with fabric.autocast():
        mean, log_variance = (row.float() for row in encoder.posterior(real))
        z = drawn_latents(mean, log_variance, rng)
        with tapped(state.generator, method.taps(state)) as maps:
            fakes = state.generator(z, labels, rng=rng).float()
        errors = squared_errors(real, fakes)
        variance = optimal_variance(torch.as_tensor(fabric.all_gather(errors.detach())))
        kl = information(mean, log_variance).mean()
        terms = {"reconstruction": reconstruction_nats(errors, variance).mean(), "loss_d": kl / real[0].numel()}
        turn = Turn(z, labels, fakes, fakes.new_empty(0), real, None, rng, maps)
        terms |= method.generator_terms(state, turn)
        optimisers = [optimiser for optimiser in (state.optimiser_g, state.optimiser_d) if optimiser is not None]
        descend_together(optimisers, state.trainable_g() | state.trainable_d(), terms, fabric)
    state.generator.observe(z.detach(), labels)
    told = {"loss_g": terms["reconstruction"] + terms["loss_d"], **terms, "kl": kl, "sigma": variance.sqrt()}
    return {name: term.detach() for name, term in told.items()}
