"""When filters are ranked, that held ones stand still and are weighed all the same, and that removal is for ever."""

from types import SimpleNamespace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.methods.rick import Rick, gates_in
from graftgan.state import State
from graftgan.surgery.filter_gates import kernel_of
from graftgan.surgery.merge import merged


def ranked_at(tiny: SimpleNamespace, method: Rick, steps: int) -> list[int]:
    """The steps after which which filters are held differs."""
    state = tiny.prepare(tiny.built("dcgan"), method)
    found, before = [], torch.cat([gate.held for gate in gates_in(state, "g")]).clone()
    for step in range(1, steps + 1):
        tiny.advance(state, method, 1)
        held = torch.cat([gate.held for gate in gates_in(state, "g")]).clone()
        if not torch.equal(held, before):
            found.append(step)
        before = held
    return found


def test_filters_are_ranked_after_the_warm_up_and_then_every_so_many_steps(tiny: SimpleNamespace) -> None:
    assert ranked_at(tiny, Rick(warm_up=3, every=2, prune=0.0), 6) == [3, 5]


def test_gradients_of_the_last_interval_alone_are_weighed(tiny: SimpleNamespace) -> None:
    method = Rick(warm_up=3, every=2)
    state = tiny.prepare(tiny.built("dcgan"), method)
    gate = gates_in(state, "d")[0]
    tiny.advance(state, method, 1)
    assert not gate.fisher.any()
    tiny.advance(state, method, 1)
    gradient = kernel_of(state.discriminator, gate).grad
    assert gradient is not None
    assert torch.allclose(gate.fisher, gradient.flatten(1).square().mean(1))


def test_held_filters_stand_still_and_are_weighed_and_the_others_move(tiny: SimpleNamespace) -> None:
    method = Rick(warm_up=1, every=5)
    state = tiny.prepare(tiny.built("dcgan"), method)
    tiny.advance(state, method, 1)
    for network, player in ((state.generator, "g"), (state.discriminator, "d")):
        for gate in gates_in(state, player):
            # rows are filters, whatever the kind of convolution
            gate.before = kernel_of(network, gate).detach().movedim(gate.dim, 0).flatten(1).clone()  # type: ignore[assignment]
    tiny.advance(state, method, 3)
    gates = [(state.generator, gate) for gate in gates_in(state, "g")]
    assert any(gate.held.any() for _, gate in gates)
    for network, gate in gates + [(state.discriminator, gate) for gate in gates_in(state, "d")]:
        moved = (kernel_of(network, gate).detach().movedim(gate.dim, 0).flatten(1) != gate.before).any(1)
        assert torch.equal(moved, ~(gate.held | gate.pruned))
        assert (gate.fisher[gate.held] > 0).all()


def pruned_kernels(state: State) -> list[torch.Tensor]:
    plain = merged(state.generator)
    gates = gates_in(state, "g")
    return [kernel_of(plain, gate).detach().movedim(gate.dim, 0)[gate.pruned] for gate in gates]


def test_removed_filters_stay_zero_in_what_the_user_gets_and_grow_in_number(tiny: SimpleNamespace) -> None:
    method = Rick(warm_up=1, every=2, prune=0.1)
    state = tiny.prepare(tiny.built("dcgan"), method)
    tiny.advance(state, method, 2)
    first = pruned_kernels(state)
    tiny.advance(state, method, 3)
    later = pruned_kernels(state)
    assert sum(map(len, later)) > sum(map(len, first)) > 0
    assert not any(kernel.any() for kernel in first + later)


def test_a_filter_that_is_let_go_moves_by_its_own_next_gradient_only() -> None:
    # beta1 = 0, as every Adam of a run: gradients while it was held leave no momentum behind
    parameter = torch.nn.Parameter(torch.ones(2))
    adam = torch.optim.Adam([parameter], 0.1, (0.0, 0.99))
    for gradient in ([3.0, 3.0], [0.0, 3.0]):
        before = parameter.detach().clone()
        parameter.grad = torch.tensor(gradient)
        adam.step()
    assert (parameter != before).tolist() == [False, True]


def test_the_average_loses_removed_filters_at_once(tiny: SimpleNamespace) -> None:
    method = Rick(warm_up=1, every=1, prune=0.1)
    state = tiny.prepare(tiny.built("dcgan"), method)
    state.average = merged(state.generator)
    tiny.advance(state, method, 1)
    for gate in gates_in(state, "g"):
        filters = kernel_of(state.average, gate).detach().movedim(gate.dim, 0)
        assert not filters[gate.pruned].any() and filters[~gate.pruned].any()
    assert any(gate.pruned.any() for gate in gates_in(state, "g"))


def test_findings_are_the_shares_of_each_layer(tiny: SimpleNamespace) -> None:
    method = Rick()
    state = tiny.prepare(tiny.built("dcgan"), method)
    first, second = gates_in(state, "g")
    first.held[:4] = True
    assert {one.what for one in method.findings(state)} == {"filters held as important"}
    second.pruned[0] = True
    found = {(one.layer, one.what): one.value for one in method.findings(state)}
    assert found[first.name, "filters held as important"] == 4 / len(first.held)
    assert found[second.name, "filters set to zero"] == 1 / len(second.pruned)
    assert found[first.name, "filters set to zero"] == found[second.name, "filters held as important"] == 0


@pytest.mark.parametrize(
    "settings", [{"quantile": 1.1}, {"prune": -0.1}, {"prune": 0.4, "quantile": 0.3}, {"every": 0}, {"warm_up": -1}]
)
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        Rick(**settings)  # type: ignore[arg-type]
