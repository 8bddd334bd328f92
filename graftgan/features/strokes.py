"""Strokes: a small encoder that was trained to tell handwritten characters apart, for glyphs and line drawings."""

from importlib.resources import files

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.features.base import Encoder

DIM, SIDE = 128, 32


class StrokesNetwork(nn.Module):
    """Convolutions from an ink map of 32 px to one vector; the last one sees the whole picture, so places count.

    Example:
        >>> import torch
        >>> features = StrokesNetwork().eval()(torch.zeros(2, 1, 32, 32))
        >>> [round(row.square().sum().item()) for row in features]
        [128, 128]
    """

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.body = nn.Sequential(
            *_layer(1, 24, 1),
            *_layer(24, 48, 2),
            *_layer(48, 64, 1),
            *_layer(64, 96, 2),
            *_layer(96, DIM, 2),
            nn.Conv2d(DIM, DIM, 4),
            nn.ReLU(),
            nn.Flatten(),
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Return features (N, 128), each row of squared length 128, of ink maps (N, 1, 32, 32): 1 black, 0 white."""
        return F.normalize(self.body(ink), dim=1) * DIM**0.5


def _layer(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


class Strokes(Encoder):
    """Sees strokes and where they are; ImageNet's encoders see mostly that a glyph is not a photograph.

    Source: our own, trained by `tools/train_strokes.py` on Omniglot's characters (Lake et al. 2015) and their turns by
    90 degrees, as classes; 40 of the 242 characters were left out, and told apart from five examples each. The features
    lie on a sphere, so that the kernel of KID is a polynomial of their cosine, and no picture can weigh more than
    another.

    It is meant for dark ink on white ground. Its numbers compare with no published ones.
    """

    name = "strokes"
    dim = DIM
    size = SIDE
    normalisation = "1 - mean of the channels / 255, features on a sphere"
    weights = "37398590abff2c318434b0431f3da93433bec2329fe25b5a252936f4142416e4"

    def _load(self) -> nn.Module:
        # On "meta" no random weights are drawn, which would move the global random state.
        with torch.device("meta"):
            network = StrokesNetwork()
        data = files("graftgan").joinpath("assets", "strokes", "strokes.safetensors").read_bytes()
        tensors = safetensors.torch.load(data)
        network.load_state_dict(
            {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, assign=True
        )
        return network

    def _normalise(self, pixels: Tensor) -> Tensor:
        return 1 - pixels.mean(dim=1, keepdim=True) / 255
