"""The launcher answers a wrong device with one line; on one process the collectives are nothing."""

import pytest
import torch

from graftgan.devices import average_gradients, from_first, in_any, launch
from graftgan.errors import UserError


@pytest.mark.parametrize("devices", ["gpu", "cpu:", "cpu:x", "cuda:-1", "", "cpu:2:3", "-1"])
def test_an_unknown_device_is_refused(devices: str) -> None:
    with pytest.raises(UserError, match="--devices"):
        launch(devices)


@pytest.mark.parametrize("devices", ["cpu:0", "0"])
def test_at_least_one(devices: str) -> None:
    with pytest.raises(UserError, match="at least one"):
        launch(devices)


def test_more_than_the_machine_has_is_refused() -> None:
    with pytest.raises(UserError, match=r"--devices cuda:99: this machine has \d+ CUDA devices"):
        launch("cuda:99")


def test_a_missing_mps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match="no MPS device"):
        launch("mps")


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(UserError, match="--precision 16: give auto, 32 or bf16"):
        launch("cpu", "16")


def test_one_cpu_process_in_full_precision_unless_asked() -> None:
    fabric = launch("cpu")
    assert (fabric.device.type, fabric.world_size, fabric.global_rank) == ("cpu", 1, 0)
    a = torch.ones(2, 2)
    with fabric.autocast():
        assert (a @ a).dtype == torch.float32
    with launch("cpu", "bf16").autocast():
        assert (a @ a).dtype == torch.bfloat16


def test_on_one_process_the_collectives_are_nothing() -> None:
    fabric = launch("cpu")
    parameter = torch.nn.Parameter(torch.zeros(2))
    average_gradients(fabric, [parameter])
    assert parameter.grad is None
    assert from_first(fabric, lambda: 3) == 3
    assert in_any(fabric, True) and not in_any(fabric, False)
