"""What is minimised: adversarial losses by name, and penalties on gradients."""

from graftgan.losses.adversarial import LOSSES, AdversarialLoss
from graftgan.losses.penalty import gradient_penalty, path_lengths, r1

__all__ = ["LOSSES", "AdversarialLoss", "gradient_penalty", "path_lengths", "r1"]
