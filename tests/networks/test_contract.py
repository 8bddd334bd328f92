"""What the house asks of every architecture, run over all of them."""

import json

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS

SMALL = dict(resolution=32, channel_base=128, channel_max=8)
NAMES = sorted(NETWORKS)


def build(name, seed=0, **options):
    pair = NETWORKS[name].generator(**SMALL | options), NETWORKS[name].discriminator(**SMALL | options)
    rng = torch.Generator().manual_seed(seed)
    for network in pair:
        network.init_weights(rng)
    return pair


def latents(g, count=3):
    return torch.randn(count, g.z_dim, generator=torch.Generator().manual_seed(1))


def rng():
    return torch.Generator().manual_seed(2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(name, channels):
    g, d = build(name, channels=channels)
    images = g(latents(g, 5), rng=rng())
    assert images.shape == (5, channels, 32, 32) and images.dtype == torch.float32
    assert d(images).shape == (5, 1)
    assert (g.resolution, g.channels, g.c_dim) == (d.resolution, d.channels, d.c_dim) == (32, channels, 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_every_weight_and_nothing_else_does(name):
    state = torch.random.get_rng_state()
    one, same, other = (build(name, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    for a, b, c in zip(one, same, other, strict=True):
        assert all(torch.equal(t, b.state_dict()[n]) for n, t in a.state_dict().items())
        weights = [n for n, p in a.named_parameters() if p.ndim >= 2]
        assert weights and all(not torch.equal(a.state_dict()[n], c.state_dict()[n]) for n in weights)


@pytest.mark.parametrize("name", NAMES)
def test_config_and_weights_rebuild_the_network(name):
    g, d = build(name)
    images = g(latents(g), noise="const")
    for network, arguments in ((g, dict(noise="const")), (d, {})):
        network.eval()
        again = type(network)(**json.loads(json.dumps(network.config()))).eval()
        again.load_state_dict(network.state_dict(), strict=True)
        given = images if network is d else latents(g)
        assert torch.equal(again(given, **arguments), network(given, **arguments))
        assert again.config() == network.config()


@pytest.mark.parametrize("name", NAMES)
def test_blocks_can_be_addressed_and_tapped(name):
    g, d = build(name)
    assert list(g.blocks()) == [4, 8, 16, 32]
    assert list(d.blocks())[:3] == [32, 16, 8]
    tapped = {}
    for network in (g, d):
        for size, names in network.blocks().items():
            module = network.get_submodule(names[-1])
            module.register_forward_hook(
                lambda module, args, output, key=(network, size): tapped.update({key: (output, output.clone())})
            )
    d(g(latents(g), rng=rng()))
    for size in g.blocks():
        assert tapped[g, size][0].shape[2:] == (size, size)
    for size in (32, 16, 8):
        assert tapped[d, size][0].shape[2:] == (size // 2, size // 2)
    # Nothing downstream may write into a tapped feature map.
    assert all(torch.equal(output, copy) for output, copy in tapped.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_is_in_two_blocks(name):
    for network in build(name):
        owned = [
            id(p)
            for names in network.blocks().values()
            for part in names
            for p in network.get_submodule(part).parameters()
        ]
        assert owned and len(owned) == len(set(owned))


@pytest.mark.parametrize("name", NAMES)
def test_channels_last_equals_contiguous(name):
    g, d = (network.eval() for network in build(name))
    images = g(latents(g), noise="const")
    logits = d(images)
    for network in (g, d):
        network.to(memory_format=torch.channels_last)
    last = g(latents(g), noise="const")
    torch.testing.assert_close(last, images, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(d(last.contiguous(memory_format=torch.channels_last)), logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_learns(name):
    g, d = build(name)
    d(g(latents(g, 4), rng=rng())).square().sum().backward()
    for network in (g, d):
        still = [
            n
            for n, p in network.named_parameters()
            if p.grad is None or not p.grad.isfinite().all() or not p.grad.any()
        ]
        assert not still


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resolution", [0, 8, 48, 2048])
def test_other_sizes_are_refused(name, resolution):
    for kind in (NETWORKS[name].generator, NETWORKS[name].discriminator):
        with pytest.raises(UserError, match="resolution"):
            kind(resolution=resolution, channel_base=128, channel_max=8)


@pytest.mark.parametrize("name", NAMES)
def test_every_size_works(name):
    for resolution in (16, 64, 1024):
        pair = NETWORKS[name].generator, NETWORKS[name].discriminator
        g, d = (kind(resolution=resolution, channel_base=2 * resolution, channel_max=2) for kind in pair)
        with torch.no_grad():
            assert d.eval()(g.eval()(latents(g, 1), noise="const")).shape == (1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_too_few_channels_are_refused(name):
    with pytest.raises(UserError, match="channel"):
        NETWORKS[name].generator(resolution=64, channel_base=8, channel_max=8)
