"""A generator as one ONNX file, and ONNX Runtime as a way to draw from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.formats.agreement import Draw, difference
from graftgan.formats.extras import require
from graftgan.formats.program import as_program, quiet
from graftgan.networks.base import Generator

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LARGEST = 2_000_000_000
DIFFERENCE = "graftgan:difference"


def to_onnx(generator: Generator, facts: Mapping[str, str], option: str = "--format onnx") -> tuple[bytes, float]:
    """Writes a generator as ONNX, weights inside, and has ONNX Runtime draw the pictures that PyTorch draws.

    Args:
        generator: in evaluation mode, float32 on the CPU.
        facts: kept in the file's metadata, the difference found beside them.
        option: what the user asked for, for messages.

    Returns:
        The file's bytes, and the largest difference between its pictures and PyTorch's (see `agreement`).

    Raises:
        UserError: the packages for it are not installed, the weights are above 2 GB, or the pictures differ.
    """
    require(option, "export", "onnx", "onnxscript", "onnxruntime")
    weights = sum(tensor.nbytes for tensor in generator.state_dict().values())
    if weights > LARGEST:
        raise UserError(f"{option}: one ONNX file holds 2 GB, the weights are {weights / 1e9:.1f} GB: take safetensors")
    program = as_program(generator)
    names = ["z", "truncation", *(["c"] if generator.c_dim else [])]
    with quiet(), torch.no_grad():
        exported = torch.onnx.export(
            program, (), dynamo=True, verbose=False, input_names=names, output_names=["pictures"]
        )
    assert exported is not None
    proto = exported.model_proto
    _tidy(proto)
    worst = difference(generator, as_draw(open_session(proto.SerializeToString())), "the ONNX file")
    for key, value in {**facts, DIFFERENCE: f"{worst:.1e}"}.items():
        proto.metadata_props.add(key=key, value=value)
    return proto.SerializeToString(), worst


def _tidy(proto: Any) -> None:
    """Calls the batch N, and drops what the exporter notes of this machine: stack traces with the paths of files."""
    batch = proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for values in (proto.graph.input, proto.graph.output, proto.graph.value_info):
        for value in values:
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param == batch:
                    dim.dim_param = "N"
            del value.metadata_props[:]
    for node in (*proto.graph.node, *(node for function in proto.functions for node in function.node)):
        node.doc_string = ""
        del node.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]


def open_session(file: bytes | str) -> InferenceSession:
    """Opens an ONNX file with ONNX Runtime on the CPU: as many threads as torch has, which sleep while they wait.

    Args:
        file: its bytes or its path.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that spin while they wait take the cores from whatever else draws or trains on this machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def as_draw(session: InferenceSession) -> Draw:
    """Returns ONNX Runtime's way from latents, classes and truncation to pictures."""

    def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
        feeds = {"z": z.cpu().numpy(), "truncation": np.array([truncation], np.float32)}
        if c is not None:
            feeds["c"] = c.cpu().numpy()
        return torch.from_numpy(session.run(["pictures"], feeds)[0])

    return draw
