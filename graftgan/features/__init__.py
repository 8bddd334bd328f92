"""Frozen encoders that judge pictures: bytes in, features or distances out, each with its stated preprocessing."""

from graftgan.features.base import Encoder
from graftgan.features.cache import encode_cached
from graftgan.features.efficientnet_lite import EfficientNetLite0
from graftgan.features.inception import Inception
from graftgan.features.lpips import PERCEPTUAL, Lpips
from graftgan.features.resize import RESIZES
from graftgan.features.strokes import Strokes

ENCODERS: dict[str, type[Encoder]] = {
    "inception": Inception,
    "efficientnet-lite0": EfficientNetLite0,
    "strokes": Strokes,
}

__all__ = [
    "ENCODERS",
    "PERCEPTUAL",
    "RESIZES",
    "EfficientNetLite0",
    "Encoder",
    "Inception",
    "Lpips",
    "Strokes",
    "encode_cached",
]
