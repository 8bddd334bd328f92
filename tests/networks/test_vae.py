"""The VAE's two networks: what the contract of all networks does not say."""

import pytest
import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.vae import VAEDecoder, VAEEncoder

SIZES = {"resolution": 16, "channel_base": 256, "channel_max": 32, "z_dim": 6}


def built():
    rng = torch.Generator().manual_seed(0)
    pair = VAEDecoder(**SIZES), VAEEncoder(**SIZES)
    for network in pair:
        network.init_weights(rng)
    return pair


def pictures(count):
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_answer_of_the_encoder_is_minus_the_divergence_from_the_prior():
    _, encoder = built()
    mean, log_variance = encoder.posterior(pictures(4))
    assert mean.shape == log_variance.shape == (4, 6)
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    divergence = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(encoder(pictures(4)), -divergence.sum(dim=1, keepdim=True))


def test_training_and_evaluation_are_the_same_and_company_does_not_matter():
    decoder, encoder = built()
    z = torch.randn(5, 6, generator=torch.Generator().manual_seed(2))
    for network, given in ((decoder, z), (encoder, pictures(5))):
        together = network.train()(given)
        alone = torch.cat([network.eval()(one[None]) for one in given])
        torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)
    assert not list(decoder.buffers()) and not list(encoder.buffers())


def test_the_convolutions_are_those_of_a_dcgan():
    vae, dcgan = (NETWORKS[name].generator(**SIZES) for name in ("vae", "dcgan"))
    shapes = [
        [layer.weight.shape for layer in network.modules() if isinstance(layer, nn.ConvTranspose2d)]
        for network in (vae, dcgan)
    ]
    assert shapes[0] == shapes[1] and len(shapes[0]) == 3


@pytest.mark.parametrize(
    ("channels", "groups"), [(1, 1), (2, 1), (8, 1), (16, 2), (17, 1), (32, 4), (40, 1), (64, 8), (512, 8)]
)
def test_a_group_has_at_least_eight_channels_where_there_are_so_many(channels, groups):
    norms = [
        layer
        for layer in VAEDecoder(16, channel_base=4 * channels * 2, channel_max=channels).modules()
        if isinstance(layer, nn.GroupNorm)
    ]
    assert [(norm.num_groups, norm.num_channels) for norm in norms] == [(groups, channels)] * 2


def test_truncation_draws_latents_to_the_middle():
    decoder, _ = built()
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(2))
    assert torch.equal(decoder(z, truncation=0.5), decoder(z * 0.5))
    assert torch.equal(decoder(z, truncation=0.0)[0], decoder(z, truncation=0.0)[1])


def test_group_norm_hides_neither_contrast_nor_the_length_of_a_latent():
    decoder, encoder = built()
    z = torch.randn(3, 6, generator=torch.Generator().manual_seed(2))
    for network, given in ((decoder, z), (encoder, pictures(3))):

        def change(network=network, given=given):
            return ((network(given / 2) - network(given)).abs().mean() / network(given).std()).item()

        seen = change()
        torch.nn.init.zeros_(network.main[0].bias)
        assert seen > 0.1 and seen > 3 * change()


@pytest.mark.parametrize("kind", [VAEDecoder, VAEEncoder])
def test_classes_are_refused(kind):
    with pytest.raises(UserError, match="vae knows no classes: c_dim must be 0, not 3"):
        kind(**SIZES, c_dim=3)


def test_the_encoder_is_no_adversary_and_the_others_are():
    assert {name for name, pair in NETWORKS.items() if not pair.discriminator.adversary} == {"vae"}
