"""Random numbers that are there only with probability p, and the product of the matrices made of them."""

import torch
from torch import Tensor


def gated(draw: Tensor, p: Tensor, rng: torch.Generator) -> Tensor:
    """Keep each number with probability p, put 0 (no change) in place of the others.

    Karras et al. 2020, arXiv 2006.06676, section 2.2 and appendix B: each transformation is applied with
    probability p, or else skipped, image by image.

    Args:
        draw: numbers on the CPU, (N, ...): one row an image.
        p: scalar tensor in [0, 1].
        rng: CPU generator; one number a row.

    Returns:
        Like `draw`, on the device of `p`; a row is kept or put to 0 as a whole.

    Example:
        >>> gated(torch.ones(3), torch.tensor(0.0), torch.Generator().manual_seed(0)).tolist()
        [0.0, 0.0, 0.0]
    """
    level = torch.rand(len(draw), *[1] * (draw.ndim - 1), generator=rng).to(p.device)
    return draw.to(p.device) * (level < p)


def compose(after: Tensor, before: Tensor) -> Tensor:
    """Matrix product, image by image, in full precision.

    Args:
        after: (N, n, n), applied second.
        before: (N, n, n), applied first.

    Returns:
        (N, n, n). Multiplied and summed by hand, so that a reduced precision of matrix units (TF32) never
        moves pixels; the matrices are tiny.

    Example:
        >>> compose(torch.eye(2)[None], 3 * torch.eye(2)[None])[0].tolist()
        [[3.0, 0.0], [0.0, 3.0]]
    """
    return (after.unsqueeze(-1) * before.unsqueeze(-3)).sum(-2)
