"""LeCam regularisation: the discriminator's logits stay near where they were on the other kind of picture."""

import torch
from torch import Tensor, nn


def lecam(real: Tensor, fake: Tensor, anchor_real: Tensor, anchor_fake: Tensor) -> Tensor:
    """How far logits lie from the moving average of the other side's.

    Tseng et al. 2021, arXiv 2104.03310, equation 7, with the one-sided form of their code:
    relu(D(x) - a_fake)^2 + relu(a_real - D(G(z)))^2. It bounds the LeCam divergence that D can reach, which on few
    pictures is mostly memory.

    Args:
        real: logits of real pictures (N, k).
        fake: logits of generated pictures (N, k), as many.
        anchor_real: moving average of the logits of real pictures, one number.
        anchor_fake: of generated ones.

    Returns:
        Unreduced values, the shape of `real`; not negative.

    Example:
        >>> lecam(torch.tensor([[1.0]]), torch.tensor([[-1.0]]), torch.tensor(2.0), torch.tensor(0.0)).item()
        10.0
    """
    return (real - anchor_fake).relu().square() + (anchor_real - fake).relu().square()


class LeCamAnchors(nn.Module):
    """The two moving averages that LeCam regularisation compares with.

    Args:
        decay: part of an average that is kept each step; 0.99 as published.
        warm_up: steps before the term counts, so that the averages have settled. Published: about 1000, of runs a
            hundred times longer than ours.
    """

    real: Tensor
    fake: Tensor
    seen: Tensor

    def __init__(self, decay: float = 0.99, warm_up: int = 50) -> None:
        super().__init__()
        self.decay, self.warm_up = decay, warm_up
        for name in ("real", "fake", "seen"):
            self.register_buffer(name, torch.zeros(()))

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """Returns the unreduced term of these logits, zero while warming up, and moves the averages on."""
        term = lecam(real, fake, self.real.clone(), self.fake.clone())
        counts = (self.seen >= self.warm_up).to(term.dtype)
        with torch.no_grad():
            keep = torch.where(self.seen > 0, self.decay, 0.0)
            self.real.copy_(keep * self.real + (1 - keep) * real.mean())
            self.fake.copy_(keep * self.fake + (1 - keep) * fake.mean())
            self.seen.add_(1)
        return term * counts
