"""DCGAN: the widespread layout of weights, and its own options."""

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator, config_from_state_dict

# The PyTorch example's networks at nz=100, ngf=ndf=64, nc=3: weight shapes by layer number of `main`.
GENERATOR = {0: (100, 512, 4, 4), 3: (512, 256, 4, 4), 6: (256, 128, 4, 4), 9: (128, 64, 4, 4), 12: (64, 3, 4, 4)}
GENERATOR_NORMS = {1: 512, 4: 256, 7: 128, 10: 64}
DISCRIMINATOR = {0: (64, 3, 4, 4), 2: (128, 64, 4, 4), 5: (256, 128, 4, 4), 8: (512, 256, 4, 4), 11: (1, 512, 4, 4)}
DISCRIMINATOR_NORMS = {3: 128, 6: 256, 9: 512}


def shapes(convs, norms):
    table = {f"main.{index}.weight": shape for index, shape in convs.items()}
    for index, width in norms.items():
        names = ("weight", "bias", "running_mean", "running_var")
        table |= {f"main.{index}.{name}": (width,) for name in names}
        table[f"main.{index}.num_batches_tracked"] = ()
    return table


@pytest.mark.parametrize(
    ("network", "table"),
    [
        (DCGANGenerator(64), shapes(GENERATOR, GENERATOR_NORMS)),
        (DCGANDiscriminator(64), shapes(DISCRIMINATOR, DISCRIMINATOR_NORMS)),
    ],
    ids=["generator", "discriminator"],
)
def test_names_and_shapes_are_the_widespread_ones(network, table):
    assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == table


def test_layers_have_the_widespread_strides():
    g, d = DCGANGenerator(64).main, DCGANDiscriminator(64).main
    assert [(m.stride[0], m.padding[0]) for m in g if hasattr(m, "stride")] == [(1, 0)] + 4 * [(2, 1)]
    assert [(m.stride[0], m.padding[0]) for m in d if hasattr(m, "stride")] == 4 * [(2, 1)] + [(1, 0)]
    assert [m.negative_slope for m in d if isinstance(m, torch.nn.LeakyReLU)] == 4 * [0.2]
    assert isinstance(g[-1], torch.nn.Tanh)


@pytest.mark.parametrize("kind", [DCGANGenerator, DCGANDiscriminator])
@pytest.mark.parametrize(
    "options",
    [dict(resolution=64), dict(resolution=16, channel_base=64, channel_max=8, channels=1), dict(resolution=128)],
)
def test_options_are_read_from_the_shapes(kind, options):
    network = kind(**options)
    config = config_from_state_dict(network.state_dict())
    rebuilt = kind(**config)
    rebuilt.load_state_dict(network.state_dict(), strict=True)
    assert rebuilt.config() | {"channel_max": 0} == network.config() | {"channel_max": 0}


def test_foreign_weights_are_refused():
    weights = DCGANGenerator(32, 128, 16).state_dict()
    with pytest.raises(UserError, match="not a DCGAN"):
        config_from_state_dict({"fc.weight": torch.zeros(2, 2)})
    with pytest.raises(UserError, match="main.4.weight"):
        config_from_state_dict({name: tensor for name, tensor in weights.items() if name != "main.4.weight"})
    weights["main.3.weight"] = torch.zeros(16, 5, 4, 4)
    with pytest.raises(UserError, match="not a DCGAN"):
        config_from_state_dict(weights)


def test_weights_start_as_the_paper_says():
    g = DCGANGenerator(64)
    g.init_weights(torch.Generator().manual_seed(0))
    assert g.main[3].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert abs(g.main[3].weight.mean().item()) < 1e-4
    assert g.main[1].weight.mean().item() == pytest.approx(1.0, abs=0.005)
    assert g.main[1].weight.std().item() == pytest.approx(0.02, rel=0.15)
    assert not g.main[1].bias.any()


def test_truncation_scales_the_latent():
    g = DCGANGenerator(16, 64, 8, z_dim=4).eval()
    rng = torch.Generator().manual_seed(0)
    g.init_weights(rng)
    z = torch.randn(3, 4, generator=rng)
    torch.testing.assert_close(g(z, truncation=0.5), g(z * 0.5))
    torch.testing.assert_close(g(z[:, :, None, None]), g(z))


def test_classes_are_refused():
    for kind in (DCGANGenerator, DCGANDiscriminator):
        with pytest.raises(UserError, match="c_dim"):
            kind(64, c_dim=3)
