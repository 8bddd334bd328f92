"""DCL's two contrasts: who is compared with whom, in which network, and whom they move."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graftgan.errors import UserError
from graftgan.methods.base import Turn
from graftgan.methods.dcl import DCL, seen
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.taps import tapped

METHOD = DCL(generator_weight=3.0, discriminator_weight=0.25, temperature=0.5)


def turn(state: State, tiny: SimpleNamespace) -> Turn:
    """Four fakes and four reals, in G's turn or in D's."""
    z = torch.randn(4, 8, generator=generator_at(4, 0))
    with tapped(state.generator, METHOD.taps(state)) as maps:
        fakes = state.generator(z, noise="const")
    return Turn(z, None, fakes, fakes, tiny.batch_at(0)[0], None, generator_at(4, 2), maps)


def likeness(one: Tensor, other: Tensor) -> Tensor:
    """exp(cosine / temperature) of each of one with each of the other."""
    pairs = F.cosine_similarity(one.flatten(1)[:, None], other.flatten(1)[None], dim=2)
    return (pairs / 0.5).exp()


def test_at_the_start_each_picture_is_its_own_counterpart(tiny: SimpleNamespace) -> None:
    for network in ("dcgan", "stylegan2"):
        state = tiny.prepare(tiny.built(network), METHOD)
        now = turn(state, tiny)
        # Equal to the source: the anchor's own likeness is exp(1 / temperature).
        values = [likeness(m, m).diagonal() / likeness(m, m).sum(1) for m in now.maps.values()]
        assert all(torch.allclose(likeness(m, m).diagonal(), torch.tensor(2.0).exp()) for m in now.maps.values())
        expected = -3 * torch.stack([value.log().mean() for value in values]).mean()
        torch.testing.assert_close(METHOD.generator_terms(state, now)["contrast_g"], expected)


def test_ds_contrast_is_between_source_d_and_reals(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), METHOD)
    tiny.advance(state, METHOD, 1)
    now = turn(state, tiny)
    fakes, reals = seen(state.discriminator, now.fakes, None), seen(state.discriminator, now.real, None)
    source = seen(state.fixed["source_discriminator"], now.fakes, None)
    assert set(fakes) == {16, 8}
    losses = []
    for at in fakes:
        own = likeness(fakes[at], source[at]).diagonal()
        losses.append(-(own / (own + likeness(fakes[at], reals[at]).sum(1))).log().mean())
    found = METHOD.discriminator_terms(state, now)["contrast_d"]
    torch.testing.assert_close(found, 0.25 * torch.stack(losses).mean())


def test_the_copies_stay_bit_identical(tiny: SimpleNamespace) -> None:
    for network in ("dcgan", "stylegan2"):
        state = tiny.prepare(tiny.built(network), METHOD)
        before = {name: tensor.clone() for name, tensor in state.fixed.state_dict().items()}
        assert {name.split(".")[0] for name in before} == {"source", "source_discriminator"}
        tiny.advance(state, METHOD, 2)
        assert all(torch.equal(before[name], tensor) for name, tensor in state.fixed.state_dict().items())


def test_weights_of_zero_leave_plain_fine_tuning(tiny: SimpleNamespace) -> None:
    method = DCL(generator_weight=0.0, discriminator_weight=0.0)
    (losses,) = tiny.advance(tiny.prepare(tiny.built("dcgan"), method), method, 1)
    assert not {"contrast_g", "contrast_d"} & set(losses)


@pytest.mark.parametrize("settings", [{"temperature": 0.0}, {"generator_weight": -1.0}, {"discriminator_weight": -1.0}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        DCL(**settings)
