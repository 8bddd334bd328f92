"""Small deltas: one with weight 1 is the adapted model to the bit, 0 the source, between them the formula says what."""

import dataclasses
import hashlib
import json
import shutil
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

import graftgan
from graftgan.cli.main import main
from graftgan.devices import launch
from graftgan.errors import UserError
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at
from graftgan.recipes import adapt, small_delta
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.blend import BlendOptions, run
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.pair import make_state
from graftgan.recipes.small_delta import write_small_delta
from graftgan.state import State
from graftgan.surgery.merge import merged
from graftgan.surgery.modulation import modulate
from graftgan.zoo.delta import FACTS, TENSORS, load_delta
from graftgan.zoo.model_folder import GENERATOR, Model, load_model, save_model
from graftgan.zoo.sources import find_source

FABRIC = launch("cpu", "32")
SMALL = [name for name, kind in METHODS.items() if kind.small]
PIXELS = torch.rand(4, 3, 16, 16, generator=generator_at(5, 0)) * 2 - 1


@dataclasses.dataclass(frozen=True)
class Shifts(Method):
    """Trains vectors alone."""

    small = True

    def prepare(self, state: State, preparation: Preparation) -> None:
        for parameter in state.generator.parameters():
            parameter.requires_grad_(parameter.dim() == 1)


@dataclasses.dataclass(frozen=True)
class Measured(Method):
    """Modulates kernels; which filters are kept is measured on pictures, or read from the checkpoint."""

    small = True
    rank: int = 1

    def prepare(self, state: State, preparation: Preparation) -> None:
        state.generator.requires_grad_(False)
        for name, modulation in modulate(state.generator, self.rank, generator_at(preparation.seed, 0)).items():
            key = f"generator.{name}.parametrizations.weight.0.keep"
            if preparation.saved is None:
                bright = preparation.batch_at(0)[0].mean().item()
                modulation.keep.view(-1)[:: 2 if bright < 1 else 1] = 0
            else:
                modulation.keep.copy_(preparation.saved[key])
            network = state.generator.get_submodule(f"{name}.parametrizations.weight")
            network.get_parameter("original").requires_grad_(True)
            modulation.requires_grad_(True)


@dataclasses.dataclass(frozen=True)
class Front(Method):
    """Puts something before the latents."""

    small = True
    layers: int = 0

    def prepare(self, state: State, preparation: Preparation) -> None:
        state.generator.requires_grad_(False)
        state.generator = FrontedGenerator(state.generator, self.layers)
        state.generator.draw_front(generator_at(preparation.seed, 0))


@dataclasses.dataclass(frozen=True)
class Looks(Method):
    """Its structure depends on the pictures, and no checkpoint says how."""

    small = True

    def prepare(self, state: State, preparation: Preparation) -> None:
        if preparation.photos(9).sum() != 0:
            state.generator = FrontedGenerator(state.generator, 0)


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in {"shifts": Shifts, "measured": Measured, "front": Front, "looks": Looks}.items():
        monkeypatch.setitem(METHODS, name, kind)


def source_at(folder: Path, network: str, seed: int = 0) -> Path:
    """A drawn pair of 16 px as a model folder, its batch norms away from their start."""
    widths = {"resolution": 16, "channel_base": 128, "channel_max": 8}
    latent = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2} if network == "stylegan2" else {"z_dim": 8}
    generator = NETWORKS[network].generator(**widths, **latent)
    discriminator = NETWORKS[network].discriminator(**widths)
    for drawn in (generator, discriminator):
        drawn.init_weights(generator_at(seed, 0))
    for name, buffer in generator.named_buffers():
        if name.endswith("running_var"):
            buffer.mul_(2)
    save_model(folder, Model(network, generator.eval(), discriminator.eval(), {"credits": "by A"}), "")
    return folder


