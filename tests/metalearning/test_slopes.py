"""The slopes of meta-learning against finite differences, hand-made loops and each other, in float64."""

import copy

import pytest
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.metalearning import ALGORITHMS
from graftgan.metalearning.maml import outer_losses
from graftgan.methods.inner_loop import Draws, Game, InnerLoop, Players, draw
from graftgan.networks import NETWORKS

SHAPES = dict(resolution=16, channel_base=32, channel_max=4, channels=1)


def tiny(rules: InnerLoop, seed: int = 0) -> Game:
    rng = torch.Generator().manual_seed(seed)
    generator = NETWORKS["dcgan"].generator(**SHAPES, z_dim=3, layer_norm=True)  # type: ignore[arg-type]
    discriminator = NETWORKS["dcgan"].discriminator(**SHAPES, layer_norm=True)  # type: ignore[arg-type]
    for network in (generator, discriminator):
        network.init_weights(rng)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=rng))
        network.double()
    return Game(generator, discriminator, rules)


def doubled(draws: Draws) -> Draws:
    return Draws(draws.for_d.double(), draws.for_g.double(), draws.between.double())


def pictures(count: int, seed: int) -> Tensor:
    return torch.randn(count, 1, 16, 16, generator=torch.Generator().manual_seed(seed)).tanh().double()


@pytest.fixture
def setting() -> tuple[Tensor, Tensor, Draws, Draws]:
    rng = torch.Generator().manual_seed(3)
    return pictures(3, 1), pictures(2, 2), doubled(draw(2, 3, 3, rng)), doubled(draw(1, 2, 3, rng))


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize(
    "rules",
    [dict(loss="non-saturating"), dict(loss="wasserstein", gradient_penalty=1.0), dict(loss="non-saturating", r1=1.0)],
)
def test_maml_is_the_slope_of_what_it_says(optimiser: str, rules: dict[str, float], setting: tuple) -> None:
    support, query, inner, outer = setting
    game = tiny(InnerLoop(optimiser=optimiser, lr_g=0.01, lr_d=0.01, **rules))  # type: ignore[arg-type]
    players = game.start()
    slopes_g, slopes_d, _, _ = ALGORITHMS["maml"].slopes(game, players, support, query, inner, outer)

    def losses(at: Players) -> tuple[Tensor, Tensor]:
        end, _, _ = game.run(at, support, inner)
        return outer_losses(game, end, query, outer, first_order=True)

    rng = torch.Generator().manual_seed(5)
    for which, slopes, of in (("discriminator", slopes_d, 0), ("generator", slopes_g, 1)):
        weights = getattr(players, which)
        way = {name: torch.randn(w.shape, generator=rng, dtype=torch.float64) for name, w in weights.items()}
        step = 1e-8  # tiny: R1 jumps where a unit of the leaky ReLU changes its side
        there = losses(players._replace(**{which: {name: w + step * way[name] for name, w in weights.items()}}))[of]
        back = losses(players._replace(**{which: {name: w - step * way[name] for name, w in weights.items()}}))[of]
        claimed = sum((slopes[name] * way[name]).sum() for name in weights)
        assert ((there - back) / (2 * step)).item() == pytest.approx(float(claimed), rel=1e-4, abs=1e-7)


def test_first_order_is_another_slope_and_the_same_where_nothing_is_learnt(setting: tuple) -> None:
    support, query, inner, outer = setting
    far = {}
    for rate in (0.05, 1e-9):
        game = tiny(InnerLoop(loss="non-saturating", optimiser="sgd", lr_g=rate, lr_d=rate))
        exact, _, _, _ = ALGORITHMS["maml"].slopes(game, game.start(), support, query, inner, outer)
        first, _, _, _ = ALGORITHMS["fomaml"].slopes(game, game.start(), support, query, inner, outer)
        far[rate] = max(float((exact[name] - first[name]).abs().max()) for name in exact)
    assert far[1e-9] < 1e-6 < 1e-4 < far[0.05]


