"""MAML for a GAN: the adapted pair is judged on pictures that it did not see, and the slope goes to where it began."""

import torch
from torch import Tensor
from torch.func import grad

from graftgan.methods.inner_loop import Draws, Game, Players, Weights


def outer_losses(game: Game, end: Players, query: Tensor, draws: Draws, first_order: bool) -> tuple[Tensor, Tensor]:
    """Returns the outer losses of D and G: how an adapted pair does on query pictures.

    Source: Liang, Liu, Liu 2020 (DAWSON, arXiv 2001.00576, algorithm 1). A generator has no likelihood to be judged by
    on the query set; instead the adapted D is trained on it by one more step, and G is judged by that D.

    Args:
        game: the networks and rules.
        end: the players after the inner loop.
        query: pictures (N, C, H, W) in [-1, 1] of the same task.
        draws: random numbers of one step.
        first_order: treat the query step's gradient as a constant.
    """
    z_d, z_g, between = draws.for_d[0], draws.for_g[0], draws.between[0]
    fake = game.pictures(end.generator, z_d)
    loss_d = game.loss_d(end.discriminator, query, fake.detach() if first_order else fake, between)
    slopes = grad(game.loss_d)(end.discriminator, query, fake.detach() if first_order else fake, between)
    after, _ = game.moved(end.discriminator, slopes, end.moments_d, end.steps, game.rules.lr_d, first_order)
    return loss_d, game.loss_g(end.generator, after, query, z_g)


def first_order_maml(
    game: Game, players: Players, support: Tensor, query: Tensor, inner: Draws, outer: Draws
) -> tuple[Weights, Weights, Tensor, Tensor]:
    """Returns the slopes of the outer losses at the adapted weights, as if those were the initial ones.

    Source: Finn, Abbeel, Levine 2017 (arXiv 1703.03400, section 5.2) with DAWSON's outer losses (`outer_losses`).

    Args, Returns: as `maml`.
    """
    end, _, _ = game.run(players, support, inner)

    def of_d(d: Weights) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        losses = outer_losses(game, end._replace(discriminator=d), query, outer, first_order=True)
        return losses[0], losses

    def of_g(g: Weights) -> Tensor:
        return outer_losses(game, end._replace(generator=g), query, outer, first_order=True)[1]

    slopes_d, (loss_d, loss_g) = grad(of_d, has_aux=True)(end.discriminator)
    return grad(of_g)(end.generator), slopes_d, loss_d, loss_g


def maml(
    game: Game, players: Players, support: Tensor, query: Tensor, inner: Draws, outer: Draws
) -> tuple[Weights, Weights, Tensor, Tensor]:
    """Returns the slopes of the outer losses at the initial weights, through every inner step.

    Source: Finn, Abbeel, Levine 2017 (arXiv 1703.03400, equation 1) with DAWSON's outer losses. Formula: dL_D / dd and
    dL_G / dg, (g, d) the initial weights; what L_D owes to g and L_G to d is left out, as in any adversarial game.

    Args:
        game: the networks and the inner loop's rules.
        players: the initial weights, with fresh moments.
        support: pictures (N, C, H, W) in [-1, 1] that the inner loop sees.
        query: other pictures of the task.
        inner: random numbers of the K inner steps.
        outer: of one step on the query pictures.

    Returns:
        Slopes of G's and D's initial weights, and the outer losses of D and G.
    """

    def both(g: Weights, d: Weights) -> tuple[Tensor, Tensor]:
        end, _, _ = game.run(players._replace(generator=g, discriminator=d), support, inner, first_order=False)
        return outer_losses(game, end, query, outer, first_order=False)

    found = torch.func.vjp(both, players.generator, players.discriminator)
    (loss_d, loss_g), back = found[0], found[1]
    one, none = torch.ones_like(loss_d), torch.zeros_like(loss_d)
    _, slopes_d = back((one, none))
    slopes_g, _ = back((none, one))
    return slopes_g, slopes_d, loss_d, loss_g
