"""NaN and infinity, wherever they arise, stop the run within a step; the last good checkpoint stays."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import graftgan.methods.step
import graftgan.recipes.training_run
from graftgan.cli.main import main
from graftgan.data import Batches
from graftgan.errors import NumericalError
from graftgan.losses import LOSSES
from graftgan.methods.finetune import FineTune
from graftgan.recipes import train
from graftgan.recipes.train import TrainOptions
from graftgan.state import State
from graftgan.training import checkpoint

GOOD = 3
"""Steps that go well; the next one is harmed."""
VALUES = [float("nan"), float("inf"), -float("inf")]
PLAYERS = ["generator", "discriminator"]


@pytest.fixture
def harmed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[State], None]], None]:
    """Has a function spoil something right before the fourth step."""

    def arrange(harm: Callable[[State], None]) -> None:
        step = graftgan.methods.step.take_step

        def spoilt(state: State, *arguments: Any) -> dict[str, Tensor]:
            if state.step == GOOD:
                harm(state)
            return step(state, *arguments)

        monkeypatch.setattr(graftgan.recipes.training_run, "take_step", spoilt)

    return arrange


def stopped(options: dict[str, Any], newest_step: int = GOOD) -> str:
    """Runs until the run stops; answers why, after proving that the newest checkpoint is a good one."""
    with pytest.raises(NumericalError) as error:
        train.run(TrainOptions(**options))
    (folder,) = Path(options["outdir"]).iterdir()
    found = checkpoint.newest(folder / "checkpoints")
    assert found is not None and found[2]["step"] == newest_step
    assert all(torch.isfinite(tensor).all() for tensor in found[1].values() if tensor.is_floating_point())
    assert not (folder / "model").exists()
    return str(error.value)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("network", ["stylegan2", "dcgan"])
def test_in_a_weight(tiny: dict[str, Any], harmed: Any, network: str, player: str, value: float) -> None:
    def harm(state: State) -> None:
        parameter = list(getattr(state, player).parameters())[2]
        parameter.data[(0,) * parameter.dim()] = value

    harmed(harm)
    message = stopped({**tiny, "network": network})
    # a ReLU turns minus infinity into 0: then no loss sees it, and the weight itself is named
    assert re.match(rf"step 4: (the loss loss_[dg] is|the gradient of|{player}[.].* holds)", message), message


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("player", PLAYERS)
def test_in_a_gradient(tiny: dict[str, Any], harmed: Any, player: str, value: float) -> None:
    names: list[str] = []

    def harm(state: State) -> None:
        name, parameter = list(getattr(state, player).named_parameters())[-1]
        names.append(f"{player}.{name}")

        def spoil(gradient: Tensor) -> Tensor:
            spoilt = gradient.clone()
            spoilt.view(-1)[-1] = value
            return spoilt

        parameter.register_hook(spoil)

    harmed(harm)
    assert stopped(tiny) == f"step 4: the gradient of {names[0]} is not finite"


@pytest.mark.parametrize("player", PLAYERS)
def test_gradients_whose_norm_overflows(tiny: dict[str, Any], harmed: Any, player: str) -> None:
    def harm(state: State) -> None:
        list(getattr(state, player).parameters())[0].register_hook(lambda gradient: torch.full_like(gradient, 3e38))

    harmed(harm)
    assert stopped(tiny) == "step 4: the gradients are too large: their norm overflows"


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("player", PLAYERS)
def test_in_a_loss(
    tiny: dict[str, Any], harmed: Any, monkeypatch: pytest.MonkeyPatch, player: str, value: float
) -> None:
    good = LOSSES["non-saturating"]
    function, added = getattr(good, player), torch.zeros(())
    monkeypatch.setitem(LOSSES, "non-saturating", replace(good, **{player: lambda *logits: function(*logits) + added}))
    harmed(lambda state: added.fill_(value))
    assert stopped(tiny) == f"step 4: the loss loss_{player[0]} is {value}"


@pytest.mark.parametrize("term", ["r1", "path_length"])
def test_in_a_penalty(tiny: dict[str, Any], harmed: Any, monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    from graftgan.losses import penalty

    name = {"r1": "r1", "path_length": "path_lengths"}[term]
    monkeypatch.setattr(penalty, name, lambda *_: torch.full((8,), float("nan"), requires_grad=True))
    options = {**tiny, "r1": 0.1 if term == "r1" else 0.0, "path_length": 2.0 if term == "path_length" else 0.0}
    assert stopped(options, newest_step=0) == f"step 1: the loss {term} is nan"


@pytest.mark.parametrize("value", VALUES)
def test_in_the_pictures(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    at = Batches.at

    def spoilt(batches: Batches, step: int) -> tuple[Tensor, Tensor]:
        images, labels = at(batches, step)
        if step == GOOD:
            images[0, 0, 0, 0] = value
        return images, labels

    monkeypatch.setattr(Batches, "at", spoilt)
    assert stopped(tiny).startswith("step 4: the loss ")


def test_in_the_latents(tiny: dict[str, Any], harmed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    harmed(
        lambda state: monkeypatch.setattr(
            FineTune, "latents", lambda self, state, count, rng: torch.full((count, 8), float("nan"))
        )
    )
    assert stopped(tiny) == "step 4: the loss loss_d is nan"


@pytest.mark.parametrize("ticks", [6, 2])
def test_in_the_average_which_no_loss_sees(tiny: dict[str, Any], harmed: Any, ticks: int) -> None:
    def harm(state: State) -> None:
        state.average.get_parameter("synthesis.b4.const").data.view(-1)[0] = float("nan")

    harmed(harm)
    found_at = {6: 4, 2: 6}[ticks]
    message = stopped({**tiny, "ticks": ticks})
    assert message == f"step {found_at}: average.synthesis.b4.const holds NaN or infinity"


@pytest.mark.parametrize("rate", ["lr_g", "lr_d"])
def test_a_learning_rate_that_explodes(tiny: dict[str, Any], rate: str) -> None:
    with pytest.raises(NumericalError, match="^step [1-4]: "):
        train.run(TrainOptions(**{**tiny, rate: 1e38}))


def test_the_command_line_answers_with_exit_code_4(
    tiny: dict[str, Any], harmed: Any, words: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    harmed(lambda state: state.generator.get_parameter("synthesis.b4.const").data.fill_(float("nan")))
    assert main(words(tiny)) == 4
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "graftgan train: step 4: the loss loss_d is nan"


def test_after_the_cause_is_gone_the_run_goes_on(
    tiny: dict[str, Any], harmed: Any, assert_same_run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    through = train.run(TrainOptions(**{**tiny, "outdir": str(tmp_path / "through")}))
    with monkeypatch.context() as patch:
        patch.setattr(Batches, "at", lambda self, step: (torch.full((8, 3, 16, 16), float("nan")), torch.zeros(8)))
        with pytest.raises(NumericalError):
            train.run(TrainOptions(**tiny))
    (folder,) = Path(tiny["outdir"]).iterdir()
    train.run(TrainOptions(resume=str(folder)))  # in this process too: the folder was let go
    assert_same_run(through, folder)
