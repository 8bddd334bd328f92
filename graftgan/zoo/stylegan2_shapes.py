"""StyleGAN2's hyper-parameters, read from the shapes of its tensors and compared with what the file states."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from graftgan.errors import UserError
from graftgan.inert.numpy_arrays import number_of
from graftgan.inert.refusal import Refusal, shown
from graftgan.networks.base import check_resolution, width

WHOLE_BATCH = 2**16
"""A group of minibatch deviation that no batch exceeds."""
UNSEEN = {"mapping_lr_mult": 0.01, "conv_clamp": None}
"""What shapes do not show -> the published value, for files that do not state it."""


def generator_config(tensors: Mapping[str, Tensor], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `StyleGAN2Generator` that a state dict belongs to.

    Args:
        tensors: names (NVIDIA's, which are ours) and tensors.
        stated: arguments under our names that the file itself states.

    Returns:
        `StyleGAN2Generator(**config)` has these tensors.

    Raises:
        Refusal: a tensor that shows an argument is missing, or the file states another value than its tensors show.

    Example:
        >>> from graftgan.networks.stylegan2 import StyleGAN2Generator
        >>> g = StyleGAN2Generator(16, channel_base=64, channel_max=8, z_dim=4, w_dim=8, mapping_layers=2)
        >>> generator_config(g.state_dict(), {}) == g.config()
        True
    """
    widths = block_widths(tensors, r"synthesis\.b(\d+)\.conv1\.weight", axis=0)
    top = max(widths)
    embedded, c_dim = (0, 0)
    if "mapping.embed.weight" in tensors:
        embedded, c_dim = (size(tensors, "mapping.embed.weight", axis) for axis in (0, 1))
    found = {
        "resolution": top,
        "channels": size(tensors, f"synthesis.b{top}.torgb.weight", 0),
        "c_dim": c_dim,
        "z_dim": size(tensors, "mapping.fc0.weight", 1) - embedded,
        "w_dim": size(tensors, "synthesis.b4.conv1.affine.weight", 1),
        "mapping_layers": layers(tensors),
    }
    return settled(found, widths, stated, UNSEEN)


def discriminator_config(tensors: Mapping[str, Tensor], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `StyleGAN2Discriminator` that a state dict belongs to; as `generator_config`.

    Example:
        >>> from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator
        >>> d = StyleGAN2Discriminator(16, channel_base=64, channel_max=8)
        >>> discriminator_config(d.state_dict(), {}) == d.config()
        True
    """
    widths = block_widths(tensors, r"b(\d+)\.conv0\.weight", axis=1)
    top = max(widths)
    widths[4] = size(tensors, "b4.conv.weight", 0)
    c_dim = size(tensors, "mapping.embed.weight", 1) if "mapping.embed.weight" in tensors else 0
    found = {"resolution": top, "channels": size(tensors, f"b{top}.fromrgb.weight", 1), "c_dim": c_dim}
    if c_dim:
        found["mapping_layers"] = layers(tensors)
    return settled(found, widths, stated, UNSEEN | {"mbstd_group": 4, "mapping_layers": 8})


def block_widths(tensors: Mapping[str, Tensor], pattern: str, axis: int) -> dict[int, int]:
    """Returns resolution -> channels of the blocks whose names fit a pattern."""
    found = {}
    for name in tensors:
        if (match := re.fullmatch(pattern, name)) is not None and len(match[1]) <= 4:
            found[int(match[1])] = size(tensors, name, axis)
    if not found:
        raise Refusal("its tensors are not a StyleGAN2's: none is called as a block's convolution is")
    try:
        check_resolution(max(found))
    except UserError as error:
        raise Refusal(f"its largest block: {error}") from error
    return found


def size(tensors: Mapping[str, Tensor], name: str, axis: int) -> int:
    """Returns the length of a tensor along an axis."""
    if name not in tensors:
        raise Refusal(f"its tensors are not a StyleGAN2's that graftgan knows: {name} is missing")
    shape = tensors[name].shape
    if len(shape) <= axis:
        raise Refusal(f"{name} is {tuple(shape)}, which has too few axes")
    return shape[axis]


def layers(tensors: Mapping[str, Tensor]) -> int:
    """Returns the depth of the mapping network."""
    return sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in tensors)


def settled(
    found: dict[str, Any], widths: dict[int, int], stated: Mapping[str, Any], unseen: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns what the shapes show, held against what the file states, and completed by it."""
    config = dict(found)
    for name, value in found.items():
        if name in stated and stated[name] != value:
            raise Refusal(f"it states {name} {shown(stated[name])}, its tensors show {value}")
    top = max(widths)
    config["channel_base"] = stated.get("channel_base", widths[top] * top)
    config["channel_max"] = stated.get("channel_max", max(widths.values()))
    for resolution, channels in sorted(widths.items()):
        rule = width(resolution, config["channel_base"], config["channel_max"])
        if rule != channels:
            raise Refusal(
                f"its tensors show {channels} channels at {resolution} px, channel_base {config['channel_base']} and"
                f" channel_max {config['channel_max']} make {rule}"
            )
    # A width that no block reaches shows itself in no tensor; the published default then is as good as any.
    return {name: stated.get(name, value) for name, value in unseen.items()} | config


def whole(name: str, value: Any) -> int:
    """Returns a positive whole number, also where NumPy's or a real one stands for it."""
    value = number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or not 0 <= value < 2**31:
        raise Refusal(f"it states {name} {shown(value)}")
    if value != int(value):
        raise Refusal(f"it states {name} {shown(value)}")
    return int(value)


def real(name: str, value: Any) -> float:
    """Returns a finite number."""
    value = number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**20:
        raise Refusal(f"it states {name} {shown(value)}")
    return float(value)