def adapted_at(folder: Path, source: Path, method: str, seed: int = 0, *settings: str) -> Path:
    """The folder of a run that moved every trainable number of the method by a draw of the seed; answers it."""
    options = AdaptOptions(source=str(source), method=method, method_options=settings, seed=seed, devices="cpu")
    model = load_model(find_source(source))
    digest = model.digest
    how = METHODS[method](**{name: int(value) for name, _, value in (word.partition("=") for word in settings)})
    rules = options.rules(16)
    preparation = Preparation(lambda _: (PIXELS, None), rules, FABRIC, seed, None, lambda *_: None, lambda _: PIXELS)
    state = make_state(model, options, how, FABRIC.device, preparation)
    rng = generator_at(seed, 1)
    moving = {name.removeprefix("generator.") for name in state.trainable_g()}
    for name, value in state.average.state_dict().items():
        if name in moving or name.endswith("running_mean"):
            value += 0.2 * torch.randn(value.shape, generator=rng)
        elif name.endswith("num_batches_tracked"):
            value += 4
    got = Model(model.network, merged(state.average).eval(), model.discriminator, {})
    finished: Any = types.SimpleNamespace(folder=types.SimpleNamespace(path=folder), state=state, fabric=FABRIC)
    assert digest == load_model(find_source(source)).digest
    note = write_small_delta(finished, options, state.average, got)
    save_model(folder / "model", got, note)
    return folder


def tensors_of(folder: Path) -> dict[str, Tensor]:
    return safetensors.torch.load_file(folder / GENERATOR)


