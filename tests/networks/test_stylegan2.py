"""StyleGAN2 against NVIDIA's values (tests/golden/stylegan2), and what training asks of it."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from graftgan.errors import UserError
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "stylegan2").glob("*.safetensors"))
SMALL = dict(resolution=16, channel_base=64, channel_max=8)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def load(path):
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        settings = json.loads(file.metadata()["settings"])
    shared = dict(
        resolution=settings["img_resolution"],
        channel_base=settings["channel_base"],
        channel_max=settings["channel_max"],
        channels=settings["img_channels"],
        c_dim=settings["c_dim"],
    )
    g = StyleGAN2Generator(
        **shared, z_dim=settings["z_dim"], w_dim=settings["w_dim"], mapping_layers=settings["mapping_layers"]
    )
    d = StyleGAN2Discriminator(**shared, mbstd_group=settings["mbstd_group_size"])
    for network, prefix in ((g, "G."), (d, "D.")):
        weights = {name[2:]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        network.load_state_dict(weights, strict=True)
        assert {name: t.shape for name, t in network.state_dict().items()} == {n: t.shape for n, t in weights.items()}
    return g, d, tensors


def small(rng, c_dim=0):
    g = StyleGAN2Generator(**SMALL, c_dim=c_dim, z_dim=6, w_dim=8, mapping_layers=2)
    d = StyleGAN2Discriminator(**SMALL, c_dim=c_dim)
    g.init_weights(rng)
    d.init_weights(rng)
    return g, d


def test_there_are_golden_files():
    assert len(GOLDEN) == 3


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_values_are_those_of_nvidias_networks(path, layout):
    g, d, tensors = load(path)
    g.to(memory_format=layout)
    d.to(memory_format=layout)
    z, c = tensors["in.z"], tensors.get("in.c")
    image = tensors["out.image_noise_const"]
    with torch.no_grad():
        results = {
            "ws": g.mapping(z, c),
            "image_noise_const": g(z, c, noise="const"),
            "image_noise_none": g(z, c, noise="none"),
            "image_trunc0.7_noise_const": g(z, c, truncation=0.7, noise="const"),
            "logits_of_image_noise_const": d(image.contiguous(memory_format=layout), c),
        }
    for name, result in results.items():
        torch.testing.assert_close(result, tensors[f"out.{name}"], rtol=0, atol=1e-4)


def test_number_of_weights_is_that_of_the_published_network():
    # 256 px with channel_base 16384 and 8 mapping layers: 24.8 M without buffers, by NVIDIA's own count.
    g = StyleGAN2Generator(256)
    assert sum(p.numel() for p in g.parameters()) == pytest.approx(24.8e6, rel=0.005)
    assert g.num_ws == 14


def test_random_noise_comes_from_the_generator_only(rng):
    g, _ = small(rng)
    z = torch.randn(2, 6, generator=rng)
    with torch.no_grad():
        for block in (g.synthesis.b8, g.synthesis.b16):
            block.conv1.noise_strength.fill_(0.5)
    first, again, other = (g(z, rng=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    with pytest.raises(UserError, match="rng"):
        g(z)
    with pytest.raises(UserError, match="noise"):
        g(z, noise="loud")


def test_forward_leaves_the_average_style_alone_and_observe_moves_it(rng):
    g, _ = small(rng)
    z = torch.randn(32, 6, generator=rng)
    before = {name: tensor.clone() for name, tensor in g.state_dict().items()}
    g.train()(z, rng=rng)
    assert all(torch.equal(tensor, before[name]) for name, tensor in g.state_dict().items())
    g.observe(z)
    expected = 0.005 * g.mapping(z)[:, 0].mean(dim=0)
    torch.testing.assert_close(g.mapping.w_avg, expected)
    changed = [name for name, tensor in g.state_dict().items() if not torch.equal(tensor, before[name])]
    assert changed == ["mapping.w_avg"]


def test_truncation_zero_gives_every_latent_the_average_picture(rng):
    g, _ = small(rng)
    g.observe(torch.randn(8, 6, generator=rng))
    images = g(torch.randn(2, 6, generator=rng), truncation=0.0, noise="const")
    torch.testing.assert_close(images[0], images[1])


def test_second_derivatives_reach_every_weight(rng):
    g, d = (network.double() for network in small(rng))
    images = torch.randn(4, 3, 16, 16, generator=rng, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(d(images).sum(), images, create_graph=True)
    gradient.square().sum().backward()
    # Biases stay out: they only move the kinks of the leaky ReLU.
    weights = {name: p for name, p in d.named_parameters() if name.endswith("weight")}
    assert weights and all(p.grad is not None and p.grad.any() for p in weights.values())
    z = torch.randn(2, 6, generator=rng, dtype=torch.float64)
    images, ws = g.with_codes(z, rng=rng)
    (jacobian,) = torch.autograd.grad((images * torch.randn(images.shape, generator=rng)).sum(), ws, create_graph=True)
    jacobian.square().sum().backward()
    assert g.synthesis.b16.conv0.weight.grad.any() and g.mapping.fc0.weight.grad.any()


def test_the_penalty_gradient_is_right_in_numbers(rng):
    d = small(rng)[1].double()
    images = torch.randn(2, 3, 16, 16, generator=rng, dtype=torch.float64)
    weight = d.b16.conv1.weight

    def penalty():
        x = images.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
        return gradient.square().sum()

    (analytic,) = torch.autograd.grad(penalty(), weight)
    with torch.no_grad():
        direction = torch.randn(weight.shape, generator=rng, dtype=torch.float64)
    values = []
    for step in (1e-5, -2e-5):
        weight.data += step * direction
        values.append(penalty().item())
    assert (values[0] - values[1]) / 2e-5 == pytest.approx((analytic * direction).sum().item(), rel=1e-4)


def test_codes_can_be_differentiated_with_the_mapping_frozen(rng):
    g, _ = small(rng)
    g.mapping.requires_grad_(False)
    images, ws = g.with_codes(torch.randn(2, 6, generator=rng), rng=rng)
    assert torch.autograd.grad(images.sum(), ws)[0].any()


def test_labels_change_picture_and_logit_and_are_checked(rng):
    g, d = small(rng, c_dim=3)
    z = torch.randn(2, 6, generator=rng)
    one, two = (torch.eye(3)[[index, index]] for index in (0, 1))
    images = g(z, one, noise="const")
    assert not torch.allclose(images, g(z, two, noise="const"))
    assert not torch.allclose(d(images, one), d(images, two))
    for wrong in (None, torch.eye(2), torch.eye(3)):
        with pytest.raises(UserError, match="3 classes"):
            g(z, wrong, noise="const")
        with pytest.raises(UserError, match="3 classes"):
            d(images, wrong)


def test_clamp_limits_the_features(rng):
    g = StyleGAN2Generator(**SMALL, z_dim=6, w_dim=8, mapping_layers=2, conv_clamp=0.1)
    g.init_weights(rng)
    features = []
    g.synthesis.b16.register_forward_hook(lambda module, args, output: features.append(output))
    g(torch.randn(2, 6, generator=rng), noise="const")
    assert features[0].abs().max().item() == pytest.approx(0.1)
    assert g.config()["conv_clamp"] == 0.1


def test_nothing_of_ours_is_left_in_a_graph_without_gradients(rng):
    g, _ = small(rng)
    with torch.no_grad():
        exported = torch.export.export(g.synthesis, (g.mapping(torch.zeros(1, 6)),), {"noise": "const"})
    operations = {node.op for node in exported.graph.nodes}
    assert operations <= {"placeholder", "call_function", "output"}
    assert not any("autograd" in str(node.target) for node in exported.graph.nodes)
