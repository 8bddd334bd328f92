"""Floor 5: how a pretrained pair is adapted to a few pictures; one paper a file.

A new method is one file here and one line in `METHODS`; command line, report and contract test follow.
"""

from graftgan.methods.base import Method
from graftgan.methods.bsa import BSA
from graftgan.methods.cdc import CDC
from graftgan.methods.dcl import DCL
from graftgan.methods.ewc import EWC
from graftgan.methods.extractor import Extractor
from graftgan.methods.finetune import FineTune
from graftgan.methods.freezed import FreezeD
from graftgan.methods.freezeg import FreezeG
from graftgan.methods.fsgan import FSGAN
from graftgan.methods.joint import Joint
from graftgan.methods.l2sp import L2SP
from graftgan.methods.lowrank import LowRank
from graftgan.methods.minegan import MineGAN
from graftgan.methods.modulate import Modulate
from graftgan.methods.projected import Projected
from graftgan.methods.rick import Rick
from graftgan.methods.rssa import RSSA
from graftgan.methods.scaleshift import ScaleShift
from graftgan.methods.scratch import Scratch
from graftgan.methods.weditgan import WeditGAN

METHODS: dict[str, type[Method]] = {
    "finetune": FineTune,
    "freezed": FreezeD,
    "freezeg": FreezeG,
    "bsa": BSA,
    "scaleshift": ScaleShift,
    "fsgan": FSGAN,
    "modulate": Modulate,
    "rick": Rick,
    "lowrank": LowRank,
    "weditgan": WeditGAN,
    "minegan": MineGAN,
    "l2sp": L2SP,
    "ewc": EWC,
    "cdc": CDC,
    "rssa": RSSA,
    "dcl": DCL,
    "joint": Joint,
    "extractor": Extractor,
    "projected": Projected,
    "scratch": Scratch,
}

__all__ = ["METHODS", "Method"]
