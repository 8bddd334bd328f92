"""Foreign checkpoints: what they hold comes out exactly, and whatever does not fit is named."""

import json
import warnings
from pathlib import Path

import pytest
import torch

import graftgan
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from graftgan.recipes import adapt
from graftgan.recipes.judgement import Judgement
from graftgan.zoo.convert import convert_file
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import find_source

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "stylegan2").glob("*.safetensors"))
UNCONDITIONAL = [path for path in GOLDEN if path.stem.startswith("uncond")]
stem = lambda path: path.stem if isinstance(path, Path) else str(path)  # noqa: E731


def assert_golden(model, tensors, noise="const"):
    """Pictures and logits are those of NVIDIA's networks, to 1e-4."""
    z, c = tensors["in.z"], tensors.get("in.c")
    image = tensors["out.image_noise_const"]
    with torch.no_grad():
        results = {
            "ws": model.generator.mapping(z, c),
            "image_noise_const": model.generator(z, c, noise="const"),
            "image_noise_none": model.generator(z, c, noise="none"),
            "image_trunc0.7_noise_const": model.generator(z, c, truncation=0.7, noise="const"),
            "logits_of_image_noise_const": model.discriminator(image, c),
        }
    for name, result in results.items():
        torch.testing.assert_close(result, tensors[f"out.{name}"], rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize(
    "path, protocol, flat",
    [(path, *how) for path in GOLDEN for how in ((3, False), (4, True))]
    + [(GOLDEN[1], 5, True), (GOLDEN[1], 2, False)],
    ids=stem,
)
def test_nvidias_pickles_convert_exactly(path, protocol, flat, written_files, tmp_path):
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.nvidia_pickle(path, protocol, flat=flat))
    tensors, settings = written_files.golden(path)
    assert main(["convert", str(file), str(tmp_path / "model")]) == 0
    model = load_model(tmp_path / "model")
    assert_golden(model, tensors)
    assert model.generator.config()["channel_base"] == settings["channel_base"]
    report = model.about["load_report"]
    wanted = len(written_files.under(tensors, "G."))
    assert report[0] == f"generator (from G_ema): {wanted} of {wanted} tensors taken, 0 left"
    assert report[1].startswith("discriminator (from D): ") and report[1].endswith(" tensors taken, 0 left")
    assert report[2:] == [f"left in the file: G ({wanted} tensors)", "left in the file: augment_pipe (2 tensors)"]


def test_what_only_the_layers_keep_is_read_from_them(written_files, tmp_path):
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.nvidia_pickle(GOLDEN[0], 4, flat=True, conv_clamp=256))
    model = convert_file(file)
    for network in (model.generator, model.discriminator):
        assert network.config()["conv_clamp"] == 256
        assert network.config()["mapping_lr_mult"] == 0.01
    assert model.discriminator.config()["mbstd_group"] == 4


@pytest.mark.parametrize("path, protocol", [(path, 4) for path in GOLDEN] + [(GOLDEN[1], 2), (GOLDEN[1], 5)], ids=stem)
def test_tensorflows_pickles_convert_exactly(path, protocol, written_files, tmp_path):
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.tensorflow_pickle(path, protocol))
    model = convert_file(file)
    assert_golden(model, written_files.golden(path)[0])
    assert model.about["load_report"][0].startswith("generator (from Gs): ")


@pytest.mark.parametrize("path, zipped", [(path, True) for path in UNCONDITIONAL] + [(GOLDEN[1], False)], ids=stem)
def test_rosinalitys_checkpoints_convert_exactly(path, zipped, written_files, tmp_path):
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(written_files.torch_saved(written_files.rosinality_parts(path), zipped))
    model = convert_file(file)
    assert_golden(model, written_files.golden(path)[0])
    settings = written_files.golden(path)[1]
    assert model.generator.config()["mapping_layers"] == settings["mapping_layers"]
    assert "left in the file: g_optim (1 tensors)" in model.about["load_report"]


def test_a_missing_average_style_is_computed_and_said(written_files, tmp_path):
    parts = {"g_ema": written_files.rosinality_parts(UNCONDITIONAL[0])["g_ema"]}
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(written_files.torch_saved(parts))
    model = convert_file(file)
    assert model.discriminator is None
    styles = model.generator.mapping(torch.randn(4000, model.generator.z_dim))[:, 0]
    spread = styles.std(dim=0) / 4000**0.5
    assert ((styles.mean(dim=0) - model.generator.mapping.w_avg).abs() < 7 * spread).all()
    assert any("mapping.w_avg is not in the file and was computed" in line for line in model.about["load_report"])
    assert "discriminator: none taken, the file has none that graftgan reads" in model.about["load_report"]


