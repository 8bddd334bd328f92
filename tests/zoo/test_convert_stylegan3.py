"""StyleGAN3 generators in NVIDIA's pickles: taken exactly, or refused where the file contradicts itself."""

import pytest
import torch

import graftgan
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.zoo.convert import convert_file
from graftgan.zoo.model_folder import load_model

T: dict = {}
R = dict(conv_kernel=1, use_radial_filters=True)
OTHER = dict(
    num_critical=1,
    first_cutoff=1.5,
    first_stopband=3.5,
    last_stopband_rel=1.3,
    output_scale=0.5,
    filter_size=5,
    lrelu_upsampling=3,
    conv_clamp=None,
)
SMALL = dict(channel_base=256, channel_max=8, num_layers=5, margin_size=4)


def pictures(g):
    z = torch.randn(2, g.z_dim, generator=torch.Generator().manual_seed(3))
    c = torch.eye(g.c_dim)[:2] if g.c_dim else None
    with torch.no_grad():
        return torch.cat([g(z, c), g(z, c, truncation=0.6)])


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("options", [T, R, OTHER], ids=["T", "R", "other"])
def test_generators_convert_exactly(options, classes, protocol, written_files, tmp_path):
    g = written_files.stylegan3(**options, c_dim=classes)
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.stylegan3_pickle(g, SMALL | options | dict(magnitude_ema_beta=0.99), protocol))
    assert main(["convert", str(file), str(tmp_path / "model")]) == 0
    model = load_model(tmp_path / "model")
    assert model.network == "stylegan3" and model.discriminator is None
    assert torch.equal(pictures(model.generator), pictures(g))
    assert model.generator.config() == g.config()
    wanted = len(g.state_dict())
    report = model.about["load_report"]
    assert report[0] == f"generator (from G_ema): {wanted} of {wanted} tensors taken, 0 left"
    assert report[1] == "discriminator: none taken, a stylegan3 is sampled and exported, not trained"
    assert report[2] == f"left in the file: G ({wanted} tensors)"
    assert report[3].startswith("left in the file: D (") and len(report) == 4


def test_what_a_file_does_not_state_has_its_published_value(written_files, tmp_path):
    def change(parts):
        at(parts, "synthesis").state.pop("_init_kwargs")
        for path in ("synthesis", f"synthesis.{g.synthesis.plans[0].name}", "synthesis.input"):
            for name in ("num_critical", "margin_size", "output_scale", "conv_clamp", "bandwidth"):
                at(parts, path).state.pop(name, None)

    g = written_files.stylegan3(num_layers=14, margin_size=10)
    file = tmp_path / "network.pkl"
    file.write_bytes(written_files.stylegan3_pickle(g, dict(channel_base=256, channel_max=8), 4, change))
    assert convert_file(file).generator.config() == g.config()


def test_samples_are_drawn_and_training_is_refused(written_files, tmp_path, photos, monkeypatch, capsys):
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "cats.pkl"
    file.write_bytes(written_files.stylegan3_pickle(written_files.stylegan3(), SMALL))
    sheet = graftgan.load(file).sample([0, 1])
    assert [picture.size for picture in sheet] == [(32, 32)] * 2
    for method in ("finetune", "scratch", "freezed"):
        with pytest.raises(UserError) as refused:
            graftgan.adapt(photos, source=file, method=method, kimg=0.008, outdir=tmp_path / "runs", devices="cpu")
        assert str(refused.value) == (
            f"--source {file}: a stylegan3 is read for sampling and export; adapt from a StyleGAN2"
        )
    assert main(["train", str(photos), "--network", "stylegan3"]) == 2
    assert "stylegan3" in capsys.readouterr().err


def at(parts, path):
    part = parts["G_ema"]
    for name in path.split(".") if path else []:
        part = part.state["_modules"][name]
    return part


def layer(path, **fields):
    """A change of what a module keeps beside its tensors."""
    return lambda parts: at(parts, path).state.update(fields)


def tensor(path, name, value, kind="_buffers"):
    return lambda parts: at(parts, path).state[kind].update({name: value})


def stated(name, value):
    """A change of an argument, wherever it is stated."""

    def change(parts):
        for path in ("", "synthesis"):
            at(parts, path).state["_init_kwargs"][name] = value

    return change


