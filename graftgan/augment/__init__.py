"""Differentiable augmentations of image batches, by name: `module(images, rng) -> images`."""

from graftgan.augment.ada import AdaptiveAugment
from graftgan.augment.base import Augment, NoAugment
from graftgan.augment.diffaug import DiffAugment

# The key is the name of the augmentation in options and reports; each can be made without arguments.
AUGMENTS: dict[str, type[Augment]] = {"none": NoAugment, "diffaug": DiffAugment, "ada": AdaptiveAugment}

__all__ = ["AUGMENTS", "AdaptiveAugment", "Augment", "DiffAugment", "NoAugment"]
