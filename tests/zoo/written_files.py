"""Writes checkpoints in other projects' published formats, from golden tensors, with harmless stub source inside."""

import contextlib
import io
import json
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator
from graftgan.networks.stylegan3 import StyleGAN3Generator

STUB = "# a stand-in for the source text that NVIDIA's files carry\nclass Generator:\n    pass\n"
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "stylegan2").glob("*.safetensors"))


def golden(path: Path | None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and the constructor's values of a golden file; of `small` where there is none."""
    if path is None:
        return small()
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["settings"])


def small() -> tuple[dict[str, Tensor], dict[str, Any]]:
    """As `golden`, of a network of 16 px that makes a file of a few kilobytes."""
    widths = dict(channel_base=64, channel_max=8)
    g = StyleGAN2Generator(16, **widths, z_dim=8, w_dim=8, mapping_layers=2)
    d = StyleGAN2Discriminator(16, **widths)
    for network in (g, d):
        network.init_weights(torch.Generator().manual_seed(0))
    tensors = {f"G.{n}": t for n, t in g.state_dict().items()} | {f"D.{n}": t for n, t in d.state_dict().items()}
    latent = dict(z_dim=8, w_dim=8, c_dim=0, mapping_layers=2)
    return tensors, latent | widths | dict(img_resolution=16, img_channels=3, mbstd_group_size=4)


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors of one network."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


# ---- NVIDIA's persistent pickles ------------------------------------------------------------------------------------


class Persistent:
    """Pickles as NVIDIA's persistence mechanism does: a call with the class's source text and the object's fields."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> Any:
        meta = dict(type="class", version=6, module_src=STUB, class_name=self.class_name, state=self.state)
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


@contextlib.contextmanager
def pretended_modules() -> Iterator[None]:
    """Modules of NVIDIA's, so that the pickler may name what is in them; nothing in them does anything."""

    def _reconstruct_persistent_obj(meta: Any) -> None: ...

    class EasyDict(dict):
        pass

    class Network:
        pass

    names = {
        "torch_utils.persistence": [_reconstruct_persistent_obj],
        "dnnlib.util": [EasyDict],
        "dnnlib.tflib.network": [Network],
    }
    added = {}
    for module, things in names.items():
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            added.setdefault(".".join(parts[:end]), types.ModuleType(".".join(parts[:end])))
        for thing in things:
            thing.__module__, thing.__qualname__ = module, thing.__name__
            setattr(added[module], thing.__name__, thing)
    sys.modules.update(added)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def easy(**values: Any) -> Any:
    """A dictionary as NVIDIA's files keep them."""
    return sys.modules["dnnlib.util"].EasyDict(values)


CLASSES = {"synthesis": "SynthesisNetwork", "mapping": "MappingNetwork", "b4": "DiscriminatorEpilogue"}


def network(class_name: str, tensors: dict[str, Tensor], root: dict[str, Any], fields: Any, extra: Any = ()) -> Any:
    """A module tree with these tensors, pickled as NVIDIA does.

    Args:
        class_name: of the outermost module.
        tensors: its state dict.
        root: further fields of the outermost module.
        fields: path of a module -> further fields of it.
        extra: paths of modules without tensors.
    """
    paths = {""} | set(extra)
    for name in tensors:
        parts = name.split(".")[:-1]
        paths |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    buffers = ("resample_filter", "noise_const", "w_avg", "freqs")
    buffers += ("transform", "phases", "magnitude_ema", "up_filter", "down_filter")
    made: dict[str, Any] = {}
    for path in sorted(paths, key=lambda p: -p.count(".") - bool(p)):
        bare = nn.Module()
        prefix = f"{path}." if path else ""
        for name, tensor in under(tensors, prefix).items():
            if "." in name:
                continue
            if name in buffers:
                bare.register_buffer(name, tensor.clone())
            else:
                bare.register_parameter(name, nn.Parameter(tensor.clone()))
        children = {p: m for p, m in made.items() if p.startswith(prefix) and p and "." not in p[len(prefix) :]}
        for child, module in children.items():
            if child != path:
                bare._modules[child[len(prefix) :]] = module
        state = dict(bare.__dict__) | (root if path == "" else fields(path))
        last = path.rpartition(".")[2]
        made[path] = Persistent(
            class_name if path == "" else state.pop("class_name", CLASSES.get(last, "Layer")), state
        )
    return made[""]