def renamed(parts):
    modules = at(parts, "synthesis").state["_modules"]
    modules["L1_24_9"] = modules.pop("L1_24_8")


def renamed_class(path, name):
    def change(parts):
        at(parts, path).class_name = name

    return change


def extra(parts):
    modules = at(parts, "synthesis").state["_modules"]
    modules["blur"] = modules["input"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (layer("", img_resolution=64), "it states resolution 32 and 64"),
        (stated("num_layers", 6), "it states num_layers 6 and 5"),
        (stated("conv_kernel", 1), "it states conv_kernel 1, its tensors show 3"),
        (stated("use_radial_filters", True), "it states use_radial_filters True, its tensors show False"),
        (stated("use_radial_filters", 2), "it states use_radial_filters 2"),
        (stated("warp", 1), "made with an argument 'warp', which is not StyleGAN3's"),
        (stated("first_cutoff", 8.5), "its arguments describe no StyleGAN3: first_cutoff 8.5"),
        (stated("first_cutoff", float("nan")), "it states first_cutoff"),
        (stated("first_cutoff", 2.5), "its synthesis.input has bandwidth 2.0, its arguments make 2.5"),
        (
            stated("channel_max", 4),
            "_8' is not in the StyleGAN3 that its arguments describe",
        ),
        (stated("lrelu_upsampling", 1000), "lrelu_upsampling must be a whole number from 1 to 4"),
        (stated("lrelu_upsampling", 4), "tmp_sampling_rate 32, its arguments make 64"),
        (stated("filter_size", 4), "up_taps 12, its arguments make 8"),
        (stated("last_stopband_rel", 1.5), "half_width"),
        (layer("synthesis.L1_24_8", conv_clamp=2.0), "it states conv_clamp "),
        (layer("synthesis.L1_24_8", padding=[1, 1, 1, 1]), "L1_24_8 has padding [1, 1, 1, 1], its arguments make"),
        (layer("synthesis.L1_24_8", out_size=[24, 25]), "L1_24_8 has out_size [24, 25], its arguments make 24"),
        (layer("synthesis.input", bandwidth=3.0), "input has bandwidth 3.0, its arguments make 2.0"),
        (layer("synthesis.input", bandwidth="wide"), "input has bandwidth 'wide'"),
        (layer("mapping.fc1", activation="linear"), "its mapping.fc1 has the activation 'linear', not lrelu"),
        (layer("mapping.fc1", bias_gain=0.5), "it states mapping_lr_mult 0."),
        (layer("synthesis.input.affine", weight_gain=0.7), "synthesis.input.affine has weight_gain 0.7"),
        (renamed, "its module 'synthesis.L1_24_9'"),
        (renamed_class("synthesis.L1_24_8", "SynthesisLayer2"), "is a 'SynthesisLayer2', not a SynthesisLayer"),
        (extra, "its module 'synthesis.blur"),
        (tensor("synthesis.L1_24_8", "up_filter", None), "synthesis.L1_24_8.up_filter is not in the file"),
        (tensor("synthesis.L1_24_8", "up_filter", torch.ones(6)), "up_filter is (6,) in the file and (12,) in"),
        (tensor("synthesis.L1_24_8", "down_filter", torch.ones(12, 12)), "its tensors show True"),
        (tensor("synthesis.L1_24_8", "magnitude_ema", torch.tensor(0.0)), "magnitude_ema that is not above 0"),
        (tensor("synthesis.input", "phases", torch.full((8,), torch.nan)), "phases holds NaN or infinity"),
        (lambda parts: at(parts, "synthesis").state["_modules"].pop("L0_24_8"), "its layers are not called L0_"),
    ],
)
def test_what_a_file_states_is_held_against_its_tensors(change, message, written_files, tmp_path, capsys):
    g = written_files.stylegan3()
    file = tmp_path / "bad.pkl"
    given = SMALL | dict(conv_kernel=3, use_radial_filters=False)
    file.write_bytes(written_files.stylegan3_pickle(g, given, 4, change))
    assert main(["convert", str(file), str(tmp_path / "out")]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and str(file) in captured.err
    assert message in captured.err
    assert not (tmp_path / "out").exists()
