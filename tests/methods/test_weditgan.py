"""What WeditGAN changes: a few offsets, behind which the source's generator stays as it was."""

from types import SimpleNamespace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.methods.weditgan import WeditGAN
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged


@pytest.mark.parametrize(("network", "numbers"), [("stylegan2", 6 * 8), ("dcgan", 8)])
def test_a_few_numbers_of_g_train(network: str, numbers: int, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), WeditGAN())
    assert sum(parameter.numel() for parameter in state.trainable_g().values()) == numbers


def test_a_dcgan_is_the_source_at_latents_moved_by_a_constant(tiny: SimpleNamespace) -> None:
    method = WeditGAN()
    state = tiny.prepare(tiny.built("dcgan"), method)
    tiny.advance(state, method, 3)
    assert isinstance(state.generator, FrontedGenerator)
    offset = state.generator.front.offset.detach()
    z = torch.randn(3, 8, generator=generator_at(5, 0))
    assert offset.abs().min() > 0
    expected = tiny.built("dcgan").generator.eval()(z + offset)  # as drawn: statistics of batch norm are the source's
    assert torch.equal(state.generator(z), expected)


def test_an_adapted_stylegan2_merges_into_the_source_but_for_affine_biases(tiny: SimpleNamespace) -> None:
    method = WeditGAN()
    state = tiny.prepare(tiny.built("stylegan2"), method)
    tiny.advance(state, method, 2)
    source, plain = dict(tiny.built("stylegan2").generator.named_parameters()), merged(state.generator)
    changed = {name for name, value in plain.named_parameters() if not torch.equal(value, source[name])}
    assert changed == {name for name in source if name.endswith("affine.bias")}


def test_the_offsets_learn_at_their_own_pace() -> None:
    assert WeditGAN(pace=3.0).rates() == (3.0, 1.0)
    with pytest.raises(UserError, match="pace=0"):
        WeditGAN(pace=0.0)