def nvidia_networks(
    tensors: dict[str, Tensor], settings: dict[str, Any], flat: bool = False, conv_clamp: float | None = None
) -> dict[str, Any]:
    """The dictionary of a network pickle.

    Args:
        tensors: golden `G.*` and `D.*`.
        settings: golden constructor's values.
        flat: the constructor's arguments as the StyleGAN3 repository keeps them, instead of StyleGAN2-ADA.
        conv_clamp: limit of the layers.
    """
    sizes = dict(
        c_dim=settings["c_dim"], img_resolution=settings["img_resolution"], img_channels=settings["img_channels"]
    )
    widths = dict(channel_base=settings["channel_base"], channel_max=settings["channel_max"])
    latent = dict(z_dim=settings["z_dim"], w_dim=settings["w_dim"])
    synthesis = easy(**widths, num_fp16_res=0, conv_clamp=conv_clamp)
    mapping = easy(num_layers=settings["mapping_layers"])
    nested = dict(synthesis) if flat else dict(synthesis_kwargs=synthesis)
    kwargs = easy(**latent, **sizes, mapping_kwargs=mapping, **nested)

    def fields(path: str) -> dict[str, Any]:
        last = path.rpartition(".")[2]
        if last.startswith("conv") or last in ("fromrgb", "torgb", "skip"):
            kind = {} if last == "torgb" else {"activation": "linear" if last == "skip" else "lrelu"}
            return dict(conv_clamp=None if last == "skip" else conv_clamp, weight_gain=np.float64(0.125), **kind)
        if last.startswith("fc") or last in ("affine", "embed", "out"):
            kind = "lrelu" if last.startswith("fc") else "linear"
            return dict(activation=kind, bias_gain=0.01 if "mapping" in path else 1, weight_gain=np.float64(0.5))
        if last == "mbstd":
            return dict(group_size=settings["mbstd_group_size"], num_channels=1)
        if last.startswith("b") and last[1:].isdecimal():
            return dict(architecture="skip" if path.startswith("synthesis") else "resnet", use_fp16=False)
        return {}

    def generator() -> Any:
        root = dict(**latent, **sizes, num_ws=4, _init_args=(), _init_kwargs=kwargs)
        return network("Generator", under(tensors, "G."), root, fields)

    root = dict(
        **sizes, block_resolutions=[32, 16, 8], _init_args=(), _init_kwargs=easy(**sizes, **widths, block_kwargs=easy())
    )
    augment = network("AugmentPipe", {"p": torch.tensor(0.2), "freqs": torch.ones(4)}, {}, lambda path: {})
    return dict(
        training_set_kwargs=dict(path="data.zip", use_labels=False),
        G=generator(),
        D=network("Discriminator", under(tensors, "D."), root, fields, extra=["b4.mbstd"]),
        G_ema=generator(),
        augment_pipe=augment,
    )


def nvidia_pickle(path: Path | None, protocol: int = 3, change: Any = None, **how: Any) -> bytes:
    """A file in the format of StyleGAN2-ADA (protocol 3) or the StyleGAN3 repository (protocol 4, `flat=True`)."""
    with pretended_modules():
        parts = nvidia_networks(*golden(path), **how)
        if change is not None:
            change(parts)
        return pickle.dumps(parts, protocol=protocol)


def stylegan3(seed: int = 0, **options: Any) -> StyleGAN3Generator:
    """A StyleGAN3 generator of 32 px that makes a small file; no tensor has its neutral value."""
    small = dict(channel_base=256, channel_max=8, z_dim=6, w_dim=8, num_layers=5, margin_size=4)
    g = StyleGAN3Generator(**dict(resolution=32) | small | options).eval()
    rng = torch.Generator().manual_seed(seed)
    g.init_weights(rng)
    for name, tensor in g.state_dict().items():
        if name.endswith(("bias", "magnitude_ema", "w_avg", "transform", "input.affine.weight")):
            tensor.add_(torch.rand(tensor.shape, generator=rng) * 0.3)
    return g


