"""Cut or grown, a StyleGAN2 pair makes the picture that its old blocks make; nothing else can be cut or grown."""

from typing import Any

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FrontedGenerator
from graftgan.networks.resample import lowpass_filter, upsample
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator
from graftgan.surgery.resolution import possible, resized

Pair = tuple[StyleGAN2Generator, StyleGAN2Discriminator]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair_of(resolution: int, **changes: Any) -> Pair:
    """A random pair, every bias, noise strength and mean style drawn, too, so that nothing is lost unseen."""
    sizes: dict[str, Any] = {"channel_base": 128, "channel_max": 8, **changes}
    generator = StyleGAN2Generator(resolution, **sizes, z_dim=8, w_dim=8, mapping_layers=2)
    discriminator = StyleGAN2Discriminator(resolution, **sizes)
    for network in (generator, discriminator):
        network.init_weights(seeded(0))
        for value in network.parameters():
            if value.ndim < 2:
                value.data += 0.3 * torch.randn(value.shape, generator=seeded(1))
    generator.mapping.w_avg.normal_(generator=seeded(2))
    return generator, discriminator


def labels(count: int, classes: int) -> torch.Tensor | None:
    return torch.eye(classes)[torch.arange(count) % classes] if classes else None


@pytest.mark.parametrize("resolution", [32, 64])
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("noise", ["const", "random"])
def test_grown_it_makes_the_old_picture_enlarged_by_its_own_filter(resolution: int, classes: int, noise: Any) -> None:
    generator, discriminator = pair_of(16, c_dim=classes)
    grown = resized(generator, discriminator, resolution, seeded(3)).generator
    z, c = torch.randn(3, 8, generator=seeded(4)), labels(3, classes)
    wanted = generator(z, c, noise=noise, rng=seeded(5), truncation=0.7)
    while wanted.shape[-1] < resolution:
        wanted = upsample(wanted, lowpass_filter())
    found = grown(z, c, noise=noise, rng=seeded(5), truncation=0.7)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
    assert found.shape[-1] == resolution and found.std() > 0.05


def test_cut_it_makes_the_sum_of_colours_that_it_had_there(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, discriminator = pair_of(64)
    cut = resized(generator, discriminator, 16, seeded(3)).generator
    z = torch.randn(3, 8, generator=seeded(4))
    # by hand: the blocks of 4, 8 and 16 px, in the styles of their layers (all the same without mixing)
    w = generator.mapping(z)[:, 0]
    x, image = None, None
    for size in (4, 8, 16):
        block: Any = generator.synthesis.get_submodule(f"b{size}")
        convs = block.convs()
        x = block(x, [w] * len(convs), [conv.noise_const for conv in convs])
        colours = block.torgb(x, w)
        image = colours if image is None else upsample(image, lowpass_filter()) + colours
    assert image is not None
    torch.testing.assert_close(cut(z, noise="const"), image, rtol=0, atol=1e-6)
    assert torch.equal(cut.mapping.w_avg, generator.mapping.w_avg) and cut.num_ws == 6


def test_it_says_what_it_dropped_and_drew_and_keeps_the_rest_to_the_bit() -> None:
    generator, discriminator = pair_of(32)
    cut, grown = (resized(generator, discriminator, size, seeded(3)) for size in (16, 64))
    assert cut.in_words() == "dropped G synthesis.b32, D b32; drawn D b16.fromrgb"
    assert grown.in_words() == "dropped D b32.fromrgb; drawn G synthesis.b64, D b64"
    assert resized(generator, None, 16, seeded(3)).in_words() == "dropped G synthesis.b32"
    for made in (cut, grown):
        assert made.discriminator is not None
        drawn = [name.split(" ") for name in made.drawn]
        for player, old, new in (("G", generator, made.generator), ("D", discriminator, made.discriminator)):
            known = old.state_dict()
            fresh = tuple(name for owner, name in drawn if owner == player)
            for name, tensor in new.state_dict().items():
                assert name.startswith(fresh) != (name in known), name
                assert name not in known or torch.equal(tensor, known[name]), name
    assert grown.discriminator is not None and cut.discriminator is not None
    assert grown.discriminator(grown.generator(torch.ones(2, 8), noise="none")).shape == (2, 1)
    assert cut.discriminator(torch.zeros(2, 3, 16, 16)).shape == (2, 1)
    assert any(p.any() for p in grown.discriminator.get_submodule("b64.conv0").parameters())
    weight = "synthesis.b64.conv0.weight"  # as wide as the rule says: 128 / 32 = 4 in, 128 / 64 = 2 out
    assert grown.generator.get_parameter(weight).shape[:2] == (2, 4)


def test_new_blocks_learn_although_their_colours_start_at_zero() -> None:
    generator, _ = pair_of(16)
    grown = resized(generator, None, 32, seeded(3)).generator.train()
    optimiser = torch.optim.SGD(grown.parameters(), 0.1)
    before = {name: value.clone() for name, value in grown.named_parameters() if ".b32." in name}
    for _ in range(2):
        optimiser.zero_grad()
        grown(torch.ones(2, 8), rng=seeded(1)).square().mean().backward()
        optimiser.step()
    for name, old in before.items():
        assert not torch.equal(old, grown.get_parameter(name)), name


def test_the_same_generator_draws_the_same_and_another_draws_others() -> None:
    generator, discriminator = pair_of(16)
    one, same, other = (resized(generator, discriminator, 32, seeded(seed)).generator for seed in (3, 3, 4))
    name = "synthesis.b32.conv0.weight"
    assert torch.equal(one.get_parameter(name), same.get_parameter(name))
    assert not torch.equal(one.get_parameter(name), other.get_parameter(name))


def test_what_a_pair_can_be() -> None:
    generator, discriminator = pair_of(32)
    assert possible(generator, discriminator) == [16, 32, 64, 128]
    narrow, thin = pair_of(32, channel_base=64)
    assert possible(narrow) == [16, 32, 64] and possible(generator, thin) == [16, 32, 64]
    assert possible(NETWORKS["dcgan"].generator(32, channel_base=64, channel_max=8)) == [32]


@pytest.mark.parametrize("resolution", [8, 48, 256])
def test_a_resolution_out_of_reach_is_refused_with_those_that_are_not(resolution: int) -> None:
    generator, discriminator = pair_of(32)
    with pytest.raises(UserError, match="possible: 16, 32, 64, 128$") as refused:
        resized(generator, discriminator, resolution, seeded(0))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("network", ["dcgan", "vae", "fronted"])
def test_a_network_whose_last_block_makes_the_colours_is_refused(network: str) -> None:
    generator, _ = pair_of(16)
    if network != "fronted":
        generator = NETWORKS[network].generator(16, channel_base=64, channel_max=8)  # type: ignore[assignment]
    else:
        generator = FrontedGenerator(generator, 0)  # type: ignore[assignment]
    why = "in front of its latents" if network == "fronted" else "its own resolution, so that .* is not sound"
    with pytest.raises(UserError, match=f"{why}.*; possible: 16$"):
        resized(generator, None, 32, seeded(0))
