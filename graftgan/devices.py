"""One device or many under one launcher: Lightning Fabric starts the processes, places tensors, sums gradients."""

import atexit
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from torch import nn

from graftgan.errors import GraftganError, UserError

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}
Answer = TypeVar("Answer")


def launch(devices: str = "auto", precision: str = "auto") -> Fabric:
    """Starts the processes of a run; in each, returns the handle that knows device, rank and world size.

    Fabric was chosen over Accelerate because it leaves modules unwrapped when asked to: our steps differentiate
    twice (R1, path length) and call parts of a network, which wrapped modules get in the way of. Gradients are
    averaged by `average_gradients`, all of an optimiser's at once. Under `torchrun` its
    own numbers of processes and nodes count, not the one given here.

    Args:
        devices: "auto" (CUDA, else MPS, else one CPU process), or a kind and count: "cpu", "cpu:2", "cuda:4", "2".
        precision: "auto" (bfloat16 autocast on CUDA of compute capability 8 and up, else float32), "32", "bf16".

    Returns:
        A launched `Fabric`.

    Raises:
        UserError: an unknown device or precision, or one that this machine lacks.
    """
    match = re.fullmatch(r"(auto|cpu|cuda|mps)(?::(\d+))?|(\d+)", devices)
    if match is None:
        raise UserError(f"--devices {devices}: give auto, cpu, cpu:2, cuda, cuda:4, mps or a number")
    kind, count = match[1] or "auto", int(match[2] or match[3] or 1)
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    nodes = 1
    if {"WORLD_SIZE", "LOCAL_WORLD_SIZE"} <= os.environ.keys():  # torchrun started us and knows how many we are
        count = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // count
    if count < 1:
        raise UserError(f"--devices {devices}: at least one device")
    if kind == "cuda" and torch.cuda.device_count() < count:
        raise UserError(f"--devices {devices}: this machine has {torch.cuda.device_count()} CUDA devices")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UserError(f"--devices {devices}: this machine has no MPS device")
    if precision == "auto":
        precision = "bf16" if kind == "cuda" and torch.cuda.get_device_capability()[0] >= 8 else "32"
    if precision not in PRECISIONS:
        raise UserError(f"--precision {precision}: give auto, {' or '.join(PRECISIONS)}")
    strategy = "ddp" if count * nodes > 1 else "auto"
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if count * nodes > 1:
        warnings.filterwarnings("ignore", message="torch.distributed.nn.functional", module="lightning_fabric")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Fabric warns of loaders and GPUs that we do not ask it for
        fabric = Fabric(
            accelerator=kind,
            devices=count,
            num_nodes=nodes,
            precision=PRECISIONS[precision],  # type: ignore[arg-type]
            strategy=strategy,
        )
        fabric.launch()
    if count * nodes > 1:
        atexit.register(leave)
    return fabric


def leave() -> None:
    """Ends this process's part in the group: threads still alive when Python ends would abort it."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def from_first(fabric: Fabric, ask: Callable[[], Answer]) -> Answer:
    """Lets the first process do what only one may do, and tells its answer to all; they wait for it.

    Args:
        fabric: from `launch`; every process calls this at the same point.
        ask: run in the first process only.

    Returns:
        What `ask` returned there.

    Raises:
        GraftganError: what `ask` raised there, in every process.
    """
    if fabric.world_size == 1:
        return ask()
    answer, refusal = None, None
    if fabric.global_rank == 0:
        try:
            answer = ask()
        except GraftganError as error:
            refusal = error
    answer, refusal = fabric.broadcast((answer, refusal))
    if refusal is not None:
        raise refusal
    return answer  # type: ignore[return-value]


def in_any(fabric: Fabric, here: bool) -> bool:
    """Returns whether it is so in any process; every process calls this at the same point."""
    if fabric.world_size == 1:
        return here
    return bool(torch.as_tensor(fabric.all_reduce(torch.tensor(float(here)), reduce_op="sum")) > 0)


def average_gradients(fabric: Fabric, parameters: Iterable[nn.Parameter]) -> None:
    """Averages gradients over all processes, in place, all at once.

    Args:
        fabric: from `launch`.
        parameters: those of one optimiser, the same list in every process; a missing gradient counts as zero.
    """
    if fabric.world_size == 1:
        return
    parameters = list(parameters)
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([p.grad.reshape(-1) for p in parameters if p.grad is not None])
    flat = fabric.all_reduce(flat, reduce_op="mean")  # type: ignore[assignment]
    offset = 0
    for parameter in parameters:
        assert parameter.grad is not None
        size = parameter.grad.numel()
        parameter.grad.copy_(flat[offset : offset + size].view_as(parameter.grad))
        offset += size