def test_reptile_with_one_step_of_sgd_goes_along_the_gradient(setting: tuple) -> None:
    support, _, inner, outer = setting
    game = tiny(InnerLoop(loss="hinge", optimiser="sgd", lr_g=0.01, lr_d=0.02))
    one = Draws(inner.for_d[:1], inner.for_g[:1], inner.between[:1])
    slopes_g, slopes_d, _, _ = ALGORITHMS["reptile"].slopes(game, game.start(), support, support, one, outer)

    generator, discriminator = copy.deepcopy(game.generator), copy.deepcopy(game.discriminator)
    fake = generator(one.for_d[0]).detach()
    loss_d = (1 - discriminator(support)).clamp_min(0).mean() + (1 + discriminator(fake)).clamp_min(0).mean()
    by_d = torch.autograd.grad(loss_d, list(discriminator.parameters()))
    for (name, parameter), slope in zip(discriminator.named_parameters(), by_d, strict=True):
        assert torch.allclose(slopes_d[name], 0.02 * slope, rtol=1e-9, atol=1e-12)
        parameter.data -= 0.02 * slope
    by_g = torch.autograd.grad(-discriminator(generator(one.for_g[0])).mean(), list(generator.parameters()))
    for (name, _), slope in zip(generator.named_parameters(), by_g, strict=True):
        assert torch.allclose(slopes_g[name], 0.01 * slope, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_tasks_side_by_side_are_the_tasks_one_by_one(name: str, setting: tuple) -> None:
    _, _, inner, outer = setting
    game = tiny(InnerLoop(loss="hinge", r1=0.5, lr_g=0.01, lr_d=0.01))
    support, query = torch.stack([pictures(3, 7), pictures(3, 8)]), torch.stack([pictures(2, 9), pictures(2, 10)])
    slopes = ALGORITHMS[name].slopes
    together = torch.func.vmap(lambda s, q: slopes(game, game.start(), s, q, inner, outer))(support, query)
    for at in range(2):
        alone = slopes(game, game.start(), support[at], query[at], inner, outer)
        for network in range(2):
            for key, value in alone[network].items():
                assert torch.allclose(together[network][key][at], value, rtol=1e-8, atol=1e-11)


def test_the_inner_adam_has_no_momentum_and_fresh_moments(setting: tuple) -> None:
    support, _, inner, _ = setting
    game = tiny(InnerLoop(loss="non-saturating", optimiser="adam", lr_g=0.01, lr_d=0.02))
    end, _, _ = game.run(game.start(), support, inner)

    players = {"g": copy.deepcopy(game.generator), "d": copy.deepcopy(game.discriminator)}
    squares = {who: [torch.zeros_like(p) for p in network.parameters()] for who, network in players.items()}

    def descend(who: str, loss: Tensor, rate: float, step: int) -> None:
        weights = list(players[who].parameters())
        for at, (p, slope) in enumerate(zip(weights, torch.autograd.grad(loss, weights), strict=True)):
            squares[who][at] = 0.99 * squares[who][at] + 0.01 * slope**2
            p.data -= rate * slope / (squares[who][at] / (1 - 0.99**step) + 1e-16) ** 0.5

    softplus = torch.nn.functional.softplus
    for at in range(2):
        fake = players["g"](inner.for_d[at]).detach()
        loss = softplus(-players["d"](support)).mean() + softplus(players["d"](fake)).mean()
        descend("d", loss, 0.02, at + 1)
        descend("g", softplus(-players["d"](players["g"](inner.for_g[at]))).mean(), 0.01, at + 1)
    for name, parameter in players["g"].named_parameters():
        assert torch.allclose(end.generator[name], parameter, rtol=1e-6, atol=1e-9)


def test_batch_statistics_are_refused() -> None:
    generator = NETWORKS["dcgan"].generator(**SHAPES, z_dim=3)  # type: ignore[arg-type]
    discriminator = NETWORKS["dcgan"].discriminator(**SHAPES, layer_norm=True)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="DCGANGenerator normalises over its batch"):
        Game(generator, discriminator, InnerLoop())
