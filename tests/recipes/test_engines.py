"""Engines draw the same pictures; ONNX files are made once for a model; what fails is one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes import engines
from graftgan.recipes.engines import ENGINES, as_onnx, engine
from graftgan.sampling.sample import sample
from graftgan.zoo.model_folder import Model, load_model, save_model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "cache"))
    generator = NETWORKS["dcgan"].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    generator.init_weights(generator_at(0, 0))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(20 if parameter.ndim == 4 else 1)
    save_model(tmp_path / "m", Model("dcgan", generator.eval(), None, {}), "")
    return load_model(tmp_path / "m")


def test_onnx_draws_the_same_pictures_from_a_file_made_once(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = sample(model.generator, range(7), truncation=0.7, batch=3).astype(int)
    drawn = sample(model.generator, range(7), truncation=0.7, batch=3, engine=engine("onnx", model))
    assert np.abs(drawn - plain).max() <= 1 and plain.std() > 10
    (file,) = (tmp_path / "cache" / "onnx").iterdir()
    written = file.stat().st_mtime_ns
    as_onnx(model)
    assert file.stat().st_mtime_ns == written
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])  # a damaged file is made again
    monkeypatch.setattr(engines, "to_onnx", lambda *_: (whole, 0.0))
    assert np.array_equal(sample(model.generator, range(7), truncation=0.7, batch=3, engine=as_onnx(model)), drawn)


def test_compile_is_asked_for_one_size_only(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def noted(module: Any, dynamic: bool) -> Any:
        assert not dynamic

        def run(z: torch.Tensor, truncation: torch.Tensor, c: None) -> torch.Tensor:
            sizes.append(len(z))
            return module(z, truncation, c)

        return run

    monkeypatch.setattr(torch, "compile", noted)
    plain = sample(model.generator, range(7), truncation=0.7).astype(int)
    drawn = sample(model.generator, range(7), truncation=0.7, batch=3, engine=engine("compile", model))
    assert sizes == [3, 3, 3] and np.abs(drawn - plain).max() <= 1


def test_a_compiler_that_fails_is_one_line(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor.exc import InvalidCxxCompiler

    def fails(*_: Any) -> Any:
        raise InvalidCxxCompiler()

    monkeypatch.setattr(torch, "compile", lambda module, dynamic: fails)
    with pytest.raises(UserError, match="--engine compile: PyTorch's compiler fails here: ") as refused:
        sample(model.generator, [0], engine=engine("compile", model))
    assert "\n" not in str(refused.value)


def test_an_unknown_engine_is_answered_with_the_nearest(model: Model) -> None:
    with pytest.raises(UserError, match=r"--engine onx: did you mean onnx\? \(choose from torch, compile, onnx\)"):
        engine("onx", model)
    assert list(ENGINES) == ["torch", "compile", "onnx"]


def test_a_cache_that_cannot_be_written_is_one_line(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "to_onnx", lambda *_: (b"", 0.0))
    (tmp_path / "cache").write_text("")
    with pytest.raises(UserError, match="the cache .*onnx cannot be written"):
        as_onnx(model)