@pytest.fixture(scope="module", params=["dcgan", "stylegan2"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source_at(tmp_path_factory.mktemp("source") / "plain", request.param)


@pytest.fixture
def dcgan(tmp_path: Path) -> Path:
    return source_at(tmp_path / "source", "dcgan")


@pytest.mark.parametrize(
    ("method", "settings"), [("shifts", ()), ("measured", ("rank=2",)), ("front", ()), ("front", ("layers=2",))]
)
def test_weight_one_is_the_adapted_model_to_the_bit(
    source: Path, tmp_path: Path, method: str, settings: tuple[str, ...]
) -> None:
    run_folder = adapted_at(tmp_path / "run", source, method, 3, *settings)
    done = run(BlendOptions(deltas=(str(run_folder),), out=str(tmp_path / "out"), source=str(source)))
    assert [part.exact for part in done.parts] == [True]
    assert (tmp_path / "out" / GENERATOR).read_bytes() == (run_folder / "model" / GENERATOR).read_bytes()
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["generator"] == json.loads((run_folder / "model" / "config.json").read_text())["generator"]
    before, after = tensors_of(source), tensors_of(run_folder / "model")
    assert before.keys() != after.keys() or any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("method", SMALL)
def test_every_small_method_keeps_its_promise(source: Path, tmp_path: Path, method: str) -> None:
    run_folder = adapted_at(tmp_path / "run", source, method)
    done = run(BlendOptions(deltas=(str(run_folder),), out=str(tmp_path / "out"), source=str(source)))
    assert [part.exact for part in done.parts] == [True]
    assert (run_folder / "model" / TENSORS).stat().st_size < (source / GENERATOR).stat().st_size
    assert (tmp_path / "out" / GENERATOR).read_bytes() != (source / GENERATOR).read_bytes()


@pytest.mark.parametrize("method", ["shifts", "measured", "front"])
def test_weight_zero_is_the_source_to_the_bit(source: Path, tmp_path: Path, method: str) -> None:
    run_folder = adapted_at(tmp_path / "run", source, method)
    run(BlendOptions(deltas=(f"{run_folder}=0",), out=str(tmp_path / "out"), source=str(source)))
    assert (tmp_path / "out" / GENERATOR).read_bytes() == (source / GENERATOR).read_bytes()


def test_weights_follow_the_formula(source: Path, tmp_path: Path) -> None:
    one = adapted_at(tmp_path / "one", source, "shifts", 1)
    two = adapted_at(tmp_path / "two", source, "measured", 2)
    words = (f"{one}=0.5", f"{two / 'model'}=-0.25")
    run(BlendOptions(deltas=words, out=str(tmp_path / "out"), source=str(source)))
    base, first, second, mixture = (
        tensors_of(path) for path in (source, one / "model", two / "model", tmp_path / "out")
    )
    for name, value in base.items():
        if not value.is_floating_point():
            assert torch.equal(mixture[name], value)  # the source has the largest share, 0.75
            continue
        w, a, b = (found[name].numpy().astype(np.float64) for found in (base, first, second))
        np.testing.assert_allclose(mixture[name].numpy(), w + 0.5 * (a - w) - 0.25 * (b - w), rtol=1e-6, atol=1e-7)


def test_a_delta_holds_what_changed_and_what_was_measured_and_no_more(dcgan: Path, tmp_path: Path) -> None:
    shifts = safetensors.torch.load_file(adapted_at(tmp_path / "one", dcgan, "shifts") / "model" / TENSORS)
    wanted = {
        f"generator.{name}"
        for name, value in tensors_of(dcgan).items()
        if value.dim() < 2  # what trains, and what batch norms measure, moved or not
    }
    assert shifts.keys() == wanted
    measured = safetensors.torch.load_file(adapted_at(tmp_path / "two", dcgan, "measured") / "model" / TENSORS)
    assert any(name.endswith(".keep") for name in measured)
    assert not any(name.startswith("discriminator") for name in measured)


def test_displacements_of_latents_add_up(dcgan: Path, tmp_path: Path) -> None:
    flat = adapted_at(tmp_path / "flat", dcgan, "front", 1)
    deep = adapted_at(tmp_path / "deep", dcgan, "front", 2, "layers=2")
    run(BlendOptions(deltas=(f"{flat}=2", f"{deep}=0.5"), out=str(tmp_path / "out"), source=str(dcgan)))
    z = torch.randn(5, 8, generator=generator_at(0, 9))
    fronts = [load_model(path).generator.front for path in (flat / "model", deep / "model", tmp_path / "out")]  # type: ignore[attr-defined]
    moved = [front(z).detach() - z for front in fronts]
    torch.testing.assert_close(moved[2], 2 * moved[0] + 0.5 * moved[1])
    with pytest.raises(UserError, match="deep and deep both put two layers before the latents"):
        run(BlendOptions(deltas=(str(deep), str(deep)), out=str(tmp_path / "never"), source=str(dcgan)))


def test_a_variance_never_falls_below_zero(dcgan: Path, tmp_path: Path) -> None:
    shifted = adapted_at(tmp_path / "run", dcgan, "shifts")
    file = shifted / "model" / TENSORS
    tensors = safetensors.torch.load_file(file)
    name = next(name for name in tensors_of(dcgan) if name.endswith("running_var"))
    tensors[f"generator.{name}"] = torch.zeros_like(tensors_of(dcgan)[name])
    vouched(file, tensors)
    run(BlendOptions(deltas=(f"{shifted}=3",), out=str(tmp_path / "out"), source=str(dcgan)))
    assert tensors_of(dcgan)[name].min() > 0 and tensors_of(tmp_path / "out")[name].eq(0).all()


def vouched(file: Path, tensors: dict[str, Tensor], **facts: object) -> None:
    """Writes other tensors, or other facts, that go together."""
    data = safetensors.torch.save(tensors)
    file.write_bytes(data)
    before = json.loads(file.with_name(FACTS).read_text())
    now = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    shapes = {"shapes": {name: list(tensor.shape) for name, tensor in tensors.items()}}
    file.with_name(FACTS).write_text(json.dumps({**before, **now, **shapes, **facts}))


def test_a_delta_of_another_source_is_refused_naming_both(dcgan: Path, tmp_path: Path) -> None:
    other = source_at(tmp_path / "other", "dcgan", seed=1)
    one, two = adapted_at(tmp_path / "one", dcgan, "shifts"), adapted_at(tmp_path / "two", other, "shifts")
    digests = [load_model(path).digest[:12] for path in (dcgan, other)]
    with pytest.raises(
        UserError, match=rf"two.*changes the source other \({digests[1]}\), not .*source \({digests[0]}\)"
    ):
        run(BlendOptions(deltas=(str(one), str(two)), out=str(tmp_path / "out"), source=str(dcgan)))
    with pytest.raises(UserError, match=rf"one.*changes source \({digests[0]}\) and .*two.* other \({digests[1]}\)"):
        run(BlendOptions(deltas=(str(one), str(two)), out=str(tmp_path / "out")))
    with pytest.raises(UserError, match=r"--source: name the model that .*one.* \(it was called source\)"):
        run(BlendOptions(deltas=(str(one),), out=str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"method": "measurd"}, "the delta's method measurd: did you mean measured?"),
        ({"method_options": ["rnk=1"]}, "did you mean rank?"),
        ({"method_options": ["rank=60000"]}, "its settings ask for a tensor of .* values, the networks have"),
        ({"method_options": ["rank=9999999999"]}, "rank=9999999999 is above"),
        ({"method_options": ["rank=nan"]}, "rank=nan"),
        ({"method_options": ["rank=-1"]}, "the delta does not fit measured"),
        (
            {"method_options": ["rank=3"]},
            r"of the delta is \((\d+, 1|1, \d+)\), measured makes \((\d+, 3|3, \d+)\)",
        ),
        (
            {"method": "shifts", "method_options": []},
            "parametrizations.* of the delta is .*shifts makes no such tensor",
        ),
    ],
)
def test_false_facts_are_one_line_that_names_the_file(
    dcgan: Path, tmp_path: Path, facts: dict[str, Any], message: str
) -> None:
    file = adapted_at(tmp_path / "run", dcgan, "measured") / "model" / TENSORS
    vouched(file, safetensors.torch.load_file(file), **facts)
    with pytest.raises(UserError, match=f"delta.safetensors: .*{message}") as refused:
        run(BlendOptions(deltas=(str(file),), out=str(tmp_path / "out"), source=str(dcgan)))
    assert "\n" not in str(refused.value)


