"""Adaptation-aware kernel modulation: keep the filters that matter to the target, fine-tune the others."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.losses.adversarial import AdversarialLoss
from graftgan.methods.base import Finding, Method, Preparation, normal_latents
from graftgan.methods.step import adversarial_step
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.modulation import KernelModulation, modulate


@dataclass(frozen=True)
class Modulate(Method):
    """Probes which filters matter to the target, keeps those under a rank-1 modulation, fine-tunes the rest.

    Source: Zhao et al. 2022, AdAM (arXiv 2210.16559, algorithm 1; journal version 2307.01465). A short probing run
    trains only modulations; the Fisher information of a filter's modulation, F = mean squared gradient of the
    adversarial loss, says how much it matters. Then both networks go back to the source and adapt.
    Deviations: 100 probing steps at the run's batch for their 500 at batch 4 (the pictures shown are about as many);
    the quantile is the same for every target, where theirs was chosen for each.

    Trains: modulations of the kept filters; the other filters, and everything that is no convolution kernel. Frozen:
    the kept filters themselves.
    Cost: the probing, once (about `probe_steps + fisher_steps` plain steps); a step costs 11 to 17 % more.
    Measured: 1.13 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 1.03 to 1.34
    (docs/results/bench).
    Prefer it: with 5 to 20 pictures, near or far from the source.

    Attributes:
        quantile: part of the filters of each network that is fine-tuned instead of kept, in [0, 1].
        rank: of the modulation, 1 in the paper.
        probe_steps: steps that train only modulations, before importance is measured.
        fisher_steps: batches over which the Fisher information is averaged, at least 1.
    """

    needs_adversary: ClassVar[bool] = True
    quantile: float = 0.5
    """Part of the filters that is fine-tuned; the more important rest is kept and modulated."""
    rank: int = 1
    """Rank of the modulation."""
    probe_steps: int = 100
    """Steps of probing before importance is measured."""
    fisher_steps: int = 25
    """Batches over which importance is averaged."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        if not 0 <= self.quantile <= 1:
            raise UserError(f"--method-options quantile={self.quantile}: from 0 to 1")
        for name, least in (("rank", 1), ("probe_steps", 0), ("fisher_steps", 1)):
            if getattr(self, name) < least:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least {least}")

    def draws_on(self) -> str:
        """Probing keeps the filters of the source's D that matter to the target."""
        return "keeps filters of the source's discriminator"

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Modulates every kernel, probes, and settles which filters are kept."""
        rng = generator_at(preparation.seed, 0, purpose="modulation")
        in_g = modulate(state.generator, self.rank, rng)
        in_d = modulate(state.discriminator, self.rank, rng)
        if preparation.saved is None:
            changed = (state.generator, state.discriminator, state.augment)
            before = [copy_of(module) for module in changed]
            importance = self.probe(state, preparation, in_g, in_d)
            for module, values in zip(changed, before, strict=True):
                module.load_state_dict(values)
            for modulations, scores in zip((in_g, in_d), importance, strict=True):
                settle(modulations, scores, self.quantile)
        else:
            for owner, modulations in (("generator", in_g), ("discriminator", in_d)):
                for name, modulation in modulations.items():
                    modulation.keep.copy_(preparation.saved[f"{owner}.{name}.parametrizations.weight.0.keep"])
        for network, modulations in ((state.generator, in_g), (state.discriminator, in_d)):
            for name, modulation in modulations.items():
                kernel = network.get_submodule(f"{name}.parametrizations.weight").get_parameter("original")
                kernel.requires_grad_(not bool(modulation.keep.all()))
                modulation.requires_grad_(bool(modulation.keep.any()))

    def probe(
        self,
        state: State,
        preparation: Preparation,
        in_g: dict[str, KernelModulation],
        in_d: dict[str, KernelModulation],
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Trains only the modulations, then returns each filter's importance in G and in D."""
        networks: list[nn.Module] = [state.generator, state.discriminator]
        for network in networks:
            network.requires_grad_(False)
        for modulation in (*in_g.values(), *in_d.values()):
            modulation.requires_grad_(True)
        state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), 0.002, (0.0, 0.99))
        state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), 0.002, (0.0, 0.99))
        total = self.probe_steps + self.fisher_steps
        rules = replace(preparation.rules, d_first=0)  # probing moves both
        for step in range(self.probe_steps):
            real, labels = preparation.batch_at(step)
            rng = generator_at(preparation.seed, step, purpose="probe", rank=preparation.fabric.global_rank)
            state.step = step  # lazy penalties go by it
            adversarial_step(state, Method(), real, labels, rules, preparation.fabric, rng)
            preparation.progress(step + 1, total, "probing which filters matter")
        state.step = 0
        state.optimiser_g = state.optimiser_d = None
        fisher = self.fisher(state, preparation, lambda done: preparation.progress(done, total, "weighing filters"))
        for network in networks:
            network.requires_grad_(True)
        return {name: filter_scores(m, fisher) for name, m in in_g.items()}, {
            name: filter_scores(m, fisher) for name, m in in_d.items()
        }

    def fisher(self, state: State, preparation: Preparation, told: Callable[[int], None]) -> dict[nn.Parameter, Tensor]:
        """Returns the mean squared gradient of each player's own loss with respect to its modulations."""
        loss: AdversarialLoss = preparation.rules.loss
        players = (list(state.trainable_g().values()), list(state.trainable_d().values()))
        sums = {parameter: torch.zeros_like(parameter) for player in players for parameter in player}
        for step in range(self.fisher_steps):
            index = self.probe_steps + step
            real, labels = preparation.batch_at(index)
            rng = generator_at(preparation.seed, index, purpose="probe", rank=preparation.fabric.global_rank)
            fakes = state.generator(normal_latents(state, len(real), rng), labels, rng=rng)
            fake_logits = self.score(state, state.augment(fakes, rng), labels, rng)
            real_logits = self.score(state, state.augment(real, rng), labels, rng)
            losses = (loss.generator(real_logits, fake_logits), loss.discriminator(real_logits, fake_logits))
            for player, value in zip(players, losses, strict=True):
                for parameter, gradient in zip(
                    player, torch.autograd.grad(value.mean(), player, retain_graph=True), strict=True
                ):
                    sums[parameter] += gradient.square()
            told(index + 1)
        return {
            parameter: preparation.fabric.all_reduce(total / self.fisher_steps)  # type: ignore[misc]
            for parameter, total in sums.items()
        }

    def findings(self, state: State) -> list[Finding]:
        """Which part of each layer's filters probing kept as important."""
        return [
            Finding(name.partition(".parametrizations.")[0], part.keep.mean().item(), "filters kept as important")
            for name, part in state.generator.named_modules()
            if isinstance(part, KernelModulation)
        ]


def copy_of(network: nn.Module) -> dict[str, Tensor]:
    """Returns a copy of the network's state dict."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def filter_scores(modulation: KernelModulation, fisher: dict[nn.Parameter, Tensor]) -> Tensor:
    """Returns the importance of each filter of one kernel: mean F of its row of `v`, plus mean F of `u`."""
    return fisher[modulation.v].mean(dim=1) + fisher[modulation.u].mean()


def settle(modulations: dict[str, KernelModulation], scores: dict[str, Tensor], quantile: float) -> None:
    """Marks as kept the filters whose importance is above the quantile of all filters of the network."""
    cut = torch.quantile(torch.cat(list(scores.values())), quantile)
    for name, modulation in modulations.items():
        kept = scores[name] > cut if quantile > 0 else torch.ones_like(scores[name], dtype=torch.bool)
        modulation.keep.copy_(kept.float().view_as(modulation.keep))