@pytest.mark.parametrize("zipped", [True, False])
def test_dcgans_convert_exactly(zipped, written_files, tmp_path):
    rng = torch.Generator().manual_seed(0)
    g, d = DCGANGenerator(32, channel_base=64, channel_max=8, z_dim=6), DCGANDiscriminator(32, 64, 8)
    g.init_weights(rng)
    d.init_weights(rng)
    z, file = torch.randn(2, 6, generator=rng), tmp_path / "netG.pth"
    wrapped = {f"module.{name}": tensor for name, tensor in g.state_dict().items()}
    for parts in (g.state_dict(), wrapped, {"netG": g.state_dict(), "netD": d.state_dict(), "epoch": 3}):
        file.write_bytes(written_files.torch_saved(parts, zipped))
        model = convert_file(file)
        assert torch.equal(model.generator(z), g.eval()(z))
        assert (model.discriminator is None) == ("netG" not in parts)
    file.write_bytes(written_files.torch_saved(d.state_dict(), zipped))
    with pytest.raises(UserError, match="netG.pth: its state dict is a discriminator"):
        convert_file(file)


def refused(content: bytes, tmp_path: Path, capsys, *words: str) -> str:
    """The one line that a conversion is refused with."""
    file = tmp_path / "bad.pkl"
    file.write_bytes(content)
    assert main(["convert", str(file), str(tmp_path / "out"), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and str(file) in captured.err
    assert not (tmp_path / "out").exists()
    return captured.err


def stated(name, value):
    """A change of what the file states beside its tensors."""

    def change(parts):
        state = parts["G_ema"].state
        (state["_init_kwargs"]["synthesis_kwargs"] if name.startswith("channel") else state)[name] = value

    return change


def layer(path, **fields):
    """A change of what a layer keeps beside its tensors."""

    def change(parts):
        part = parts["G_ema"]
        for name in path.split("."):
            part = part.state["_modules"][name]
        part.state.update(fields)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (stated("w_dim", 64), "it states w_dim 64, its tensors show 32"),
        (stated("img_resolution", 64), "it states resolution 64, its tensors show 32"),
        (stated("c_dim", 3), "it states c_dim 3, its tensors show 0"),
        (stated("channel_base", 512), "channels at 16 px, channel_base 512 and channel_max 32 make 32"),
        (stated("z_dim", "much"), "it states z_dim 'much'"),
        (layer("mapping.fc1", activation="linear"), "its mapping.fc1 has the activation 'linear', StyleGAN2 has lrelu"),
        (layer("synthesis.b8", architecture="resnet"), "the architecture 'resnet'; only skip is supported"),
        (layer("synthesis.b8.conv1", conv_clamp=2.0), "its layers have different limits conv_clamp"),
        (lambda parts: parts.update(G_ema=parts["D"]), "'Discriminator' where a Generator belongs"),
        (lambda parts: parts.update(G_ema=None, G=None), "no network G_ema or G"),
        (lambda parts: parts.update(G_emb=parts["G"]), "unknown part 'G_emb'; --partial takes the rest"),
    ],
)
def test_what_a_file_states_is_held_against_its_tensors(change, message, written_files, tmp_path, capsys):
    path = GOLDEN[1]
    assert message in refused(written_files.nvidia_pickle(path, 3, change), tmp_path, capsys)


def parameters(part, path):
    """The parameters of a module in a written network."""
    state = part.state
    for name in path.split("."):
        state = state["_modules"][name].state
    return state["_parameters"]


def misfit(parts):
    """Two tensors that do not fit: one is of another shape, one is missing."""
    parameters(parts["G_ema"], "synthesis.b8.conv1")["bias"] = torch.nn.Parameter(torch.zeros(7))
    del parameters(parts["G_ema"], "synthesis.b8.torgb")["bias"]
    parameters(parts["G_ema"], "synthesis.b8.torgb")["tint"] = torch.nn.Parameter(torch.zeros(3))


