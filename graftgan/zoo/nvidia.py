"""NVIDIA's network pickles: StyleGAN2-ADA's, and those of the StyleGAN3 repository.

The file is one pickle of a dictionary with G, D, G_ema and augment_pipe. StyleGAN3's own generators are taken alone:
they are not trained here, so that their discriminators (StyleGAN2's) are of no use.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from graftgan.inert.budget import Budget
from graftgan.inert.numpy_arrays import bytes_of
from graftgan.inert.records import Global, Reduced, kind, mapping
from graftgan.inert.refusal import Refusal, shown
from graftgan.inert.tensors import Storage, tensor_of
from graftgan.inert.torch_files import read_torch_stream
from graftgan.zoo.part import Foreign, Part
from graftgan.zoo.persistent import RECONSTRUCT, SETS, Module, is_module, read_modules, tensor_records
from graftgan.zoo.stylegan2_shapes import WHOLE_BATCH, discriminator_config, generator_config, real, whole
from graftgan.zoo.stylegan3_shapes import is_stylegan3, stylegan3_config

LOAD = Global("torch.storage", "_load_from_bytes")
NVIDIA_NAMES = frozenset({RECONSTRUCT, LOAD, *SETS, Global("dnnlib.util", "EasyDict")})
KNOWN_PARTS = {"G", "D", "G_ema", "augment_pipe", "training_set_kwargs", "progress", "cur_nimg"}
GENERATOR_FACTS = {
    "z_dim": "z_dim",
    "c_dim": "c_dim",
    "w_dim": "w_dim",
    "img_resolution": "resolution",
    "img_channels": "channels",
}
LINEAR = {"affine", "embed", "skip", "out"}
"""Layers without an activation."""
DISCRIMINATOR_FACTS = {"c_dim": "c_dim", "img_resolution": "resolution", "img_channels": "channels"}


def read_nvidia(root: Any, budget: Budget, partial: bool) -> Foreign:
    """Returns the networks of a pickle.

    Args:
        root: its tree.
        budget: of the file.
        partial: whether a discriminator that cannot be read may be left.

    Raises:
        Refusal: it holds no StyleGAN2 or StyleGAN3 generator that can be read.
    """
    parts = mapping(root)
    name = "G_ema" if is_module(parts.get("G_ema")) else "G"
    if not is_module(parts.get(name)):
        raise Refusal("it holds no network G_ema or G of NVIDIA's making")
    storage_of = storages(budget)
    modules = read_modules(parts[name])
    network = "stylegan3" if is_stylegan3(modules) else "stylegan2"
    read = read_stylegan3 if network == "stylegan3" else read_generator
    generator = read(name, modules, storage_of, budget)
    doubts = [f"it holds an unknown part {shown(key)}" for key in parts if key not in KNOWN_PARTS]
    discriminator, left = None, {}
    if network == "stylegan2" and parts.get("D") is not None:
        try:
            discriminator = read_discriminator(parts["D"], storage_of, budget)
        except Refusal as refusal:
            if not partial:
                raise Refusal(f"its discriminator: {refusal}; --partial takes the generator alone") from refusal
            doubts.append(f"its discriminator is left: {refusal}")
            left["D"] = len(records_of(parts["D"]))
    seen = {id(parts[name]): tensor_count(generator)}
    if network == "stylegan2":
        seen[id(parts.get("D"))] = tensor_count(discriminator)
    for key, value in parts.items():
        if key != name and (key != "D" or network == "stylegan3") and is_module(value):
            if id(value) not in seen:
                seen[id(value)] = len(checked(value, storage_of, budget))
            left[str(key)] = seen[id(value)]
    form = "NVIDIA StyleGAN3 pickle" if network == "stylegan3" else "NVIDIA StyleGAN2 pickle"
    return Foreign(form, network, generator, discriminator, left, tuple(doubts))


def tensor_count(part: Part | None) -> int:
    """Returns how many tensors a part has."""
    return 0 if part is None else len(part.tensors)


def records_of(part: Any) -> dict[str, Any]:
    """Returns the tensors of a part as records."""
    return tensor_records(read_modules(part)) if is_module(part) else {}


def checked(part: Any, storage_of: Callable[[Any], Storage], budget: Budget) -> dict[str, Any]:
    """Returns the tensors of a part that is not taken; they must be whole, since a damaged file is refused anywhere."""
    for record in (found := records_of(part)).values():
        tensor_of(record, storage_of, budget)
    return found


def storages(budget: Budget) -> Callable[[Any], Storage]:
    """Returns what answers the storages of these pickles: each is a file of torch.save, as bytes."""

    def storage_of(record: Any) -> Storage:
        if not isinstance(record, Reduced) or record.callable != LOAD or len(record.arguments) != 1:
            raise Refusal(f"it holds {kind(record)} where a tensor's numbers belong")
        inner = read_torch_stream(bytes_of(record.arguments[0]), budget)
        return inner.storage_of(inner.root)

    return storage_of


def read_stylegan3(
    origin: str, modules: dict[str, Module], storage_of: Callable[[Any], Storage], budget: Budget
) -> Part:
    """Returns a StyleGAN3 generator."""
    tensors = build(modules, storage_of, budget)
    return Part(origin, stylegan3_config(tensors, modules, budget), tensors)


def read_generator(
    origin: str, modules: dict[str, Module], storage_of: Callable[[Any], Storage], budget: Budget
) -> Part:
    """Returns a StyleGAN2 generator."""
    check_parts(modules, "Generator", "skip")
    stated = facts(modules[""], GENERATOR_FACTS) | arguments(modules[""], "synthesis_kwargs")
    stated |= layer_facts(modules)
    tensors = build(modules, storage_of, budget)
    return Part(origin, generator_config(tensors, stated), tensors)


def read_discriminator(record: Any, storage_of: Callable[[Any], Storage], budget: Budget) -> Part:
    """Returns a StyleGAN2 discriminator."""
    modules = read_modules(record)
    check_parts(modules, "Discriminator", "resnet")
    stated = facts(modules[""], DISCRIMINATOR_FACTS) | arguments(modules[""]) | layer_facts(modules)
    if (deviation := modules.get("b4.mbstd")) is not None and "group_size" in deviation.fields:
        group = deviation.fields["group_size"]
        stated["mbstd_group"] = WHOLE_BATCH if group is None else whole("mbstd_group", group)
        if stated["mbstd_group"] < 1:
            raise Refusal("it states mbstd_group 0")
    tensors = build(modules, storage_of, budget)
    return Part("D", discriminator_config(tensors, stated), tensors)


def build(modules: dict[str, Module], storage_of: Callable[[Any], Storage], budget: Budget) -> dict[str, Tensor]:
    """Returns the tensors of a network under their dotted names."""
    return {name: tensor_of(record, storage_of, budget) for name, record in tensor_records(modules).items()}


def check_parts(modules: dict[str, Module], class_name: str, architecture: str) -> None:
    """Refuses a network whose modules compute something else than ours, which its tensors would not show."""
    if modules[""].class_name != class_name:
        raise Refusal(f"it holds a {shown(modules[''].class_name)} where a {class_name} belongs")
    for path, module in modules.items():
        wanted = "linear" if path.rpartition(".")[2] in LINEAR else "lrelu"
        activation = module.fields.get("activation", wanted)
        if activation != wanted:
            raise Refusal(f"its {path} has the activation {shown(activation)}, StyleGAN2 has {wanted}")
        own = module.fields.get("architecture", architecture)
        if own != architecture:
            raise Refusal(f"its {path} has the architecture {shown(own)}; only {architecture} is supported")


def facts(module: Module, names: dict[str, str]) -> dict[str, Any]:
    """Returns what a network keeps of its constructor's arguments, under our names."""
    return {ours: whole(theirs, module.fields[theirs]) for theirs, ours in names.items() if theirs in module.fields}


