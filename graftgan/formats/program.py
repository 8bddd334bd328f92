"""A generator as one graph of tensors: latents, truncation and classes in, pictures out. Every exporter starts here."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from graftgan.networks.base import Generator
from graftgan.networks.fronted import FrontedGenerator

CHATTY = "torch.onnx._internal.exporter._registration"


class Exported(nn.Module):
    """A generator whose truncation is a tensor, so that a graph holds it as an input and not as a number.

    `Generator.forward` takes a Python number and leaves the average style out where it is 1; a graph recorded from it
    would know that one number only. Here truncation t is always computed: t * z for networks that truncate latents,
    else w_avg + t * (w - w_avg) between mapping and synthesis. Noise is the constant one, as `graftgan sample` has it.

    Args:
        generator: in evaluation mode; kept, not copied.

    Example:
        >>> from graftgan.networks.dcgan import DCGANGenerator
        >>> g = Exported(DCGANGenerator(16, channel_base=64, channel_max=8, z_dim=4).eval())
        >>> g(torch.ones(2, 4), torch.ones(1)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, truncation: Tensor, c: Tensor | None = None) -> Tensor:
        """Pictures (N, channels, resolution, resolution) of z (N, z_dim), truncation (1,) and one-hot c (N, c_dim)."""
        return _pictures(self.generator, z, truncation, c)


def _pictures(generator: Generator, z: Tensor, truncation: Tensor, c: Tensor | None) -> Tensor:
    if isinstance(generator, FrontedGenerator):  # latents are truncated before the front, styles behind it
        inner = generator.inner
        if inner.truncates_latents:
            return inner(generator.front(z * truncation), c, noise="const")
        return _pictures(inner, generator.front(z), truncation, c)
    if generator.truncates_latents:
        return generator(z * truncation, c, noise="const")
    mapping, synthesis = generator.get_submodule("mapping"), generator.get_submodule("synthesis")
    ws, average = mapping(z, c), mapping.get_buffer("w_avg")
    return synthesis(average + truncation * (ws - average), noise="const")


def as_program(generator: Generator) -> ExportedProgram:
    """Records a generator as torch.export's program, for any batch size.

    Args:
        generator: in evaluation mode, float32 on the CPU.

    Returns:
        The program; inputs `z` (N, z_dim), `truncation` (1,) and, for a conditional network, `c` (N, c_dim). It says
        nothing of where on this machine the code lies that it was recorded from.
    """
    batch = Dim("N")
    conditional = generator.c_dim > 0
    # Two pictures: a batch of one would be taken for a constant.
    arguments = (torch.zeros(2, generator.z_dim), torch.ones(1), torch.eye(2, generator.c_dim) if conditional else None)
    shapes = {"z": {0: batch}, "truncation": {}, "c": {0: batch} if conditional else None}
    # Strict, which reads Python's code: the other way takes len(z) for a constant.
    with torch.no_grad(), quiet():
        program = torch.export.export(Exported(generator).eval(), arguments, dynamic_shapes=shapes, strict=True)
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)
    return program


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps two lines of torch's exporters off the screen that nobody here can act on."""
    log = logging.getLogger(CHATTY)
    before = log.level
    with warnings.catch_warnings():
        # torch copies its own trees by a way that it has deprecated itself.
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        log.setLevel(logging.ERROR)  # "torchvision is not installed"
        try:
            yield
        finally:
            log.setLevel(before)
