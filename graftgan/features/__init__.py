"""Frozen encoders that judge pictures: bytes in, features out, each with its stated preprocessing."""

from graftgan.features.base import Encoder
from graftgan.features.efficientnet_lite import EfficientNetLite0
from graftgan.features.inception import Inception

ENCODERS: dict[str, type[Encoder]] = {
    "inception": Inception,
    "efficientnet-lite0": EfficientNetLite0,
}

__all__ = ["ENCODERS", "EfficientNetLite0", "Encoder", "Inception"]
