"""Contrast: features nearer to their own counterpart than to those of other pictures."""

import torch
from torch import Tensor
from torch.nn import functional as F

from graftgan.losses.cosine import cosines


def contrast(anchor: Tensor, positive: Tensor, negative: Tensor, temperature: float = 0.07) -> Tensor:
    """How badly an anchor tells its own counterpart from strangers.

    Source: van den Oord et al. 2018, InfoNCE, arXiv 1807.03748, equation 4, on cosines.
    Formula: -log(e(a, p) / (e(a, p) + sum over m of e(a, n_m))), e(x, y) = exp(cos(x, y) / temperature).

    Args:
        anchor: features (N, ...), flattened.
        positive: the counterpart of each (N, ...).
        negative: strangers to all of them (M, ...).
        temperature: above 0; 0.07 as usual.

    Returns:
        One value an anchor (N,), above 0.

    Example:
        >>> a, n = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]])
        >>> round(contrast(a, a, n, temperature=1.0).item(), 4)  # log((e + 2) / e)
        0.5514
    """
    own = cosines(anchor.flatten(1)[:, None], positive.flatten(1)[:, None])[:, 0]
    strangers = cosines(anchor.flatten(1), negative.flatten(1))
    return _first(torch.cat([own, strangers], 1) / temperature)


def paired_contrast(adapted: Tensor, source: Tensor, temperature: float = 0.07) -> Tensor:
    """How badly an adapted picture tells its own source picture from those of other latents.

    `contrast` with the batch's other sources as strangers; see there.

    Args:
        adapted: features of the adapted network (N, ...), flattened; the anchors.
        source: features of the source for the same latents (N, ...): row i is anchor i's counterpart.
        temperature: above 0.

    Returns:
        One value an anchor (N,); 0 for a single one.

    Example:
        >>> rows = torch.eye(3)
        >>> torch.allclose(paired_contrast(rows, rows, 1.0), contrast(rows[:1], rows[:1], rows[1:], 1.0).expand(3))
        True
    """
    logits = cosines(adapted.flatten(1), source.flatten(1)) / temperature
    return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device), reduction="none")


def _first(logits: Tensor) -> Tensor:
    return logits.logsumexp(1) - logits[:, 0]