def stylegan3_networks(g: StyleGAN3Generator, given: dict[str, Any]) -> dict[str, Any]:
    """The dictionary of a network pickle of the StyleGAN3 repository.

    Args:
        g: the generator.
        given: the arguments of the synthesis network that it was made with; the others have published values.
    """
    config, plans = g.config(), g.synthesis.plans
    sizes = dict(c_dim=g.c_dim, img_resolution=g.resolution, img_channels=g.channels)
    latent = dict(z_dim=g.z_dim, w_dim=config["w_dim"])
    inputs = {"mapping.embed": g.c_dim, "mapping.fc0": g.z_dim + (config["w_dim"] if g.c_dim else 0)}
    layers = {f"synthesis.{plan.name}": plan for plan in plans}

    def both(value: int) -> np.ndarray:
        return np.broadcast_to(np.asarray(value), [2])

    def fields(path: str) -> dict[str, Any]:
        if path == "mapping":
            depth = dict(num_layers=config["mapping_layers"], num_ws=g.num_ws, w_avg_beta=0.998)
            return dict(**latent, c_dim=g.c_dim, **depth, class_name="MappingNetwork")
        if path == "synthesis":
            kept = {name: config[name] for name in ("num_layers", "num_critical", "margin_size", "output_scale")}
            shape = dict(w_dim=config["w_dim"], img_resolution=g.resolution, img_channels=g.channels)
            names = [plan.name for plan in plans]
            own = dict(_init_args=(), _init_kwargs=easy(**shape, **given), num_ws=g.num_ws, num_fp16_res=4)
            return dict(**kept, **shape, **own, layer_names=names, class_name="SynthesisNetwork")
        if path == "synthesis.input":
            band = plans[0].source
            rates = dict(sampling_rate=band.rate, bandwidth=np.float64(band.cutoff))
            return dict(
                w_dim=config["w_dim"],
                channels=band.channels,
                size=both(band.size),
                **rates,
                class_name="SynthesisInput",
            )
        if path in layers:
            return layer_fields(layers[path], config, both)
        rate = config["mapping_lr_mult"] if ".fc" in path else 1
        gains = dict(weight_gain=rate / np.sqrt(inputs.get(path, config["w_dim"])), bias_gain=rate)
        kind = "lrelu" if ".fc" in path else "linear"
        return dict(activation=kind, in_features=inputs.get(path, 8), **gains, class_name="FullyConnectedLayer")

    def generator() -> Any:
        depth = easy(num_layers=config["mapping_layers"])
        root = dict(**latent, **sizes, num_ws=g.num_ws, _init_args=())
        root |= dict(_init_kwargs=easy(**latent, **sizes, mapping_kwargs=depth, **given))
        return network("Generator", g.state_dict(), root, fields)

    tensors, settings = small()
    parts = nvidia_networks(tensors, settings, flat=True)
    training = parts.pop("training_set_kwargs")
    return dict(G=generator(), D=parts["D"], G_ema=generator(), augment_pipe=None, training_set_kwargs=training)


def layer_fields(plan: Any, config: dict[str, Any], both: Any) -> dict[str, Any]:
    """What a StyleGAN3 layer keeps beside its tensors."""
    own = dict(
        w_dim=config["w_dim"], is_torgb=plan.torgb, is_critically_sampled=plan.critical, use_fp16=np.bool_(False)
    )
    for end, band in (("in", plan.source), ("out", plan.result)):
        own |= {f"{end}_channels": band.channels, f"{end}_size": both(band.size), f"{end}_sampling_rate": band.rate}
        own |= {f"{end}_cutoff": np.float64(band.cutoff), f"{end}_half_width": np.float64(band.half_width)}
    own |= dict(tmp_sampling_rate=plan.rate, conv_kernel=plan.kernel, conv_clamp=config["conv_clamp"])
    own |= dict(up_factor=plan.up, up_taps=plan.up_taps, down_factor=plan.down, down_taps=plan.down_taps)
    low, high = plan.padding
    own |= dict(down_radial=plan.radial, padding=[low, high, low, high], magnitude_ema_beta=0.999)
    return own | dict(_init_args=(), class_name="SynthesisLayer")


