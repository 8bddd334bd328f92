"""A generator with a front is the generator behind it until the front learns, on disk and in surgery as well."""

import json
from pathlib import Path

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FrontedGenerator, build_generator
from graftgan.surgery.freeze import freeze_blocks
from graftgan.zoo.model_folder import Model, load_model, save_model

SIZES = {"resolution": 16, "channel_base": 128, "channel_max": 8, "z_dim": 4}


def fronted(layers: int, network: str = "dcgan", seed: int = 0) -> FrontedGenerator:
    made = FrontedGenerator(NETWORKS[network].generator(**SIZES), layers)
    made.init_weights(torch.Generator().manual_seed(seed))
    return made.eval()


def latents() -> torch.Tensor:
    return torch.randn(3, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
@pytest.mark.parametrize("layers", [0, 2])
def test_a_fresh_front_changes_no_bit_drawn_or_not(network: str, layers: int) -> None:
    g = fronted(layers, network)
    before = g.inner(latents(), noise="const")
    assert torch.equal(g(latents(), noise="const"), before)
    g.draw_front(torch.Generator().manual_seed(2))
    assert torch.equal(g(latents(), noise="const"), before)
    if g.front.inner is not None:
        assert g.front.inner.any()


def test_an_offset_moves_every_latent_and_two_layers_add_what_they_say() -> None:
    offset = fronted(0)
    with torch.no_grad():
        offset.front.offset.copy_(torch.tensor([1.0, 0.0, -2.0, 0.5]))
    shifted = latents() + torch.tensor([1.0, 0.0, -2.0, 0.5])
    assert torch.equal(offset(latents()), offset.inner(shifted))

    deep = fronted(2)
    assert deep.front.inner is not None and deep.front.outer is not None and deep.front.bias is not None
    with torch.no_grad():
        deep.front.inner.copy_(torch.eye(4))
        deep.front.bias.fill_(1.0)
        deep.front.outer.copy_(2 * torch.eye(4))
        deep.front.offset.fill_(-1.0)
    z = torch.tensor([[3.0, -5.0, 0.0, 0.5]])
    # z + 2 relu(z + 1) - 1
    assert deep.front(z).tolist() == [[10.0, -6.0, 1.0, 2.5]]


@pytest.mark.parametrize("layers", [0, 2])
def test_a_model_folder_gives_it_back(tmp_path: Path, layers: int) -> None:
    g = fronted(layers)
    with torch.no_grad():
        g.front.offset.fill_(0.25)
    save_model(tmp_path, Model("dcgan", g, None, {}), "# card")
    found = load_model(tmp_path).generator
    assert isinstance(found, FrontedGenerator) and found.config() == g.config()
    assert json.loads((tmp_path / "config.json").read_text())["generator"]["front_layers"] == layers
    assert torch.equal(found(latents()), g(latents()))


def test_a_configuration_without_a_front_is_the_plain_network() -> None:
    kind = NETWORKS["dcgan"].generator
    assert type(build_generator(kind, SIZES)) is kind


def test_blocks_are_those_behind_the_front_and_can_be_frozen() -> None:
    g = fronted(2)
    frozen = freeze_blocks(g, [4])
    assert frozen == ["inner.main.0.weight", "inner.main.1.weight", "inner.main.1.bias"]
    trained = {name for name, parameter in g.named_parameters() if parameter.requires_grad}
    assert trained.isdisjoint(frozen) and {"front.offset", "front.inner", "inner.main.3.weight"} <= trained


def test_init_draws_what_is_behind_and_sets_the_front_back() -> None:
    g, plain = fronted(2), NETWORKS["dcgan"].generator(**SIZES)
    with torch.no_grad():
        for parameter in g.front.parameters():
            parameter.fill_(3.0)
    g.init_weights(torch.Generator().manual_seed(7))
    plain.init_weights(torch.Generator().manual_seed(7))
    assert all(torch.equal(a, b) for a, b in zip(g.inner.parameters(), plain.parameters(), strict=True))
    assert not any(parameter.any() for parameter in g.front.parameters())


def test_another_depth_or_a_second_front_is_refused() -> None:
    with pytest.raises(UserError, match="front_layers must be 0 or 2, not 1"):
        fronted(1)
    with pytest.raises(UserError, match="already"):
        FrontedGenerator(fronted(0), 0)
