"""A generator as torch.export's program: one file that PyTorch opens without any code of ours."""

import io
import json
from collections.abc import Mapping

import torch
from torch import Tensor

from graftgan.formats.agreement import difference
from graftgan.formats.program import as_program, quiet
from graftgan.networks.base import Generator

FACTS = "graftgan.json"


def to_pt2(generator: Generator, facts: Mapping[str, str]) -> tuple[bytes, float]:
    """Writes a generator as a .pt2 archive, after its program has drawn the pictures that the generator draws.

    `torch.export.load(file).module()(z, truncation, c)` draws elsewhere; c is None without classes. What opening such a
    file may run is torch.export.load's business: graftgan writes them and never opens one, not even its own. So what
    is compared is the program that is written, not the file.

    Args:
        generator: in evaluation mode, float32 on the CPU.
        facts: kept in the archive as `graftgan.json` (`extra_files` of torch.export.load).

    Returns:
        The file's bytes, and the largest difference between its pictures and the generator's (see `agreement`).

    Raises:
        UserError: the pictures differ.
    """
    program = as_program(generator)
    recorded = program.module()

    def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
        return recorded(z, torch.tensor([truncation]), c)

    worst = difference(generator, draw, "the .pt2 file")
    told = json.dumps({**facts, "graftgan:difference": f"{worst:.1e}"}, indent=1)
    stream = io.BytesIO()
    with quiet():
        torch.export.save(program, stream, extra_files={FACTS: told})
    return stream.getvalue(), worst
