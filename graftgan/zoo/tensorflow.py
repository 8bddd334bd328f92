"""Pickles of the TensorFlow StyleGAN2: three networks (G, D, G's average), each a list of named arrays.

The file is one pickle of a tuple. A network keeps its own variables and those of its components, the mapping and the
synthesis network. The text of its source, which NVIDIA's reader executes, is never looked at.
"""

import re
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graftgan.inert.budget import Budget
from graftgan.inert.numpy_arrays import array_of
from graftgan.inert.records import Global, Reduced, kind, mapping
from graftgan.inert.refusal import Refusal, shown
from graftgan.networks.resample import lowpass_filter
from graftgan.zoo.part import Foreign, Part
from graftgan.zoo.stylegan2_shapes import WHOLE_BATCH, discriminator_config, generator_config, real, whole

NETWORK = Global("dnnlib.tflib.network", "Network")
TENSORFLOW_NAMES = frozenset({NETWORK})
MOST_VARIABLES = 5_000
OLDEST = 4
D_UNSEEN = {"mapping_lr_mult": 0.1, "mbstd_group": WHOLE_BATCH}
"""What a discriminator of theirs has where its file states nothing."""
IGNORED = {"lod"}
"""Variables that only training used."""


def read_tensorflow(root: Any, budget: Budget, partial: bool) -> Foreign:
    """Returns the networks of a pickle: the average generator (the third) and the discriminator.

    Args:
        root: its tree.
        budget: of the file.
        partial: whether a discriminator that cannot be read may be left.

    Raises:
        Refusal: it holds no StyleGAN2 that can be read.
    """
    if not isinstance(root, tuple) or len(root) != 3:
        raise Refusal("it holds no tuple of three networks (G, D, Gs)")
    variables = [own_variables(network) for network in root]
    stated = [arguments(network) for network in root]
    taken, left = arrays(variables[2], budget), {"G": len(variables[0])}
    if {n: a.shape for n, a in arrays(variables[0], budget).items()} != {n: a.shape for n, a in taken.items()}:
        raise Refusal("its generator and that generator's average are different networks")
    generator = read_generator(taken, stated[2])
    try:
        discriminator = read_discriminator(arrays(variables[1], budget), stated[1])
    except Refusal as refusal:
        if not partial:
            raise Refusal(f"its discriminator: {refusal}; --partial takes the generator alone") from refusal
        doubts = (f"its discriminator is left: {refusal}",)
        return Foreign("TensorFlow StyleGAN2 pickle", "stylegan2", generator, None, left, doubts)
    return Foreign("TensorFlow StyleGAN2 pickle", "stylegan2", generator, discriminator, left)


SUPPORTED: dict[str, list[Any]] = {
    "architecture": ["skip", "resnet"],
    "nonlinearity": ["lrelu"],
    "mapping_nonlinearity": ["lrelu"],
    "resample_kernel": [[1, 3, 3, 1], (1, 3, 3, 1)],
}
"""Arguments that change what a network computes, of which only some values are ours."""


def state_of(network: Any) -> dict[Any, Any]:
    """Returns what a network's record would have been built from."""
    if not isinstance(network, Reduced) or network.callable != NETWORK:
        raise Refusal(f"it holds {kind(network)} where a TensorFlow network belongs")
    state = mapping(network.state)
    version = state.get("version")
    if type(version) is not int or not OLDEST <= version < 100:
        raise Refusal(f"it holds a TensorFlow network of version {shown(version)}; {OLDEST} and later are StyleGAN2's")
    return state


def own_variables(network: Any, depth: int = 0) -> dict[str, Any]:
    """Returns name -> record of the array, of a network and its components; theirs begin with the component's name."""
    state = state_of(network)
    found: dict[str, Any] = {}
    pairs = state.get("variables")
    for pair in pairs if isinstance(pairs, list) else []:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str) or pair[0] in found:
            raise Refusal("it holds variables that are not pairs of a name and an array")
        found[pair[0]] = pair[1]
    components = mapping(state.get("components", {}))
    # A network's components have none of their own.
    if (components and depth) or len(components) > 8 or len(found) > MOST_VARIABLES:
        raise Refusal("it holds a network of too many parts")
    for name, component in components.items():
        found |= {f"{name}/{own}": value for own, value in own_variables(component, depth + 1).items()}
    return found


def arguments(network: Any) -> dict[str, Any]:
    """Returns the arguments of a network that are in the file, under our names."""
    given = mapping(state_of(network).get("static_kwargs", {}))
    names = {
        "num_channels": "channels",
        "resolution": "resolution",
        "label_size": "c_dim",
        "latent_size": "z_dim",
        "dlatent_size": "w_dim",
        "mapping_layers": "mapping_layers",
        "mapping_lrmul": "mapping_lr_mult",
        "fmap_max": "channel_max",
        "mbstd_group_size": "mbstd_group",
        "conv_clamp": "conv_clamp",
    }
    stated: dict[str, Any] = {}
    for theirs, ours in names.items():
        if given.get(theirs) is not None:
            stated[ours] = (real if ours in ("mapping_lr_mult", "conv_clamp") else whole)(theirs, given[theirs])
    if given.get("fmap_base") is not None:
        stated["channel_base"] = 2 * whole("fmap_base", given["fmap_base"])
    if ("channel_base" in stated) != ("channel_max" in stated):
        # One alone leaves the other to a default of theirs; the shapes show both.
        stated = {name: value for name, value in stated.items() if not name.startswith("channel_")}
    if stated.get("mbstd_group", 1) < 1:
        raise Refusal("it states mbstd_group_size 0, which is not supported")
    for name, known in SUPPORTED.items():
        if name in given and given[name] not in known:
            raise Refusal(f"it states {name} {shown(given[name])}, which is not supported")
    return stated


