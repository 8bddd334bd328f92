"""Sources that lack a discriminator, or are asked for at another resolution: what a run does, says, and refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.networks.resample import lowpass_filter, upsample
from graftgan.recipes import adapt
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.advice_rule import usable_with
from graftgan.recipes.blend import BlendOptions
from graftgan.recipes.blend import run as blend
from graftgan.recipes.compare import fitting
from graftgan.recipes.contest import CompareOptions
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.pair import starting_pair, treatment_of, unfit
from graftgan.training import checkpoint
from graftgan.training.log import read_log
from graftgan.zoo.model_folder import load_model

Sources = Callable[..., str]


@pytest.fixture
def job(photos: Path, tmp_path: Path, colours: str) -> dict[str, Any]:
    """An adaptation of six steps with a tick and a checkpoint after each."""
    few = {"method": "finetune", "kimg": 0.048, "batch": 8, "ticks": 6, "keep": 9, "metric_pictures": 8}
    folder = {"photos": str(photos), "outdir": str(tmp_path / "runs"), "devices": "cpu"}
    return {**folder, **few, "encoder": colours, "lpips": "none", "checkpoint": "last", "loss": "non-saturating"}


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement())
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)


def options_of(source: str, **changes: Any) -> TrainingOptions:
    return TrainingOptions(source=source, **changes)


# ---- no discriminator -----------------------------------------------------------------------------------------------


def test_a_missing_discriminator_is_drawn_trained_alone_and_spoken_of(
    job: dict[str, Any], drawn_source: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    source = drawn_source("dcgan", discriminator=False)
    folder = adapt.run(AdaptOptions(**job, source=source, d_first=2, shots=6)).folder
    told = "the source has no discriminator: one was drawn by seed 0 and trained alone for 2 steps"
    assert [line for line in capsys.readouterr().err.splitlines() if "drawn" in line] == [f"adapt: {told}"]
    record = json.loads((folder / "run.json").read_text())
    assert record["treatment"] == [told] and "--d-first 2" in record["command"]
    assert record["source_sha256"]["discriminator"] == ""
    assert told in (folder / "model" / "README.md").read_text() and told in (folder / "report.html").read_text()
    assert load_model(folder / "model").about["treatment"] == told
    ticks = read_log(folder)
    assert [tick["kimg"] for tick in ticks] == [0.0, 0.008, 0.016, 0.024, 0.032, 0.04, 0.048]  # D's steps count
    assert ["loss_g" in tick for tick in ticks] == [False, False, False, True, True, True, True]
    assert all("loss_d" in tick for tick in ticks[1:])
    begun = load_model(Path(source)).generator.state_dict()
    for step, same in ((2, True), (3, False)):
        tensors, _ = checkpoint.read(folder / "checkpoints" / f"step-{step:08d}")
        for owner in ("generator", "average"):
            assert all(torch.equal(tensors[f"{owner}.{name}"], value) for name, value in begun.items()) == same


def test_the_drawn_discriminator_is_the_generators_own_architecture_and_the_seeds(drawn_source: Sources) -> None:
    for network in ("dcgan", "stylegan2"):
        whole = starting_pair(options_of(drawn_source(network)), None, 0)
        bare = drawn_source(network, discriminator=False)
        one, same, other = (starting_pair(options_of(bare, seed=seed), None, 0) for seed in (3, 3, 4))
        assert whole.discriminator and one.discriminator and same.discriminator and other.discriminator
        assert one.discriminator.config() == whole.discriminator.config()
        assert (whole.drawn, one.drawn) == ("", "wholly") and not whole.treatment
        first, like, unlike = (next(network.discriminator.parameters()) for network in (one, same, other))
        assert torch.equal(first, like) and not torch.equal(first, unlike)


def test_without_a_word_it_trains_with_the_generator_from_the_first_step(drawn_source: Sources) -> None:
    options = options_of(drawn_source("dcgan", discriminator=False))
    assert (
        options.d_first == 0 and options.rules(16).d_first == 0 and replace(options, d_first=7).rules(16).d_first == 7
    )
    (told,) = treatment_of(options, starting_pair(options, None, 0))
    assert told.endswith("one was drawn by seed 0 and trained with the generator from the first step")


def test_a_raised_budget_leaves_the_first_steps_as_they_were(
    job: dict[str, Any], drawn_source: Sources, unjudged: None, assert_same_run: Callable[..., None]
) -> None:
    job |= {"source": drawn_source("dcgan", discriminator=False), "ticks": 12, "keep": 99, "d_first": 2}
    short = adapt.run(AdaptOptions(**job)).folder
    adapt.run(AdaptOptions(resume=str(short), kimg=0.096))
    through = adapt.run(AdaptOptions(**{**job, "kimg": 0.096})).folder
    assert_same_run(through, short, log=False)


@pytest.mark.parametrize("method", [name for name, kind in METHODS.items() if kind().draws_on()])
def test_a_method_that_stands_on_the_sources_discriminator_is_refused(
    method: str, job: dict[str, Any], drawn_source: Sources
) -> None:
    options = AdaptOptions(**{**job, "method": method, "source": drawn_source("dcgan", discriminator=False)})
    with pytest.raises(UserError, match=f"^--method {method}: .* discriminator.*, and this source has none$"):
        adapt.run(options)
    assert not list(Path(job["outdir"]).glob("*"))


def test_a_discriminator_that_never_trained_is_left_out_of_the_model(
    job: dict[str, Any], drawn_source: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    source = drawn_source("dcgan", discriminator=False)
    job |= {"method": "bsa", "method_options": ("perceptual=0",), "source": source}
    result = adapt.run(AdaptOptions(**job))
    assert result.model.discriminator is None
    assert "left out of the model, as bsa does not train it" in capsys.readouterr().err
    again = adapt.run(AdaptOptions(**{**job, "source": drawn_source("dcgan")}))
    assert again.model.discriminator is not None


def test_neither_a_comparison_nor_advice_names_a_method_that_stands_on_it(drawn_source: Sources) -> None:
    bare = starting_pair(options_of(drawn_source("dcgan", discriminator=False)), None, 0)
    whole = starting_pair(options_of(drawn_source("dcgan")), None, 0)
    named = {word.split(":")[0] for word in fitting(CompareOptions(photos="p"), bare).methods}
    assert named == {name for name, kind in METHODS.items() if not kind().draws_on()}
    with pytest.raises(UserError, match="--methods freezed:frozen=1: freezes .*, and this source has none"):
        fitting(CompareOptions(photos="p", methods=("freezed:frozen=1",)), bare)
    for model in (bare, load_model(Path(drawn_source("dcgan", discriminator=False)))):
        usable = usable_with(model)
        assert not usable("freezed:frozen=1") and usable("bsa:perceptual=0") and usable("weditgan")
    assert usable_with(whole)("freezed:frozen=1")
    assert fitting(CompareOptions(photos="p", methods=("freezed",)), whole).methods == ("freezed",)


def test_a_small_delta_of_such_a_run_goes_back_on_its_source(
    job: dict[str, Any], drawn_source: Sources, unjudged: None, tmp_path: Path
) -> None:
    source = drawn_source("stylegan2", discriminator=False)
    run = adapt.run(AdaptOptions(**{**job, "method": "scaleshift", "source": source})).folder
    (part,) = blend(BlendOptions(deltas=(str(run),), source=source, out=str(tmp_path / "blend"))).parts
    assert part.exact


@pytest.mark.parametrize(
    ("network", "changes", "message"),
    [
        ("dcgan", {"d_first": 6}, "^--d-first 6: the run has 6 steps, so that G would never train$"),
        ("vae", {}, "^--source .*: a vae without its encoder cannot be trained$"),
        ("dcgan", {"resolution": 32}, "^--resolution 32: the source .*: a DCGAN.* not sound; possible: 16$"),
        ("stylegan2", {"resolution": 128}, "^--resolution 128: the source .* possible: 16, 32, 64$"),
        ("dcgan", {"source": "none", "resolution": 16, "method": "cdc"}, "^--method cdc: adapts a source, and"),
    ],
)
def test_what_cannot_be_is_one_line(
    network: str, changes: dict[str, Any], message: str, job: dict[str, Any], drawn_source: Sources
) -> None:
    with pytest.raises(UserError, match=message) as refused:
        adapt.run(AdaptOptions(**{**job, "source": drawn_source(network, discriminator=False), **changes}))
    assert "\n" not in str(refused.value) and not list(Path(job["outdir"]).glob("*"))


def test_a_vae_has_nobody_to_train_first(job: dict[str, Any], drawn_source: Sources) -> None:
    with pytest.raises(UserError, match="^--d-first 2: a vae has no discriminator to hold back$"):
        adapt.run(AdaptOptions(**job, source=drawn_source("vae"), d_first=2))


# ---- another resolution ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "asked"), [(16, 32), (32, 16)])
def test_a_run_at_another_resolution_compares_with_the_source_as_it_was_cut_or_grown(
    own: int, asked: int, job: dict[str, Any], drawn_source: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def judged(adapted: Any, source: Any, *_: object, **__: object) -> Judgement:
        seen.update(adapted=adapted, source=source)
        return Judgement()

    monkeypatch.setattr(adapt, "judge_adapted", judged)
    source = drawn_source("stylegan2", own)
    folder = adapt.run(AdaptOptions(**job, source=source, resolution=asked, d_first=2)).folder
    model = load_model(folder / "model")
    assert model.generator.resolution == asked and seen["adapted"].resolution == seen["source"].resolution == asked
    (change, then) = json.loads((folder / "run.json").read_text())["treatment"]
    blocks = {
        32: "dropped D b16.fromrgb; drawn G synthesis.b32, D b32",
        16: "dropped G synthesis.b32, D b32; drawn D b16.fromrgb",
    }
    turned = "grown" if asked > own else "cut"
    assert change == f"the source was {turned} from {own} px to {asked}: {blocks[asked]} (by seed 0)"
    assert then == "its discriminator, now new in part, was trained alone for 2 steps"
    assert model.about["treatment"] == f"{change}; {then}"
    page = (folder / "report.html").read_text()
    assert "Source treatment" in page and change in page
    # the source of the report draws as the source itself does, enlarged; and the run began with it
    z = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    if asked > own:
        wanted = upsample(load_model(Path(source)).generator(z, noise="const"), lowpass_filter())
        torch.testing.assert_close(seen["source"](z, noise="const"), wanted, rtol=0, atol=1e-5)
    tensors, _ = checkpoint.read(folder / "checkpoints" / "step-00000002")
    for name, value in seen["source"].state_dict().items():
        assert torch.equal(tensors[f"average.{name}"], value), name


def test_what_is_drawn_at_another_resolution_depends_on_the_seed_alone(drawn_source: Sources) -> None:
    source = drawn_source("stylegan2")
    one, same, other = (starting_pair(options_of(source, seed=seed), 32, 0) for seed in (1, 1, 2))
    for name, value in one.generator.state_dict().items():
        assert torch.equal(value, same.generator.state_dict()[name])
    new = "synthesis.b32.conv1.weight"
    assert not torch.equal(one.generator.get_parameter(new), other.generator.get_parameter(new))
    assert one.digest == starting_pair(options_of(source), None, 0).digest != ""


def test_methods_that_stand_on_the_discriminator_are_refused_where_it_is_new_in_part(drawn_source: Sources) -> None:
    grown = starting_pair(options_of(drawn_source("stylegan2")), 32, 0)
    assert grown.drawn == "in part"
    refused = {name for name, kind in METHODS.items() if unfit(kind(), grown)}
    assert refused == {name for name, kind in METHODS.items() if kind().draws_on()}
    assert unfit(METHODS["freezed"](), grown).endswith("and that is new in part at this --resolution")
    assert starting_pair(options_of(drawn_source("stylegan2", discriminator=False)), 32, 0).drawn == "wholly"


def test_no_small_delta_of_a_source_that_was_grown(job: dict[str, Any], drawn_source: Sources, unjudged: None) -> None:
    options = AdaptOptions(**{**job, "method": "scaleshift"}, source=drawn_source("stylegan2"), resolution=32)
    with pytest.warns(UserWarning, match="no delta is written beside the model: the source has 16 px, the run 32"):
        folder = adapt.run(options).folder
    assert not (folder / "model" / "delta.safetensors").exists()


# ---- networks for a few pictures without colour ---------------------------------------------------------------------


def test_layer_norm_and_one_channel_are_drawn(tmp_path: Path) -> None:
    options = TrainingOptions(network="dcgan", layer_norm=True, grey=True, cbase=64, cmax=8, z_dim=4)
    pair = starting_pair(options, 16, 0)
    assert pair.discriminator is not None
    for network in (pair.generator, pair.discriminator):
        assert network.channels == 1 and network.config()["layer_norm"] is True
        assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network.modules())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer_norm": True}, "--layer-norm: of a --network dcgan"),
        ({"layer_norm": True, "network": "dcgan", "source": "avatars-64"}, "--layer-norm: .*with --source none"),
        ({"grey": True, "source": "avatars-64"}, "--grey: .*avatars-64"),
        ({"held_out_classes": -1}, "--held-out-classes -1: 0 or more"),
    ],
)
def test_what_is_for_new_networks_alone(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TrainingOptions(**changes)
