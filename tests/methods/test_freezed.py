"""FreezeD freezes D from the picture inward, and nothing else."""

import pytest
import torch

from graftgan.augment import NoAugment
from graftgan.devices import launch
from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.methods.base import Preparation
from graftgan.methods.freezed import FreezeD
from graftgan.methods.rules import Rules
from graftgan.networks import NETWORKS
from graftgan.state import State


def prepared(method: FreezeD) -> State:
    widths = {"resolution": 32, "channel_base": 64, "channel_max": 4}
    generator = NETWORKS["stylegan2"].generator(**widths, z_dim=4, w_dim=4, mapping_layers=1)
    state = State(generator, NETWORKS["stylegan2"].discriminator(**widths), generator, NoAugment())
    nothing = Preparation(
        lambda _: (torch.zeros(1), None),
        Rules(LOSSES["hinge"]),
        launch("cpu"),
        0,
        None,
        lambda *_: None,
        lambda most: torch.zeros(1),
    )
    method.prepare(state, nothing)
    return state


def test_two_blocks_from_the_picture_inward_are_frozen_and_all_of_g_trains() -> None:
    state = prepared(FreezeD(frozen=2))
    frozen = {name.split(".")[0] for name, p in state.discriminator.named_parameters() if not p.requires_grad}
    trained = {name.split(".")[0] for name, p in state.discriminator.named_parameters() if p.requires_grad}
    assert frozen == {"b32", "b16"} and trained == {"b8", "b4"}
    assert all(p.requires_grad for p in state.generator.parameters())


def test_more_blocks_than_there_are_is_refused() -> None:
    with pytest.raises(UserError, match="frozen=9: D has 4 blocks"):
        prepared(FreezeD(frozen=9))
