"""Blocks are frozen by their resolution, and nothing else is."""

import pytest

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.surgery.freeze import freeze, freeze_blocks

SIZES = {"resolution": 16, "channel_base": 128, "channel_max": 8}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_only_the_blocks_named_are_frozen(network: str, player: str) -> None:
    made = getattr(NETWORKS[network], player)(**SIZES)
    first, *_ = made.blocks()
    frozen = freeze_blocks(made, [first])
    assert frozen
    for name, parameter in made.named_parameters():
        assert parameter.requires_grad == (name not in frozen), name
    inside = {name for block in made.blocks()[first] for name, _ in made.get_submodule(block).named_parameters(block)}
    assert set(frozen) == inside


def test_a_resolution_without_a_block_is_refused() -> None:
    discriminator = NETWORKS["dcgan"].discriminator(**SIZES)
    with pytest.raises(UserError, match="no block at 32 px to freeze"):
        freeze_blocks(discriminator, [32])


def test_freeze_takes_all() -> None:
    generator = NETWORKS["dcgan"].generator(**SIZES)
    freeze(generator)
    assert not any(parameter.requires_grad for parameter in generator.parameters())
