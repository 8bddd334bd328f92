"""The source's D as a feature extractor: heads on every block, their mean is the logit, D stands still."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.losses import penalty
from graftgan.methods.extractor import Extractor
from graftgan.networks.heads import MapHead
from graftgan.randomness import generator_at

REAL = torch.rand(4, 3, 16, 16, generator=generator_at(1, 0))


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_all_of_d_is_frozen_and_every_block_has_a_head(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), Extractor(width=4))
    assert not any(parameter.requires_grad for parameter in state.discriminator.parameters())
    assert list(state.with_discriminator["heads"]) == [str(at) for at in state.discriminator.blocks()]
    assert all(name.startswith("with_discriminator.heads") for name in state.trainable_d())


def test_the_logit_is_the_mean_of_what_the_heads_say(tiny: SimpleNamespace) -> None:
    method = Extractor(width=4)
    state = tiny.prepare(tiny.built("dcgan"), method)
    said = [1.0, 4.0]
    for value, head in zip(said, state.with_discriminator["heads"].values(), strict=True):  # type: ignore[operator]
        assert isinstance(head, MapHead)
        last = head.layers[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, value)
    assert method.score(state, REAL, None, generator_at(0, 0)).tolist() == [[2.5]] * 4


def test_the_penalty_on_gradients_reaches_the_heads_through_d(tiny: SimpleNamespace) -> None:
    method = Extractor(width=4)
    state = tiny.prepare(tiny.built("stylegan2"), method)
    steep = penalty.r1(lambda images: method.score(state, images, None, generator_at(0, 0)), REAL)
    weights = [p for p in state.trainable_d().values() if p.ndim > 1]
    assert all(gradient.any() for gradient in torch.autograd.grad(steep.mean(), weights))


def test_a_width_below_one_is_refused() -> None:
    with pytest.raises(UserError, match="width=0"):
        Extractor(width=0)