def test_a_partial_load_needs_the_users_word_and_names_what_does_not_fit(written_files, tmp_path, capsys):
    content = written_files.nvidia_pickle(GOLDEN[1], 3, misfit)
    line = refused(content, tmp_path, capsys)
    assert "3 tensors of its generator do not fit" in line and "--partial takes the rest" in line
    assert "synthesis.b8.conv1.bias is (7,) in the file and (32,) in the network" in line
    assert "synthesis.b8.torgb.bias is not in the file" in line
    assert "synthesis.b8.torgb.tint is not in the network" in line
    file = tmp_path / "bad.pkl"
    model = graftgan.convert(file, tmp_path / "out", partial=True).model
    assert model.about["load_report"][0].endswith("1 left")
    assert "synthesis.b8.conv1.bias is (7,)" in (tmp_path / "out" / "README.md").read_text()
    tensors = written_files.golden(GOLDEN[1])[0]
    kept = model.generator.state_dict()["synthesis.b8.conv1.weight"]
    assert torch.equal(kept, tensors["G.synthesis.b8.conv1.weight"])


def test_a_partial_load_still_brings_most_of_the_network(written_files, tmp_path, capsys):
    def change(parts):
        for size in (4, 8, 16, 32):
            for name in ("conv0", "conv1"):
                block = parts["G_ema"].state["_modules"]["synthesis"].state["_modules"][f"b{size}"].state["_modules"]
                if name in block and (size, name) != (32, "conv1"):
                    block[name].state["_parameters"]["weight"] = None

    line = refused(written_files.nvidia_pickle(GOLDEN[1], 3, change), tmp_path, capsys, "--partial")
    assert "of its generator fits; at least 50% must" in line


def test_a_discriminator_that_cannot_be_read_is_left_on_request(written_files, tmp_path, capsys):
    def change(parts):
        parts["D"].class_name = "ProjectedDiscriminator"

    content = written_files.nvidia_pickle(GOLDEN[1], 3, change)
    assert "'ProjectedDiscriminator'" in (line := refused(content, tmp_path, capsys))
    assert "--partial takes the generator alone" in line
    model = graftgan.convert(tmp_path / "bad.pkl", tmp_path / "out", partial=True).model
    assert model.discriminator is None
    assert any("its discriminator is left" in line for line in model.about["load_report"])


def test_numbers_that_are_not_finite_are_refused(written_files, tmp_path, capsys):
    def change(parts):
        parameters(parts["G_ema"], "mapping.fc0")["bias"].data[0] = float("nan")

    line = refused(written_files.nvidia_pickle(GOLDEN[1], 3, change), tmp_path, capsys)
    assert "mapping.fc0.bias holds NaN or infinity" in line


def test_nothing_is_written_over(written_files, tmp_path, capsys):
    file, out = tmp_path / "network.pkl", tmp_path / "out"
    file.write_bytes(written_files.nvidia_pickle(GOLDEN[1]))
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert main(["convert", str(file), str(out)]) == 2
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_a_file_is_a_source_and_is_converted_once(written_files, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.nvidia_pickle(GOLDEN[1]))
    folder = find_source(file)
    assert folder.is_relative_to(tmp_path / "cache")
    before = (folder / "config.json").stat().st_mtime_ns
    assert find_source(file) == folder and (folder / "config.json").stat().st_mtime_ns == before
    assert_golden(load_model(folder), written_files.golden(GOLDEN[1])[0])
    assert json.loads((folder / "config.json").read_text())["about"]["converted_from"] == "network.pkl"
    with pytest.raises(UserError, match="bad.pkl"):
        (tmp_path / "bad.pkl").write_bytes(b"no checkpoint")
        find_source(tmp_path / "bad.pkl")


def test_a_file_is_adapted(written_files, tmp_path, photos, monkeypatch):
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement(missing=["all"]))
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.nvidia_pickle(None))
    options = dict(kimg=0.008, batch=8, ticks=1, outdir=tmp_path / "runs", devices="cpu")
    run = graftgan.adapt(photos, source=file, **options)
    assert run.model.generator.resolution == 16
    report = (run.folder / "report.html").read_text()
    assert "generator (from G_ema): 56 of 56 tensors taken, 0 left" in report


def test_files_of_half_precision_convert(written_files, tmp_path):
    parts = {"g_ema": {n: t.half() for n, t in written_files.rosinality_parts(UNCONDITIONAL[0])["g_ema"].items()}}
    file = tmp_path / "half.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file.write_bytes(written_files.torch_saved(parts))
        model = convert_file(file)
    assert {tensor.dtype for tensor in model.generator.state_dict().values()} == {torch.float32}
