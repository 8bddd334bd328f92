"""Floor 5: how a pretrained pair is adapted to a few pictures; one paper a file.

A new method is one file here and one line in `METHODS`; command line, report and contract test follow.
"""

from graftgan.methods.base import Method
from graftgan.methods.finetune import FineTune
from graftgan.methods.freezed import FreezeD
from graftgan.methods.modulate import Modulate

METHODS: dict[str, type[Method]] = {
    "finetune": FineTune,
    "freezed": FreezeD,
    "modulate": Modulate,
}

__all__ = ["METHODS", "Method"]
