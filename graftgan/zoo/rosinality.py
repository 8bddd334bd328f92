"""Checkpoints of the PyTorch StyleGAN2 that most few-shot papers use (rosinality's): g, d, g_ema, latent_avg.

Depth and width come from the shapes; names and axes are turned into NVIDIA's, which are ours. Weights are raw in both.
"""

import re
from typing import Any

import torch
from torch import Tensor

from graftgan.inert.budget import Budget
from graftgan.inert.records import mapping
from graftgan.inert.refusal import Refusal
from graftgan.inert.tensors import is_tensor, tensor_of
from graftgan.inert.torch_files import TorchFile
from graftgan.networks.resample import lowpass_filter
from graftgan.zoo.part import Foreign, Part
from graftgan.zoo.stylegan2_shapes import discriminator_config, generator_config

MOST_TENSORS = 20_000


def is_rosinality(parts: dict[Any, Any]) -> bool:
    """Returns whether a dictionary looks like such a checkpoint."""
    return "g_ema" in parts or "g" in parts


def read_rosinality(file: TorchFile, parts: dict[Any, Any], budget: Budget, partial: bool) -> Foreign:
    """Returns the networks of a checkpoint: the average generator and, where there is one, the discriminator.

    Args:
        file: answers the storages.
        parts: its dictionary.
        budget: of the file.
        partial: whether a discriminator that cannot be read may be left.

    Raises:
        Refusal: it holds no such generator.
    """
    name = "g_ema" if "g_ema" in parts else "g"
    mean = tensor_of(parts["latent_avg"], file.storage_of, budget) if is_tensor(parts.get("latent_avg")) else None
    generator = read_generator(name, state_dict(parts[name], file, budget), mean)
    left = {str(key): tensors_in(parts[key]) for key in ("g", "g_optim", "d_optim") if key in parts and key != name}
    discriminator, doubts = None, []
    if parts.get("d") is not None:
        try:
            discriminator = read_discriminator(state_dict(parts["d"], file, budget))
        except Refusal as refusal:
            if not partial:
                raise Refusal(f"its discriminator: {refusal}; --partial takes the generator alone") from refusal
            doubts, left = [f"its discriminator is left: {refusal}"], left | {"d": tensors_in(parts["d"])}
    return Foreign("rosinality StyleGAN2 checkpoint", "stylegan2", generator, discriminator, left, tuple(doubts))


def state_dict(record: Any, file: TorchFile, budget: Budget) -> dict[str, Tensor]:
    """Returns the tensors of a plain state dict; the prefix of torch's parallel wrappers is left out."""
    records = mapping(record)
    if not records or len(records) > MOST_TENSORS:
        raise Refusal(f"it holds a state dict of {len(records)} tensors")
    if not all(isinstance(name, str) for name in records):
        raise Refusal("it holds a state dict whose names are not text")
    wrapped = all(name.startswith("module.") for name in records)
    return {
        name.removeprefix("module.") if wrapped else name: tensor_of(value, file.storage_of, budget)
        for name, value in records.items()
    }


def tensors_in(record: Any) -> int:
    """Returns how many tensors a part has at its first level, or in what its first level holds."""
    found = mapping(record) if not isinstance(record, list | tuple) else dict(enumerate(record))
    direct = sum(is_tensor(value) for value in found.values())
    state = found.get("state")
    inner = [value for value in (state.values() if isinstance(state, dict) else []) if isinstance(value, dict)]
    return direct + sum(is_tensor(value) for one in inner for value in one.values())


