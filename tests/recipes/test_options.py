"""Options: every wrong value is one line that names it; methods take theirs as NAME=VALUE."""

import dataclasses
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.methods.base import Method
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.options import from_json, from_keywords, method_from, to_json
from graftgan.recipes.train import TrainOptions


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d_first": -1}, "--d-first -1: 0 steps or more"),
        ({"method": "finetun"}, "--method finetun: did you mean finetune?"),
        ({"network": "stylegan"}, "--network stylegan: did you mean stylegan2?"),
        ({"loss": "hing"}, "--loss hing: did you mean hinge?"),
        ({"augment": "dif"}, "--augment dif: did you mean diffaug?"),
        ({"square": "stretch"}, "--square stretch: unknown .choose from crop, pad"),
        ({"kimg": 0.0}, "--kimg 0.0: a finite number above 0"),
        ({"kimg": float("inf")}, "--kimg inf: a finite number above 0"),
        ({"kimg": float("nan")}, "--kimg nan: a finite number above 0"),
        ({"batch": -1}, "--batch -1: a finite number above 0"),
        ({"r1_every": 0}, "--r1-every 0: a finite number above 0"),
        ({"ticks": 0}, "--ticks 0"),
        ({"keep": 0}, "--keep 0"),
        ({"r1": -0.1}, "--r1 -0.1: a finite number from 0"),
        ({"lr_g": float("nan")}, "--lr-g nan: a finite number from 0"),
        ({"ema_kimg": float("inf")}, "--ema-kimg inf: a finite number from 0"),
        ({"shots": 0}, "--shots 0: at least one picture"),
        ({"seed": -1}, "--seed -1: must be 0 or above"),
        ({"resolution": 0}, "resolution must be a power of two from 16 to 1024, not 0"),
        ({"resolution": 28}, "not 28"),
        (
            {"method": "freezed", "method_options": ("frozn=1",)},
            "--method-options of freezed: frozn: did you mean frozen?",
        ),
        ({"method_options": ("frozen=1",)}, "--method-options frozen=1: finetune has no settings"),
    ],
)
def test_a_wrong_value_names_its_option(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        TrainOptions(**changes)
    assert "\n" not in str(refused.value)


def test_adapt_checks_its_own_too() -> None:
    with pytest.raises(UserError, match="--encoder incepton: did you mean inception?"):
        AdaptOptions(encoder="incepton")
    with pytest.raises(UserError, match="--metric-pictures 1: at least 2"):
        AdaptOptions(metric_pictures=1)
    with pytest.raises(UserError, match="--seed -1"):
        AdaptOptions(seed=-1)


@pytest.mark.parametrize(
    "options", [TrainOptions(seed=3, method_options=()), AdaptOptions(shots=10, r1=0.5, flip=True)]
)
def test_options_survive_json(options: TrainOptions | AdaptOptions) -> None:
    assert from_json(type(options), json.loads(json.dumps(to_json(options)))) == options


def test_method_options_are_name_and_value() -> None:
    assert method_from("freezed", ("frozen=3",)) == METHODS["freezed"](frozen=3)  # type: ignore[call-arg]
    made = method_from("modulate", ("quantile=0.25", "rank=2"))
    assert (made.quantile, made.rank, made.probe_steps) == (0.25, 2, 100)
    assert method_from("finetune", ()) == METHODS["finetune"]()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("quantile=much", "--method-options quantile=much: quantile is a number"),
        ("rank=1.5", "--method-options rank=1.5: rank is a whole number"),
        ("rank", "--method-options rank: rank is a whole number"),
        ("rank=", "rank is a whole number"),
        ("ranks=2", "--method-options of modulate: ranks: did you mean rank?"),
        ("=2", "--method-options of modulate: : "),
    ],
)
def test_a_wrong_method_option_names_itself(setting: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        method_from("modulate", (setting,))


@dataclasses.dataclass(frozen=True)
class Switched(Method):
    """A method with a switch."""

    keeps_source: ClassVar[bool] = True
    warm: bool = True


def test_a_switch_of_a_method_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "switched", Switched)
    assert not method_from("switched", ("warm=false",)).warm
    assert method_from("switched", ("warm=True",)).warm
    with pytest.raises(UserError, match="warm=perhaps: warm is true or false"):
        method_from("switched", ("warm=perhaps",))


def test_python_keywords_are_checked_like_flags() -> None:
    options = from_keywords(TrainOptions, {"images": Path("a"), "holdout": Path("b"), "method_options": []})
    assert (options.images, options.holdout, options.method_options) == ("a", "b", ())
    assert to_json(options)["images"] == "a"
    with pytest.raises(UserError, match="option kimgs: did you mean kimg?"):
        from_keywords(TrainOptions, {"kimgs": 3})
    with pytest.raises(UserError, match="an option has a value of another kind"):
        from_keywords(TrainOptions, {"kimg": "3"})


def test_defaults_of_the_game_follow_loss_and_resolution() -> None:
    assert TrainOptions(batch=32).rules(64).r1 == pytest.approx(0.0002 * 64**2 / 32)
    wasserstein = TrainOptions(loss="wasserstein").rules(64)
    assert (wasserstein.r1, wasserstein.gradient_penalty) == (0.0, 10.0)
    asked = TrainOptions(loss="wasserstein", r1=1.0, gradient_penalty=0.0).rules(64)
    assert (asked.r1, asked.gradient_penalty) == (1.0, 0.0)