def stylegan3_pickle(g: StyleGAN3Generator, given: dict[str, Any], protocol: int = 4, change: Any = None) -> bytes:
    """A file of the StyleGAN3 repository with one of its own generators; arguments as of `stylegan3_networks`."""
    with pretended_modules():
        parts = stylegan3_networks(g, given)
        if change is not None:
            change(parts)
        return pickle.dumps(parts, protocol=protocol)


# ---- TensorFlow's pickles -------------------------------------------------------------------------------------------


def tensorflow_pickle(path: Path | None, protocol: int = 4) -> bytes:
    """A file in the format of the TensorFlow StyleGAN2: a tuple of three networks of named arrays."""
    tensors, settings = golden(path)
    with pretended_modules():
        Network = sys.modules["dnnlib.tflib.network"].Network

        def made(name: str, variables: dict[str, np.ndarray], components: dict[str, Any], **kwargs: Any) -> Any:
            one = Network()
            one.__dict__.update(
                version=4,
                name=name,
                static_kwargs=kwargs,
                components=components,
                build_module_src=STUB,
                build_func_name=name,
                # TensorFlow answers a variable without axes as a number.
                variables=[(key, np.ascontiguousarray(v) if v.ndim else v[()]) for key, v in variables.items()],
            )
            return one

        kwargs = dict(
            num_channels=settings["img_channels"],
            resolution=settings["img_resolution"],
            label_size=settings["c_dim"],
            fmap_base=settings["channel_base"] // 2,
            fmap_max=settings["channel_max"],
        )

        def generator(name: str) -> Any:
            mapping, synthesis = {}, {}
            for key, value in under(tensors, "G.").items():
                owner, _, member = key.rpartition(".")
                if owner == "mapping" or member == "resample_filter":
                    continue
                target = mapping if owner.startswith("mapping") else synthesis
                target.update([to_tensorflow(owner, member, value.numpy())])
            parts = {
                "mapping": made("mapping", mapping, {}),
                "synthesis": made("synthesis", synthesis, {}),
            }
            return made(name, {"dlatent_avg": tensors["G.mapping.w_avg"].numpy()}, parts, **kwargs)

        found, own = {}, kwargs | dict(mapping_lrmul=0.01, mbstd_group_size=4)
        for key, value in under(tensors, "D.").items():
            owner, _, member = key.rpartition(".")
            if member != "resample_filter":
                found.update([discriminator_to_tensorflow(owner, member, value.numpy())])
        return pickle.dumps((generator("G"), made("D", found, {}, **own), generator("Gs")), protocol=protocol)


def to_tensorflow(owner: str, member: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """A generator's tensor as TensorFlow names and lays it out."""
    parts = owner.split(".")
    if parts[0] == "mapping":
        layer = "LabelEmbed" if parts[1] == "embed" else f"Dense{parts[1][2:]}"
        return f"{layer}/{member}", value.T if member == "weight" else value
    size = int(parts[1][1:])
    if member == "const":
        return "4x4/Const/const", value[None]
    if member == "noise_const":
        at = int(np.log2(size)) * 2 - (5 if parts[2] == "conv0" else 4)
        return f"noise{at}", value[None, None]
    layer = {"conv0": "Conv0_up", "conv1": "Conv" if size == 4 else "Conv1", "torgb": "ToRGB"}[parts[2]]
    if len(parts) == 4:
        own = value.T if member == "weight" else value - 1
        return f"{size}x{size}/{layer}/mod_{member}", own
    if member == "weight":
        value = value.transpose(2, 3, 1, 0)
        value = value[::-1, ::-1] if layer == "Conv0_up" else value
    return f"{size}x{size}/{layer}/{member}", value


def discriminator_to_tensorflow(owner: str, member: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """A discriminator's tensor as TensorFlow names and lays it out."""
    heads = {"b4.conv": "4x4/Conv", "b4.fc": "4x4/Dense0", "b4.out": "Output", "mapping.embed": "LabelEmbed"}
    parts = owner.split(".")
    if owner in heads:
        name = heads[owner]
    elif parts[0] == "mapping":
        name = f"Mapping{parts[1][2:]}"
    else:
        size = parts[0][1:]
        layer = {"fromrgb": "FromRGB", "conv0": "Conv0", "conv1": "Conv1_down", "skip": "Skip"}[parts[1]]
        name = f"{size}x{size}/{layer}"
    if member == "weight":
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
    return f"{name}/{member}", value


# ---- rosinality's checkpoints ---------------------------------------------------------------------------------------


def rosinality_parts(path: Path | None) -> dict[str, Any]:
    """The dictionary of a checkpoint of rosinality's, from an unconditional golden file."""
    tensors, _ = golden(path)
    g, d = OrderedDict(), OrderedDict()
    for name, value in under(tensors, "G.").items():
        g.update(to_rosinality(name, value))
    sizes = sorted({int(n.split(".")[0][1:]) for n in under(tensors, "D.") if n[0] == "b"}, reverse=True)
    for name, value in under(tensors, "D.").items():
        d.update(discriminator_to_rosinality(name, value, sizes[0]))
    optimiser = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.002, "params": [0]}]}
    mean = tensors["G.mapping.w_avg"]
    return {"g": g, "d": d, "g_ema": OrderedDict(g), "g_optim": optimiser, "latent_avg": mean}