def read_generator(origin: str, found: dict[str, Tensor], mean: Tensor | None) -> Part:
    """Returns the generator under our names.

    Args:
        origin: what the file calls it.
        found: its state dict.
        mean: latent_avg; where a file has none it is computed after loading.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in found.items():
        if re.fullmatch(r"(convs\.\d+\.conv\.blur|to_rgbs\.\d+\.upsample)\.kernel", name):
            check_filter(name, value / 4)
            continue
        ours = generator_name(name)
        if ours is None:
            tensors[name] = value
        elif ours.endswith(("noise_const", "const", "conv0.weight", "conv1.weight", "torgb.weight")):
            tensors[ours] = squeezed(name, value, 2 if ours.endswith("noise_const") else 1)
        elif ours.endswith("torgb.bias"):
            tensors[ours] = squeezed(name, value.movedim(1, -1) if value.ndim == 4 else value, 3)
        else:
            tensors[ours] = value.reshape(()) if ours.endswith("noise_strength") and value.shape == (1,) else value
    if mean is not None:
        tensors["mapping.w_avg"] = mean.flatten()
    for name in list(tensors):
        if re.fullmatch(r"synthesis\.b\d+\.(conv\d\.weight|torgb\.bias)", name):
            owner = name.removesuffix(".weight").removesuffix(".torgb.bias")
            tensors[f"{owner}.resample_filter"] = lowpass_filter()
    derived = () if mean is not None else ("mapping.w_avg",)
    return Part(origin, generator_config(tensors, {}), tensors, derived)


STYLED = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
}
COLOURS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "bias": "bias",
}


def generator_name(name: str) -> str | None:
    """Returns our name of a tensor of the generator; None where ours has no such thing.

    >>> generator_name("convs.2.conv.modulation.bias"), generator_name("to_rgbs.0.bias")
    ('synthesis.b16.conv0.affine.bias', 'synthesis.b8.torgb.bias')
    """
    if (match := re.fullmatch(r"style\.([1-9]\d?)\.(weight|bias)", name)) is not None:
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}"
    if name == "input.input":
        return "synthesis.b4.const"
    if (match := re.fullmatch(r"noises\.noise_(\d{1,2})", name)) is not None:
        index = int(match[1])
        return f"synthesis.b{2 ** ((index + 5) // 2)}.conv{1 if index % 2 == 0 else 0}.noise_const"
    match = re.fullmatch(r"(conv1|to_rgb1|convs\.(\d{1,2})|to_rgbs\.(\d{1,2}))\.(.+)", name)
    if match is None:
        return None
    if match[2] is not None:
        index = int(match[2])
        block, layer, members = f"b{8 << index // 2}", f"conv{index % 2}", STYLED
    elif match[3] is not None:
        block, layer, members = f"b{8 << int(match[3])}", "torgb", COLOURS
    else:
        block, layer, members = ("b4", "conv1", STYLED) if match[1] == "conv1" else ("b4", "torgb", COLOURS)
    return f"synthesis.{block}.{layer}.{members[match[4]]}" if match[4] in members else None


def read_discriminator(found: dict[str, Tensor]) -> Part:
    """Returns the discriminator under our names; its blocks are counted from the picture down."""
    blocks = [int(m[1]) for name in found if (m := re.fullmatch(r"convs\.(\d{1,2})\.conv1\.0\.weight", name))]
    if not blocks:
        raise Refusal("its tensors are not those of rosinality's discriminator")
    top = 4 << max(blocks)
    tensors: dict[str, Tensor] = {}
    for name, value in found.items():
        if re.fullmatch(r"convs\.\d+\.(conv2|skip)\.0\.kernel", name):
            check_filter(name, value)
            continue
        tensors[discriminator_name(name, top) or name] = value
    for name in list(tensors):
        if re.fullmatch(r"b\d+\.(fromrgb|conv\d?|skip)\.weight", name):
            tensors[f"{name.removesuffix('.weight')}.resample_filter"] = lowpass_filter()
            if not name.startswith("b4."):
                tensors[f"{name.partition('.')[0]}.resample_filter"] = lowpass_filter()
    return Part("d", discriminator_config(tensors, {}), tensors)


def discriminator_name(name: str, top: int) -> str | None:
    """Returns our name of a tensor of the discriminator; None where ours has no such thing.

    Args:
        name: theirs.
        top: side of the pictures in pixels.

    >>> discriminator_name("convs.2.conv2.2.bias", 64)
    'b32.conv1.bias'
    """
    heads = {
        "convs.0.0.weight": f"b{top}.fromrgb.weight",
        "convs.0.1.bias": f"b{top}.fromrgb.bias",
        "final_conv.0.weight": "b4.conv.weight",
        "final_conv.1.bias": "b4.conv.bias",
        "final_linear.0.weight": "b4.fc.weight",
        "final_linear.0.bias": "b4.fc.bias",
        "final_linear.1.weight": "b4.out.weight",
        "final_linear.1.bias": "b4.out.bias",
    }
    if name in heads:
        return heads[name]
    members = {
        "conv1.0.weight": "conv0.weight",
        "conv1.1.bias": "conv0.bias",
        "conv2.1.weight": "conv1.weight",
        "conv2.2.bias": "conv1.bias",
        "skip.1.weight": "skip.weight",
    }
    match = re.fullmatch(r"convs\.([1-9]\d?)\.(.+)", name)
    return f"b{top >> int(match[1]) - 1}.{members[match[2]]}" if match and match[2] in members else None


def squeezed(name: str, value: Tensor, axes: int) -> Tensor:
    """Returns a tensor without its first axes, which must have length one."""
    if value.ndim <= axes or any(length != 1 for length in value.shape[:axes]):
        raise Refusal(f"{name} is {tuple(value.shape)}: its first {axes} axes should have length 1")
    return value.reshape(value.shape[axes:])


def check_filter(name: str, value: Tensor) -> None:
    """Refuses a network that was trained with another low-pass filter than ours."""
    wanted = lowpass_filter()
    if value.shape != wanted.shape or not torch.allclose(value.float(), wanted, atol=1e-4):
        raise Refusal(f"{name} is another low-pass filter than (1, 3, 3, 1)")
