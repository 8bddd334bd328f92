"""Removing incompatible knowledge: hold the filters that matter, train those between, remove those that do not."""

from dataclasses import dataclass

from graftgan.errors import UserError
from graftgan.methods.base import Finding, Method, Preparation
from graftgan.state import State
from graftgan.surgery.filter_gates import FilterGate, decide_all, gates_of, kernel_of


@dataclass(frozen=True)
class Rick(Method):
    """Holds the filters that matter to the target, fine-tunes the middle, sets those that do not matter to zero.

    Source: Zhao et al. 2023, RICK (arXiv 2304.07574). After a warm-up the filters of both networks are ranked every so
    many steps by their Fisher information, F = mean squared gradient of the player's loss. Above the upper quantile a
    filter is held until the next ranking; below the lower one it is set to zero for ever, so that what the source knew
    and the target has not (glasses, beards) cannot come back.
    Deviations: F is taken from the gradients of the training steps since the last ranking (penalties and method terms
    included), where they draw pictures for it; so it costs nothing, and held filters are ranked anew, too. A filter is
    held by putting it back after each step. The kernels that make the colours are left alone. Ranks are among the
    filters that are left; where the lower quantile is less than one filter, as in small networks, one is pruned.
    Warm-up and interval are shorter than theirs (250 and 50 steps), as the runs are.

    Trains: the filters in the middle, and everything that is no convolution kernel. Frozen: the filters above the
    upper quantile, from one ranking to the next; the pruned ones, for ever.
    Cost: a pass over the kernels a step, a few percent; one more copy of the kernels in memory.
    Measured: 1.20 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 1.07 to 1.61
    (docs/results/bench).
    Prefer it: far from the source, where traits of the source linger in the samples.

    Attributes:
        warm_up: steps before the first ranking, at least 0.
        every: steps from one ranking to the next, at least 1.
        quantile: part of the filters of each network that is not held, in [0, 1].
        prune: part of the filters that is set to zero at each ranking, in [0, 0.5].
    """

    warm_up: int = 50
    """Steps before filters are first ranked."""
    every: int = 25
    """Steps from one ranking to the next."""
    quantile: float = 0.5
    """Part of the filters that is fine-tuned (or pruned); the more important rest is held."""
    prune: float = 0.001
    """Part of the filters that is set to zero at each ranking, at least one filter; 0: none."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        for name, most in (("quantile", 1.0), ("prune", 0.5)):
            if not 0 <= getattr(self, name) <= most:
                raise UserError(f"--method-options {name}={getattr(self, name)}: from 0 to {most:g}")
        if self.prune > self.quantile:
            raise UserError(f"--method-options prune={self.prune}: more than quantile={self.quantile}")
        for name, least in (("warm_up", 0), ("every", 1)):
            if getattr(self, name) < least:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least {least}")

    def draws_on(self) -> str:
        """Filters of both networks are held as what the source knew."""
        return "holds filters of the source's discriminator"

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Puts a gate at every filter, open."""
        state.fixed["gates_g"] = gates_of(state.generator)
        state.fixed["gates_d"] = gates_of(state.discriminator)

    def after_step(self, state: State) -> None:
        """Weighs the step's gradients, puts held filters back, and ranks when it is time."""
        done = state.step + 1
        weighs = done > self.warm_up - self.every
        ranks = done >= max(1, self.warm_up) and (done - self.warm_up) % self.every == 0
        for network, gates in ((state.generator, gates_in(state, "g")), (state.discriminator, gates_in(state, "d"))):
            for gate in gates:
                kernel = kernel_of(network, gate)
                if weighs:
                    gate.weigh(kernel)
                # Adam has no momentum here (beta1 is 0): a filter that is let go moves by its own next gradient only
                gate.put_back(kernel)
            if ranks:
                decide_all(network, gates, self.prune, self.quantile)
        for gate in gates_in(state, "g"):
            gate.clear(kernel_of(state.average, gate))

    def findings(self, state: State) -> list[Finding]:
        """Which part of each layer's filters was held, and pruned, when the run ended."""
        gates = gates_in(state, "g")
        held = [Finding(gate.name, gate.held.float().mean().item(), "filters held as important") for gate in gates]
        gone = [Finding(gate.name, gate.pruned.float().mean().item(), "filters set to zero") for gate in gates]
        return held + (gone if any(one.value for one in gone) else [])


def gates_in(state: State, player: str) -> list[FilterGate]:
    """Returns the gates of one player, "g" or "d"."""
    return [gate for gate in state.fixed[f"gates_{player}"].children() if isinstance(gate, FilterGate)]
