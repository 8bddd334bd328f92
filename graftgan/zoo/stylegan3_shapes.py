"""StyleGAN3's hyper-parameters: read from tensors and stated arguments, and held against what every layer keeps."""

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from graftgan.errors import UserError
from graftgan.inert.budget import Budget
from graftgan.inert.numpy_arrays import array_of, is_array, number_of
from graftgan.inert.records import mapping
from graftgan.inert.refusal import Refusal, shown
from graftgan.networks.stylegan3_plan import PLANNED, LayerPlan, plan_layers
from graftgan.zoo.persistent import Module
from graftgan.zoo.stylegan2_shapes import layers, real, size, whole

WHOLE = {
    "z_dim": "z_dim",
    "c_dim": "c_dim",
    "w_dim": "w_dim",
    "img_resolution": "resolution",
    "img_channels": "channels",
    "channel_base": "channel_base",
    "channel_max": "channel_max",
    "num_layers": "num_layers",
    "num_critical": "num_critical",
    "margin_size": "margin_size",
    "conv_kernel": "conv_kernel",
    "filter_size": "filter_size",
    "lrelu_upsampling": "lrelu_upsampling",
}
"""Whole arguments of NVIDIA's constructor -> ours."""
REAL = ("first_cutoff", "first_stopband", "last_stopband_rel", "output_scale")
UNUSED = {"mapping_kwargs", "num_fp16_res", "magnitude_ema_beta"}
"""Arguments that show in the tensors, or that single precision and sampling do not need."""
PUBLISHED: dict[str, Any] = {
    "channel_base": 32768,
    "channel_max": 512,
    "mapping_lr_mult": 0.01,
    "conv_clamp": 256.0,
    "num_critical": 2,
    "first_cutoff": 2.0,
    "first_stopband": 2**2.1,
    "last_stopband_rel": 2**0.3,
    "margin_size": 10,
    "output_scale": 0.25,
    "filter_size": 6,
    "lrelu_upsampling": 2,
}
"""What NVIDIA's constructor takes for arguments that it is not given."""
CLASSES = {
    "": "Generator",
    "mapping": "MappingNetwork",
    "synthesis": "SynthesisNetwork",
    "synthesis.input": "SynthesisInput",
}


def is_stylegan3(modules: Mapping[str, Module]) -> bool:
    """Returns whether a generator begins with waves, as StyleGAN3's do."""
    return any(module.class_name == "SynthesisInput" for module in modules.values())


def stylegan3_config(tensors: Mapping[str, Tensor], modules: Mapping[str, Module], budget: Budget) -> dict[str, Any]:
    """Returns the arguments of `StyleGAN3Generator` that a file's generator belongs to.

    Args:
        tensors: names (NVIDIA's, which are ours) and tensors.
        modules: of the generator, with what each keeps.
        budget: of the file.

    Returns:
        `StyleGAN3Generator(**config)` computes what the file's network does, if its tensors fit.

    Raises:
        Refusal: tensors, arguments and what the layers keep contradict each other, or belong to no such network.
    """
    found, stated = shown_by(tensors), stated_by(modules)
    for name, value in found.items():
        if name in stated and stated[name] != value:
            raise Refusal(f"it states {name} {shown(stated[name])}, its tensors show {value}")
    config = PUBLISHED | {"use_radial_filters": False} | stated | found
    try:
        plans = plan_layers(
            config["resolution"],
            config["channel_base"],
            config["channel_max"],
            config["channels"],
            **{name: config[name] for name in PLANNED},
        )
    except (UserError, ArithmeticError) as error:
        raise Refusal(f"its arguments describe no StyleGAN3: {error}") from error
    check_modules(modules, plans, config)
    for path, facts in kept_facts(plans, config).items():
        for name, value in facts.items():
            if path in modules and name in modules[path].fields:
                hold(f"{path} has {name}", modules[path].fields[name], value, budget)
    for plan in plans:
        magnitude = tensors.get(f"synthesis.{plan.name}.magnitude_ema")
        if magnitude is not None and not bool((magnitude > 0).all()):
            raise Refusal(f"its {plan.name} has a magnitude_ema that is not above 0")
    return config


