"""Meta-learning algorithms by name: functions from weights and an episode to the way the weights should go."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from graftgan.metalearning.maml import first_order_maml, maml
from graftgan.metalearning.reptile import reptile
from graftgan.methods.inner_loop import Draws, Game, Players, Weights

Slopes = tuple[Weights, Weights, Tensor, Tensor]


@dataclass(frozen=True)
class Algorithm:
    """A way to learn initial weights.

    Attributes:
        slopes: (game, players, support, query, draws of the inner loop, draws of the outer step) -> slopes of G's and
            of D's initial weights (what a descent would subtract), and the losses of D and G that are shown. A pure
            function, so that tasks can be batched.
        needs_query: whether it looks at pictures that the inner loop did not see.
    """

    slopes: Callable[[Game, Players, Tensor, Tensor, Draws, Draws], Slopes]
    needs_query: bool


# One line an algorithm; the command line and the docs follow from here.
ALGORITHMS: dict[str, Algorithm] = {
    "reptile": Algorithm(reptile, needs_query=False),
    "fomaml": Algorithm(first_order_maml, needs_query=True),
    "maml": Algorithm(maml, needs_query=True),
}