def test_a_delta_without_what_its_structure_needs_is_refused(dcgan: Path, tmp_path: Path) -> None:
    file = adapted_at(tmp_path / "run", dcgan, "measured") / "model" / TENSORS
    tensors = {name: value for name, value in safetensors.torch.load_file(file).items() if not name.endswith("keep")}
    vouched(file, tensors)
    with pytest.raises(UserError, match="measured needs generator.*keep, which the delta has not"):
        run(BlendOptions(deltas=(str(file),), out=str(tmp_path / "out"), source=str(dcgan)))


@pytest.mark.parametrize(
    ("end", "lost"), [("bias", "bias"), ("running_mean", "running_mean"), ("num_batches_tracked", "num_batches")]
)
def test_a_delta_that_lacks_what_its_method_trains_is_refused(dcgan: Path, tmp_path: Path, end: str, lost: str) -> None:
    file = adapted_at(tmp_path / "run", dcgan, "shifts") / "model" / TENSORS
    tensors = safetensors.torch.load_file(file)
    del tensors[max(name for name in tensors if name.endswith(end))]
    vouched(file, tensors)
    with pytest.raises(
        UserError, match=f"safetensors: the delta is not whole: 1 of what shifts .* missing, as .*{lost}"
    ):
        run(BlendOptions(deltas=(str(file),), out=str(tmp_path / "out"), source=str(dcgan)))