def arguments(module: Module, nested: str | None = None) -> dict[str, Any]:
    """Returns the widths that the constructor was called with: StyleGAN2-ADA nests them, the later repository not."""
    given = mapping(module.fields.get("_init_kwargs", {}))
    if nested is not None and nested in given:
        given = given | mapping(given[nested])
    return {name: whole(name, given[name]) for name in ("channel_base", "channel_max") if name in given}


def layer_facts(modules: dict[str, Module]) -> dict[str, Any]:
    """Returns what only the layers keep: the limit of the convolutions, and the mapping's learning rate."""
    stated: dict[str, Any] = {}
    first = modules.get("mapping.fc0")
    if first is not None and "bias_gain" in first.fields:
        stated["mapping_lr_mult"] = real("lr_multiplier", first.fields["bias_gain"])
    limits = {real_or_none(module.fields["conv_clamp"]) for module in modules.values() if has_limit(module)}
    if len(limits) > 1:
        raise Refusal("its layers have different limits conv_clamp, ours have one")
    return stated | ({"conv_clamp": limits.pop()} if limits else {})


def has_limit(module: Module) -> bool:
    """Returns whether a module is a convolution with a limit of its own; the way past a block has none."""
    return "conv_clamp" in module.fields and module.fields.get("activation") != "linear"


def real_or_none(value: Any) -> float | None:
    """Returns a finite number, or None."""
    return None if value is None else real("conv_clamp", value)
