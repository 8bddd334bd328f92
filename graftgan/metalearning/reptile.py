"""Reptile: play an episode, then move the weights some way to where it ended."""

from torch import Tensor

from graftgan.methods.inner_loop import Draws, Game, Players, Weights


def reptile(
    game: Game, players: Players, support: Tensor, query: Tensor, inner: Draws, outer: Draws
) -> tuple[Weights, Weights, Tensor, Tensor]:
    """Returns the way from where an episode ended back to where it began, for both networks.

    Source: Nichol, Achiam, Schulman 2018 (arXiv 1803.02999, algorithm 1), for GANs Clouatre and Demers 2019 (FIGR,
    arXiv 1901.02199, algorithm 1). Formula: theta - theta' after K inner steps; handed to the outer Adam as if it were
    a gradient, as FIGR does. With one inner step of SGD it is the step's gradient times the learning rate.
    Deviations: FIGR's gradient penalty takes norms over one axis of the picture in its code; ours, where it is asked
    for, is WGAN-GP's. Its networks are our DCGAN with layer norm, not residual ones.

    Args:
        game: the networks and the inner loop's rules.
        players: the initial weights, with fresh moments.
        support: pictures (N, C, H, W) in [-1, 1].
        query: not used.
        inner: random numbers of the K inner steps.
        outer: not used.

    Returns:
        Slopes of G's and D's initial weights, and the last inner step's losses of D and G.
    """
    end, loss_d, loss_g = game.run(players, support, inner)
    slopes_g = {name: weight - end.generator[name] for name, weight in players.generator.items()}
    slopes_d = {name: weight - end.discriminator[name] for name, weight in players.discriminator.items()}
    return slopes_g, slopes_d, loss_d, loss_g