def test_a_method_that_leaves_no_delta_is_refused_before_its_settings_are_read(
    dcgan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = adapted_at(tmp_path / "run", dcgan, "shifts") / "model" / TENSORS
    monkeypatch.setattr(small_delta, "method_from", lambda *_: pytest.fail("its settings were read"))
    vouched(file, safetensors.torch.load_file(file), method="joint", method_options=[f"source_data={tmp_path}"])
    with pytest.raises(UserError, match="safetensors: the delta's method joint leaves no small delta"):
        run(BlendOptions(deltas=(str(file),), out=str(tmp_path / "out"), source=str(dcgan)))


def test_an_altered_delta_is_not_called_what_its_run_wrote(
    dcgan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = adapted_at(tmp_path / "run", dcgan, "shifts") / "model" / TENSORS
    vouched(file, {name: value * 3 for name, value in safetensors.torch.load_file(file).items()})
    assert main(["blend", str(file), "--out", str(tmp_path / "out"), "--source", str(dcgan)]) == 0
    said = capsys.readouterr().out
    assert (
        "alone not to the bit what its run wrote: another machine rounds differently, or the delta was changed" in said
    )


def test_a_value_that_no_float_holds_names_the_delta(dcgan: Path, tmp_path: Path) -> None:
    file = adapted_at(tmp_path / "large", dcgan, "shifts") / "model" / TENSORS
    tensors = safetensors.torch.load_file(file)
    name = next(name for name in tensors if name.endswith("bias"))
    vouched(file, {**tensors, name: torch.full_like(tensors[name], 1e38)})
    other = adapted_at(tmp_path / "other", dcgan, "shifts", 1)
    with pytest.raises(UserError, match=rf"^large: {name.removeprefix('generator.')} of the blend is beyond"):
        run(BlendOptions(deltas=(str(other), f"{file}=9"), out=str(tmp_path / "out"), source=str(dcgan)))


@pytest.mark.parametrize("word", [".", "../source", "{run}", "{run}/model", "{run}/model/."])
def test_a_source_is_called_by_its_resolved_path(
    dcgan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    shutil.copytree(dcgan, tmp_path / "0007-ink" / "model")
    monkeypatch.chdir(dcgan)
    words = word.replace("{run}", str(tmp_path / "0007-ink"))
    file = adapted_at(tmp_path / "run", Path(words), "shifts") / "model" / TENSORS
    wanted = "0007-ink" if "{run}" in word else "source"
    assert load_delta(file).source == wanted
    done = run(BlendOptions(deltas=(str(file),), out=str(tmp_path / "out"), source=words))
    assert done.model.about["source"] == wanted


def test_a_method_whose_result_cannot_be_rebuilt_leaves_no_delta(dcgan: Path, tmp_path: Path) -> None:
    stale = adapted_at(tmp_path / "run", dcgan, "shifts") / "model"
    assert (stale / TENSORS).exists()
    with pytest.warns(UserWarning, match="no delta is written"):
        adapted_at(tmp_path / "run", dcgan, "looks")
    assert not (stale / TENSORS).exists() and not (stale / FACTS).exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name at least one delta"),
        (("{run}=x",), "the weight after = is a number, not x"),
        (("{run}=",), "the weight after = is a number, not nothing"),
        (("{run}=11",), "from -10 to 10"),
        (("{run}=nan",), "from -10 to 10"),
        (("nowhere",), "no delta at nowhere"),
        (("{run}",) * 33, "at most 32"),
    ],
)
def test_a_mistake_is_one_line(dcgan: Path, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    where = adapted_at(tmp_path / "run", dcgan, "shifts")
    deltas = tuple(word.replace("{run}", str(where)) for word in words)
    with pytest.raises(UserError, match=message):
        run(BlendOptions(deltas=deltas, out=str(tmp_path / "out"), source=str(dcgan)))
    with pytest.raises(UserError, match="exists and is not an empty folder"):
        run(BlendOptions(deltas=(str(where),), out=str(where), source=str(dcgan)))


def test_the_command_takes_several_and_says_how_to_remove(
    dcgan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = adapted_at(tmp_path / "one", dcgan, "shifts", 1), adapted_at(tmp_path / "two", dcgan, "front", 2)
    out = tmp_path / "out"
    assert main(["blend", f"{one}=0.5", str(two), "--out", str(out), "--source", str(dcgan)]) == 0
    said = capsys.readouterr().out
    assert "0.5 x one: shifts, alone to the bit what its run wrote" in said and "1 x two: front" in said
    assert "to remove a delta is to use the source" in said
    with Image.open(out / "blend.png") as picture:
        assert picture.size == (8 * 16 + 7 * 2, 4 * 16 + 3 * 2)  # 8 latents; source, two deltas, blend
    assert "0.5 one (shifts) + 1 two (front)" in (out / "README.md").read_text()
    python = graftgan.blend({one: 0.5, two: 1.0}, tmp_path / "again", source=dcgan)
    assert (tmp_path / "again" / GENERATOR).read_bytes() == (out / GENERATOR).read_bytes()
    assert python.model.about["credits"] == "by A"


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement(missing=["all"]))
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)
    yield


def test_adapt_leaves_a_delta_that_finds_its_source_by_the_runs_record(
    dcgan: Path, photos: Path, tmp_path: Path, unjudged: None
) -> None:
    few: dict[str, Any] = {"kimg": 0.016, "batch": 8, "outdir": tmp_path / "runs", "devices": "cpu", "lr_g": 0.01}
    result = graftgan.adapt(photos, source=dcgan, method="measured", checkpoint="last", **few)
    size = (result.folder / "model" / TENSORS).stat().st_size
    assert f"`delta.safetensors` ({size / 1000:.1f} kB)" in (result.folder / "model" / "README.md").read_text()
    graftgan.blend(result.folder, tmp_path / "out")
    assert (tmp_path / "out" / GENERATOR).read_bytes() == (result.folder / "model" / GENERATOR).read_bytes()
    plain = graftgan.adapt(photos, source=dcgan, method="finetune", checkpoint="last", **few)
    assert not (plain.folder / "model" / TENSORS).exists()
