"""Floor 5: how a pretrained pair is adapted to a few pictures; one paper a file.

A new method is one file here, named as the user names it, and one line in `CLASSES`; command line, report, table of
methods and contract test follow.
"""

from importlib import import_module

from graftgan.methods.base import Method

CLASSES = {
    "finetune": "FineTune",
    "freezed": "FreezeD",
    "freezeg": "FreezeG",
    "bsa": "BSA",
    "scaleshift": "ScaleShift",
    "fsgan": "FSGAN",
    "modulate": "Modulate",
    "rick": "Rick",
    "lowrank": "LowRank",
    "weditgan": "WeditGAN",
    "minegan": "MineGAN",
    "l2sp": "L2SP",
    "ewc": "EWC",
    "cdc": "CDC",
    "rssa": "RSSA",
    "dcl": "DCL",
    "joint": "Joint",
    "extractor": "Extractor",
    "projected": "Projected",
    "learnt": "Learnt",
    "scratch": "Scratch",
}
"""Name of a method, and of its file -> its class in there."""

METHODS: dict[str, type[Method]] = {
    name: getattr(import_module(f"graftgan.methods.{name}"), kind) for name, kind in CLASSES.items()
}

__all__ = ["METHODS", "Method"]