def arrays(variables: dict[str, Any], budget: Budget) -> dict[str, np.ndarray]:
    """Returns name -> array."""
    return {name: array_of(record, budget) for name, record in variables.items() if name not in IGNORED}


def read_generator(found: dict[str, np.ndarray], stated: dict[str, Any]) -> Part:
    """Returns the generator under our names."""
    tensors: dict[str, Tensor] = {}
    for name, array in found.items():
        if (taken := generator_tensor(name, array)) is None:
            tensors[name] = tensor(array)  # a name that our network has not: the load report tells
        else:
            tensors[taken[0]] = taken[1]
    for name in list(tensors):
        if re.fullmatch(r"synthesis\.b\d+\.(conv\d\.weight|torgb\.bias)", name):
            owner = name.removesuffix(".weight").removesuffix(".torgb.bias")
            tensors[f"{owner}.resample_filter"] = lowpass_filter()
    return Part("Gs", generator_config(tensors, stated), tensors)


LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"}


def generator_tensor(name: str, array: np.ndarray) -> tuple[str, Tensor] | None:
    """Returns our name and layout of a variable of the generator; None where ours has no such thing.

    Deviations of theirs: matrices are (in, out), kernels (height, width, in, out), kernels of the layers that enlarge
    are flipped, and a style's scale is 1 + what the layer gives.
    """
    if name == "dlatent_avg":
        return "mapping.w_avg", tensor(array)
    if (match := re.fullmatch(r"mapping/(?:Dense(\d{1,2})|LabelEmbed)/(weight|bias)", name)) is not None:
        layer = "embed" if match[1] is None else f"fc{int(match[1])}"
        return f"mapping.{layer}.{match[2]}", matrix(array) if match[2] == "weight" else tensor(array)
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", tensor(first(array))
    if (match := re.fullmatch(r"synthesis/noise(\d{1,2})", name)) is not None:
        index = int(match[1])
        layer = "conv1" if index % 2 == 0 else "conv0"
        return f"synthesis.b{2 ** ((index + 5) // 2)}.{layer}.noise_const", tensor(first(first(array)))
    match = re.fullmatch(r"synthesis/(\d{1,4})x\1/(Conv|Conv0_up|Conv1|ToRGB)/(\w+)", name)
    if match is None or (match[2] == "Conv") != (match[1] == "4") and match[2] != "ToRGB":
        return None
    ours = f"synthesis.b{match[1]}.{LAYERS[match[2]]}"
    if match[3] == "weight":
        return f"{ours}.weight", kernel(array, flipped=match[2] == "Conv0_up")
    if match[3] == "mod_weight":
        return f"{ours}.affine.weight", matrix(array)
    if match[3] == "mod_bias":
        return f"{ours}.affine.bias", tensor(array) + 1
    return (f"{ours}.{match[3]}", tensor(array)) if match[3] in ("bias", "noise_strength") else None


def read_discriminator(found: dict[str, np.ndarray], stated: dict[str, Any]) -> Part:
    """Returns the discriminator under our names."""
    tensors: dict[str, Tensor] = {}
    for name, array in found.items():
        ours = discriminator_name(name)
        if ours is None:
            tensors[name] = tensor(array)
        elif not ours.endswith("weight"):
            tensors[ours] = tensor(array)
        else:
            tensors[ours] = kernel(array) if array.ndim == 4 else matrix(array)
        if ours is not None and ours.endswith("weight") and array.ndim == 4:
            tensors[f"{ours.removesuffix('.weight')}.resample_filter"] = lowpass_filter()
            if not ours.startswith("b4."):
                tensors[f"{ours.partition('.')[0]}.resample_filter"] = lowpass_filter()
    return Part("D", discriminator_config(tensors, D_UNSEEN | stated), tensors)


def discriminator_name(name: str) -> str | None:
    """Returns our name of a variable of the discriminator; None where ours has no such thing."""
    heads = {"4x4/Conv": "b4.conv", "4x4/Dense0": "b4.fc", "Output": "b4.out", "LabelEmbed": "mapping.embed"}
    layer, _, member = name.rpartition("/")
    if member not in ("weight", "bias"):
        return None
    if layer in heads:
        return f"{heads[layer]}.{member}"
    if (match := re.fullmatch(r"Mapping(\d{1,2})", layer)) is not None:
        return f"mapping.fc{int(match[1])}.{member}"
    match = re.fullmatch(r"(\d{1,4})x\1/(FromRGB|Conv0|Conv1_down|Skip)", layer)
    if match is None:
        return None
    names = {"FromRGB": "fromrgb", "Conv0": "conv0", "Conv1_down": "conv1", "Skip": "skip"}
    return f"b{match[1]}.{names[match[2]]}.{member}"


def tensor(array: np.ndarray) -> Tensor:
    """Returns an array as float32."""
    return torch.from_numpy(array.astype("<f4"))


def matrix(array: np.ndarray) -> Tensor:
    """Returns a matrix (in, out) as ours, (out, in)."""
    if array.ndim != 2:
        raise Refusal(f"it holds {array.shape} where a matrix belongs")
    return tensor(array.T)


def kernel(array: np.ndarray, flipped: bool = False) -> Tensor:
    """Returns a kernel (height, width, in, out) as ours, (out, in, height, width)."""
    if array.ndim != 4:
        raise Refusal(f"it holds {array.shape} where a convolution's kernel belongs")
    return tensor(np.ascontiguousarray((array[::-1, ::-1] if flipped else array).transpose(3, 2, 0, 1)))


def first(array: np.ndarray) -> np.ndarray:
    """Returns the one row of an array that has one."""
    if array.ndim < 1 or array.shape[0] != 1:
        raise Refusal(f"it holds {array.shape} where one row belongs")
    return array[0]
