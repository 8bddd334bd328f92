"""The module trees in NVIDIA's pickles: records of their persistence mechanism, read as data.

Every module is a record with the text of its source file (which NVIDIA's reader executes and this one never looks at),
the name of its class, and the module's own dictionary: parameters, buffers, submodules, and what its constructor kept.
"""

import re
from dataclasses import dataclass
from typing import Any

from graftgan.inert.records import Global, Reduced, kind, mapping
from graftgan.inert.refusal import Refusal, shown

RECONSTRUCT = Global("torch_utils.persistence", "_reconstruct_persistent_obj")
FIELDS = {"type", "version", "module_src", "class_name", "state"}
NEWEST = 6
MOST_MODULES, MOST_TENSORS, DEEPEST = 2_000, 20_000, 16
SETS = {Global("builtins", "set"), Global("__builtin__", "set")}


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        class_name: of its class, in NVIDIA's source.
        fields: its instance dictionary.
    """

    class_name: str
    fields: dict[Any, Any]


def is_module(value: Any) -> bool:
    """Returns whether a value is the record of a persistent object."""
    return isinstance(value, Reduced) and value.callable == RECONSTRUCT


def read_modules(record: Any) -> dict[str, Module]:
    """Returns every module of a tree under its dotted path; the tree itself under "".

    Args:
        record: of the outermost module.

    Raises:
        Refusal: it is not such a tree, or too large a one.
    """
    found: dict[str, Module] = {}
    waiting = [("", record, 0)]
    while waiting:
        path, record, depth = waiting.pop()
        if len(found) >= MOST_MODULES or depth > DEEPEST:
            raise Refusal(f"it holds over {MOST_MODULES} modules, or modules nested deeper than {DEEPEST}")
        module = found[path] = _module(record)
        for name, child in mapping(module.fields.get("_modules", {})).items():
            if child is not None:
                waiting.append((join(path, name), child, depth + 1))
    return found


def _module(record: Any) -> Module:
    if not is_module(record) or len(record.arguments) != 1:
        raise Refusal(f"it holds {kind(record)} where a network's module belongs")
    meta = mapping(record.arguments[0])
    if meta.keys() != FIELDS:
        raise Refusal(f"it holds a module described by {shown(list(meta))}")
    version, name = meta.get("version"), meta.get("class_name")
    if meta.get("type") != "class" or type(version) is not int or not 1 <= version <= NEWEST:
        raise Refusal(f"it holds a module of version {shown(version)}; 1 to {NEWEST} are known")
    if not isinstance(name, str) or not isinstance(meta["module_src"], str):
        raise Refusal("it holds a module without a class name, or without source text")
    fields = mapping(meta.get("state"))
    if not {"_parameters", "_buffers", "_modules"} <= fields.keys():
        raise Refusal(f"it holds a {shown(name)} that is not a module of torch")
    return Module(name, fields)


def tensor_records(modules: dict[str, Module]) -> dict[str, Any]:
    """Returns the state dict of a tree: dotted name -> the tensor's record."""
    found: dict[str, Any] = {}
    for path, module in modules.items():
        passing = _names(module.fields.get("_non_persistent_buffers_set", []))
        buffers = {n: v for n, v in mapping(module.fields["_buffers"]).items() if n not in passing}
        for name, record in (mapping(module.fields["_parameters"]) | buffers).items():
            if record is not None:
                found[join(path, name)] = record
        if len(found) > MOST_TENSORS:
            raise Refusal(f"it holds a network of over {MOST_TENSORS} tensors")
    return found


def join(path: str, name: Any) -> str:
    """Returns the dotted path of a member."""
    if not isinstance(name, str) or re.fullmatch(r"\w{1,64}", name, re.ASCII) is None:
        raise Refusal(f"it holds a member called {shown(name)}")
    return f"{path}.{name}" if path else name


def _names(value: Any) -> list[Any]:
    """Returns the members of a set, however the protocol wrote it."""
    if isinstance(value, Reduced) and value.callable in SETS:
        value = value.arguments[0] if value.arguments else []
    if not isinstance(value, list):
        raise Refusal(f"it holds {kind(value)} where a set belongs")
    return value