def shown_by(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Returns the arguments that names and shapes show."""
    names = [re.fullmatch(r"synthesis\.(L(\d{1,3})_(\d{1,5})_\d{1,6})\.weight", name) for name in tensors]
    found = sorted((int(match[2]), match[1], int(match[3])) for match in names if match is not None)
    if [index for index, _, _ in found] != list(range(len(found))) or len(found) < 2:
        raise Refusal("its tensors are not a StyleGAN3's: its layers are not called L0_..., L1_... and so on")
    last, first = found[-1], f"synthesis.{found[0][1]}"
    embedded, c_dim = (0, 0)
    if "mapping.embed.weight" in tensors:
        embedded, c_dim = (size(tensors, "mapping.embed.weight", axis) for axis in (0, 1))
    config = {
        "resolution": last[2],
        "channels": size(tensors, f"synthesis.{last[1]}.weight", 0),
        "c_dim": c_dim,
        "z_dim": size(tensors, "mapping.fc0.weight", 1) - embedded,
        "w_dim": size(tensors, "synthesis.input.affine.weight", 1),
        "mapping_layers": layers(tensors),
        "num_layers": last[0],
        "conv_kernel": size(tensors, f"{first}.weight", 2),
    }
    filters = [tensors[name].ndim for _, layer, _ in found if (name := f"synthesis.{layer}.down_filter") in tensors]
    return config | ({"use_radial_filters": max(filters) > 1} if filters else {})


def stated_by(modules: Mapping[str, Module]) -> dict[str, Any]:
    """Returns the arguments that the file states, under our names; each the same wherever it is stated."""
    stated: dict[str, Any] = {}

    def state(name: str, value: Any) -> None:
        if stated.setdefault(name, value) != value:
            raise Refusal(f"it states {name} {shown(stated[name])} and {shown(value)}")

    for path in ("", "synthesis"):
        fields = modules[path].fields if path in modules else {}
        given = mapping(fields.get("_init_kwargs", {}))
        for name in given.keys() - UNUSED - set(WHOLE) - {*REAL, "conv_clamp", "use_radial_filters"}:
            raise Refusal(f"it was made with an argument {shown(name)}, which is not StyleGAN3's")
        for values in (given, fields):
            for theirs, ours in WHOLE.items():
                if theirs in values:
                    state(ours, whole(theirs, values[theirs]))
            for name in REAL:
                if name in values:
                    state(name, real(name, values[name]))
        if "use_radial_filters" in given:
            if not isinstance(given["use_radial_filters"], bool):
                raise Refusal(f"it states use_radial_filters {shown(given['use_radial_filters'])}")
            state("use_radial_filters", given["use_radial_filters"])
        if "conv_clamp" in given:
            state("conv_clamp", limit(given["conv_clamp"]))
    for path, module in modules.items():
        if re.fullmatch(r"synthesis\.L\w+", path) and "conv_clamp" in module.fields:
            state("conv_clamp", limit(module.fields["conv_clamp"]))
        if re.fullmatch(r"mapping\.fc\d+", path) and "bias_gain" in module.fields:
            state("mapping_lr_mult", real("lr_multiplier", module.fields["bias_gain"]))
    return stated


def limit(value: Any) -> float | None:
    """Returns a finite number, or None."""
    return None if value is None else real("conv_clamp", value)


def check_modules(modules: Mapping[str, Module], plans: list[LayerPlan], config: Mapping[str, Any]) -> None:
    """Refuses a network with other modules than ours has, or with modules of other classes."""
    classes = CLASSES | {f"synthesis.{plan.name}": "SynthesisLayer" for plan in plans}
    linear = {"mapping.embed", "synthesis.input.affine", *(f"synthesis.{plan.name}.affine" for plan in plans)}
    active = {f"mapping.fc{index}" for index in range(config["mapping_layers"])}
    classes |= dict.fromkeys(linear | active, "FullyConnectedLayer")
    for path, module in modules.items():
        if path not in classes:
            raise Refusal(f"its module {shown(path)} is not in the StyleGAN3 that its arguments describe")
        if module.class_name != classes[path]:
            raise Refusal(f"its {path or 'network'} is a {shown(module.class_name)}, not a {classes[path]}")
        if path in linear | active:
            wanted = "linear" if path in linear else "lrelu"
            if module.fields.get("activation", wanted) != wanted:
                raise Refusal(f"its {path} has the activation {shown(module.fields['activation'])}, not {wanted}")


def kept_facts(plans: list[LayerPlan], config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns module -> field -> what NVIDIA's module keeps there in this network: numbers, or one number an axis."""
    first, w_dim = plans[0].source, config["w_dim"]
    facts: dict[str, dict[str, Any]] = {
        "": {"num_ws": len(plans) + 1},
        "mapping": {"num_ws": len(plans) + 1, "num_layers": config["mapping_layers"], "w_dim": w_dim},
        "synthesis": {"num_ws": len(plans) + 1},
        "synthesis.input": {
            "w_dim": w_dim,
            "channels": first.channels,
            "size": first.size,
            "sampling_rate": first.rate,
            "bandwidth": first.cutoff,
        },
    }
    rows = {"mapping.embed": config["c_dim"], "synthesis.input.affine": w_dim}
    for plan in plans:
        ends = {"in": plan.source, "out": plan.result}
        facts[f"synthesis.{plan.name}"] = {
            **{f"{end}_{name}": getattr(band, name) for end, band in ends.items() for name in ("channels", "size")},
            **{f"{end}_sampling_rate": band.rate for end, band in ends.items()},
            **{f"{end}_{name}": getattr(band, name) for end, band in ends.items() for name in ("cutoff", "half_width")},
            "is_torgb": plan.torgb,
            "is_critically_sampled": plan.critical,
            "tmp_sampling_rate": plan.rate,
            "conv_kernel": plan.kernel,
            "up_factor": plan.up,
            "up_taps": plan.up_taps,
            "down_factor": plan.down,
            "down_taps": plan.down_taps,
            "down_radial": plan.radial,
            "padding": plan.padding * 2,
            "w_dim": w_dim,
        }
        rows[f"synthesis.{plan.name}.affine"] = w_dim
    for path, inputs in rows.items():
        facts[path] = {"weight_gain": 1 / math.sqrt(max(inputs, 1)), "bias_gain": 1}
    for index in range(config["mapping_layers"]):
        inputs = w_dim if index else config["z_dim"] + (w_dim if config["c_dim"] else 0)
        facts[f"mapping.fc{index}"] = {"weight_gain": config["mapping_lr_mult"] / math.sqrt(max(inputs, 1))}
    return facts


def hold(what: str, value: Any, wanted: Any, budget: Budget) -> None:
    """Refuses a number, or numbers, that a module keeps and ours computes otherwise."""
    if is_array(value):
        value = array_of(value, budget).ravel().tolist()
    numbers = [number_of(one) for one in (value if isinstance(value, list | tuple) else [value])]
    expected = wanted if isinstance(wanted, tuple) else (wanted,) * len(numbers)
    if len(numbers) != len(expected) or not all(map(alike, numbers, expected)) or not numbers:
        raise Refusal(f"its {what} {shown(numbers if len(numbers) != 1 else numbers[0])}, its arguments make {wanted}")


def alike(value: Any, wanted: float) -> bool:
    """Returns whether a value is a number and the wanted one, to rounding."""
    return isinstance(value, bool | int | float) and math.isclose(value, wanted, rel_tol=1e-6)
