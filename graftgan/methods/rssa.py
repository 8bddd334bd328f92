"""Relaxed spatial structural alignment: the places of an adapted picture are related as those of its source picture."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.losses.correlation import cross_consistency, self_consistency
from graftgan.methods.base import Preparation, Turn
from graftgan.methods.relaxed_realism import RelaxedRealism
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.latent_search import latent_search
from graftgan.surgery.still_copy import inner_blocks, source_maps, still_copy

MOST_PHOTOS = 32


class Span(nn.Module):
    """Directions that span the latents found for the photos: orthonormal columns (z_dim, k)."""

    basis: Tensor

    def __init__(self, basis: Tensor) -> None:
        super().__init__()
        self.register_buffer("basis", basis)


@dataclass(frozen=True)
class RSSA(RelaxedRealism):
    """Keeps the layout of each picture as in the source, and draws latents nearer to those of the photos.

    Source: Xiao et al. 2022, Few Shot Generative Model Adaption via Relaxed Spatial Structural Alignment (arXiv
    2203.04121), with the relaxed realism of Ojha et al. (arXiv 2104.06820). Deviations: all inner maps are averaged
    down to `side` places a side, without windows; both consistencies are taken every step, the second between
    neighbours of the batch (theirs: every sixth, all pairs; see `losses/correlation.py`). Latents are compressed in z,
    not in w, which not every generator has; a compressed latent keeps its length, as one of ten directions only would
    be far shorter than any that G has learnt; and they are compressed in part, as the user draws from all of the space
    later. The span is of the first 32 photos at most.

    Trains: all of G and D, and a head for patches. Frozen: a copy of the source's G, kept in checkpoints.
    Cost: the latent search, once; a step takes one more pass of the source's G without gradients, and compares
    `side`^4 pairs of places a picture and block twice over.
    Measured: 1.04 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.82 to 1.15
    (docs/results/bench).
    Prefer it: where layout must survive (buildings, poses) and the target is near the source.

    Attributes:
        self_weight: of self-correlation consistency.
        cross_weight: of disturbance-correlation consistency.
        side: places a side that feature maps are averaged down to, a power of two.
        compression: part of a latent outside the photos' span that is taken away, in [0, 1]; 0 spares the search.
        search_steps: of the search for the photos' latents.
    """

    self_weight: float = 10.0
    """Weight of keeping which places of a picture are alike."""
    cross_weight: float = 1.0
    """Weight of keeping which places of two pictures are alike."""
    side: int = 16
    """Feature maps are averaged down to so many places a side."""
    compression: float = 0.5
    """Part of a latent outside the photos' span that is taken away, from 0 to 1."""
    search_steps: int = 100
    """Steps of the search for the photos' latents."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        self.check_realism()
        for name, least in (("self_weight", 0), ("cross_weight", 0), ("search_steps", 0)):
            if not getattr(self, name) >= least:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least {least}")
        if not 0 <= self.compression <= 1:
            raise UserError(f"--method-options compression={self.compression}: from 0 to 1")
        if self.side < 1 or self.side & (self.side - 1):
            raise UserError(f"--method-options side={self.side}: a power of two")

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Sets the source's G aside, draws anchors and patch head, and finds the span of the photos' latents.

        Raises:
            UserError: D has no block at `patch_block`.
        """
        state.fixed["source"] = still_copy(state.generator)
        self.relax(state, preparation)
        if self.compression > 0:
            state.fixed["span"] = Span(self.span(state, preparation))

    def span(self, state: State, preparation: Preparation) -> Tensor:
        """Returns the span's orthonormal columns; of a resumed run their shape alone, the values follow."""
        if preparation.saved is not None:
            return torch.zeros_like(preparation.saved["fixed.span.basis"]).to(state.fixed["anchors"].get_buffer("z"))
        found = latent_search(
            state.generator,
            preparation.photos(MOST_PHOTOS),
            starts=1,
            steps=self.search_steps,
            rng=generator_at(preparation.seed, 0, purpose="latent search"),
            progress=lambda done, of: preparation.progress(done, of, "looking for the photos' latents"),
        )
        return spanned(found.z)

    def taps(self, state: State) -> tuple[int, ...]:
        """Looks at every inner block's map."""
        return inner_blocks(state.generator)

    def latents(self, state: State, count: int, rng: torch.Generator) -> Tensor:
        """Returns latents near anchors or standard normal ones, compressed."""
        z = self.relaxed_latents(state, count, rng)
        return compressed(z, state.fixed["span"].get_buffer("basis"), self.compression) if self.compression > 0 else z

    def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """Returns both weighted consistencies."""
        source = source_maps(state.fixed["source"], turn.z, turn.labels, list(turn.maps), turn.noise)
        terms = {}
        for name, weight, loss in (
            ("self_correlation", self.self_weight, self_consistency),
            ("cross_correlation", self.cross_weight, cross_consistency),
        ):
            if weight > 0:
                values = [loss(adapted, source[at], self.side).mean() for at, adapted in turn.maps.items()]
                terms[name] = weight * torch.stack(values).mean()
        return terms


def spanned(rows: Tensor) -> Tensor:
    """Returns orthonormal columns (D, k) that span rows (N, D); k is their rank.

    Example:
        >>> spanned(torch.tensor([[3.0, 0.0], [6.0, 0.0]])).abs().tolist()
        [[1.0], [0.0]]
    """
    directions, sizes, _ = torch.linalg.svd(rows.T.double().cpu(), full_matrices=False)
    return directions[:, sizes > 1e-6 * sizes.max()].contiguous().to(rows)


def compressed(z: Tensor, basis: Tensor, part: float) -> Tensor:
    """Returns latents pulled toward a subspace, as long as they were.

    Formula: y |z| / |y|, y = (1 - part) z + part B B^T z.

    Args:
        z: latents (N, D).
        basis: B, orthonormal columns (D, k).
        part: of what lies outside the subspace that is taken away, in [0, 1].

    Returns:
        (N, D).

    Example:
        >>> compressed(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0], [0.0]]), 1.0).tolist()
        [[5.0, 0.0]]
    """
    with torch.autocast(z.device.type, enabled=False):  # latents are drawn in full precision, and stay so
        pulled = torch.lerp(z, z @ basis @ basis.T, part)
    return pulled * (z.norm(dim=1, keepdim=True) / pulled.norm(dim=1, keepdim=True).clamp_min(1e-6))
