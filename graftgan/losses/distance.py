"""Distance consistency: which pictures of a batch are alike stays as it was in the source."""

import torch
from torch import Tensor

from graftgan.losses.cosine import cosines

DIRECTIONS = ("source-adapted", "adapted-source")
"""KL(source || adapted), and KL(adapted || source)."""


def distance_consistency(adapted: Tensor, source: Tensor, direction: str = "source-adapted") -> Tensor:
    """How differently a picture is related to the rest of its batch than the source's picture was.

    Source: Ojha et al. 2021, arXiv 2104.06820, equations 2 to 4. The paper writes KL(adapted || source), its code
    computes KL(source || adapted), which is the default here.

    Formula: p_ij = softmax over j != i of cos(f(z_i), f(z_j)); value i = sum over j of p_ij log(p_ij / q_ij), with p
    the source's and q the adapted one's. For small changes that is half the variance, over j, of the changes of the
    cosines; so its size hardly depends on how many pictures the batch has.

    Args:
        adapted: a feature map of the adapted generator (N, ...), flattened; a batch of less than 3 says nothing.
        source: the same of the source, for the same latents.
        direction: one of `DIRECTIONS`.

    Returns:
        One value a picture (N,), not negative, 0 where the relations are the source's.

    Example:
        >>> line, turned = torch.eye(3), torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 2.0], [2.0, 0.0, 0.0]])
        >>> distance_consistency(turned, line).tolist()
        [0.0, 0.0, 0.0]
    """
    changed, kept = _log_relations(adapted.flatten(1)), _log_relations(source.flatten(1))
    if direction == "adapted-source":
        changed, kept = kept, changed
    return (kept.exp() * (kept - changed)).sum(1)


def _log_relations(features: Tensor) -> Tensor:
    """Return log p (N, N - 1): how alike each row is to the others."""
    count = len(features)
    others = ~torch.eye(count, dtype=torch.bool, device=features.device)
    return cosines(features, features)[others].view(count, max(count - 1, 0)).log_softmax(1)
