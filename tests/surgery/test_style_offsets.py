"""Offsets of styles: worked into the affine biases they give what moving the styles themselves gives."""

import torch

from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.surgery.freeze import freeze
from graftgan.surgery.merge import merged
from graftgan.surgery.style_offsets import offset_styles


def built() -> tuple[StyleGAN2Generator, torch.Generator]:
    rng = torch.Generator().manual_seed(0)
    generator = StyleGAN2Generator(16, channel_base=64, channel_max=8, z_dim=4, w_dim=4, mapping_layers=2)
    generator.init_weights(rng)
    freeze(generator)
    return generator.double(), rng


def test_an_offset_of_a_style_is_that_style_moved_for_every_layer_that_takes_it() -> None:
    generator, rng = built()
    ws = generator.mapping(torch.randn(3, 4, generator=rng, dtype=torch.double))
    dws = torch.randn(6, 4, generator=rng, dtype=torch.double)
    expected = generator.synthesis(ws + dws, noise="const")
    unmoved = generator.synthesis(ws, noise="const")
    offsets = offset_styles(generator)
    with torch.no_grad():
        for offset, dw in zip(offsets, dws, strict=True):
            offset.data = dw.clone()
    found = generator.synthesis(ws, noise="const")
    assert torch.allclose(found, expected, atol=1e-12)
    assert not torch.allclose(found, unmoved, atol=1e-3)


def test_merging_leaves_a_plain_network_that_differs_in_affine_biases_only() -> None:
    generator, rng = built()
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    for offset in offset_styles(generator):
        offset.data = torch.randn(4, generator=rng, dtype=torch.double)
    z = torch.randn(2, 4, generator=rng, dtype=torch.double)
    plain = merged(generator)
    assert torch.allclose(plain(z, noise="const"), generator(z, noise="const"), atol=1e-12)
    after = plain.state_dict()
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.endswith("affine.bias")}


def test_one_offset_a_style_is_all_that_trains() -> None:
    generator, _ = built()
    offsets = offset_styles(generator)
    trained = [parameter for parameter in generator.parameters() if parameter.requires_grad]
    assert len(offsets) == generator.num_ws == 6 == len(trained)
    assert {id(parameter) for parameter in trained} == {id(offset) for offset in offsets}
    assert not any(name.endswith("matrix") for name in generator.state_dict())