def to_rosinality(name: str, value: Tensor) -> dict[str, Tensor]:
    """A generator's tensor as rosinality names and lays it out."""
    parts = name.split(".")
    if parts[0] == "mapping":
        return {} if parts[1] == "w_avg" else {f"style.{int(parts[1][2:]) + 1}.{parts[2]}": value}
    size = int(parts[1][1:])
    at = int(np.log2(size))
    if parts[2] == "const":
        return {"input.input": value[None]}
    if parts[2] == "resample_filter":
        return {} if size == 4 else {f"to_rgbs.{at - 3}.upsample.kernel": value * 4}
    if parts[2] == "torgb":
        owner = "to_rgb1" if size == 4 else f"to_rgbs.{at - 3}"
    else:
        owner = "conv1" if size == 4 else f"convs.{2 * (at - 3) + int(parts[2][4])}"
    member = ".".join(parts[3:])
    if member == "noise_const":
        return {f"noises.noise_{2 * at - (5 if parts[2] == 'conv0' else 4)}": value[None, None]}
    if member == "resample_filter":
        return {f"{owner}.conv.blur.kernel": value * 4} if parts[2] == "conv0" else {}
    if member == "bias":
        return (
            {f"{owner}.bias": value.reshape(1, -1, 1, 1)} if parts[2] == "torgb" else {f"{owner}.activate.bias": value}
        )
    members = {
        "weight": ("conv.weight", value[None] if member == "weight" else value),
        "affine.weight": ("conv.modulation.weight", value),
        "affine.bias": ("conv.modulation.bias", value),
        "noise_strength": ("noise.weight", value.reshape(-1)),
    }
    return {f"{owner}.{members[member][0]}": members[member][1]}


def discriminator_to_rosinality(name: str, value: Tensor, top: int) -> dict[str, Tensor]:
    """A discriminator's tensor as rosinality names and lays it out."""
    owner, _, member = name.rpartition(".")
    heads = {
        f"b{top}.fromrgb": ("convs.0.0.weight", "convs.0.1.bias"),
        "b4.conv": ("final_conv.0.weight", "final_conv.1.bias"),
        "b4.fc": ("final_linear.0.weight", "final_linear.0.bias"),
        "b4.out": ("final_linear.1.weight", "final_linear.1.bias"),
    }
    if owner in heads:
        return {} if member == "resample_filter" else {heads[owner][member == "bias"]: value}
    block, _, layer = owner.partition(".")
    if not layer:
        return {}
    at = f"convs.{int(np.log2(top // int(block[1:]))) + 1}"
    if member == "resample_filter":
        return {} if layer == "conv0" else {f"{at}.{'conv2' if layer == 'conv1' else layer}.0.kernel": value}
    names = {
        ("conv0", "weight"): "conv1.0.weight",
        ("conv0", "bias"): "conv1.1.bias",
        ("conv1", "weight"): "conv2.1.weight",
        ("conv1", "bias"): "conv2.2.bias",
        ("skip", "weight"): "skip.1.weight",
    }
    return {f"{at}.{names[layer, member]}": value}


def torch_saved(value: Any, zipped: bool = True) -> bytes:
    """The bytes of torch.save."""
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()
