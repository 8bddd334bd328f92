"""ONNX and pt2 files of every network, opened as a stranger would: by ONNX Runtime and torch.export alone."""

import io
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

import graftgan
from graftgan.formats import agreement
from graftgan.formats.facts import facts
from graftgan.formats.onnx import to_onnx
from graftgan.formats.program import Exported
from graftgan.formats.pt2 import to_pt2
from graftgan.networks import ARCHITECTURES
from graftgan.zoo.model_folder import Model

HERE = str(Path(graftgan.__file__).parent).encode()


@pytest.fixture(scope="module")
def onnx_files(models: dict[str, Model]) -> dict[str, tuple[bytes, float]]:
    return {network: to_onnx(model.generator, facts(model)) for network, model in models.items()}


def inputs(model: Model, count: int) -> tuple[Tensor, Tensor | None]:
    z = torch.randn(count, model.generator.z_dim, generator=torch.Generator().manual_seed(count))
    return z, torch.eye(3)[torch.arange(count) % 3] if model.generator.c_dim else None


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_onnx_runtime_draws_the_same_pictures(
    network: str, models: dict[str, Model], onnx_files: dict[str, tuple[bytes, float]]
) -> None:
    data, difference = onnx_files[network]
    assert 0 <= difference <= 1e-4
    generator = models[network].generator
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    shapes = {entry.name: entry.shape for entry in session.get_inputs()}
    assert shapes == {"z": ["N", 8], "truncation": [1], **({"c": ["N", 3]} if network == "stylegan2" else {})}
    assert [(entry.name, entry.shape) for entry in session.get_outputs()] == [("pictures", ["N", 3, 16, 16])]
    drawn = {}
    for count in (1, 5):
        z, c = inputs(models[network], count)
        for truncation in (1.0, 0.7, 0.0):
            feeds = {"z": z.numpy(), "truncation": np.array([truncation], np.float32)}
            feeds |= {} if c is None else {"c": c.numpy()}
            drawn[truncation] = session.run(None, feeds)[0]
            with torch.no_grad():
                wanted = generator(z, c, truncation=truncation, noise="const").numpy()
            assert drawn[truncation].dtype == np.float32 and drawn[truncation].shape == (count, 3, 16, 16)
            assert np.abs(drawn[truncation] - wanted).max() <= 1e-4
    assert np.abs(drawn[1.0] - drawn[0.7]).max() > 1e-3  # truncation is an input, and does something
    assert np.ptp(drawn[0.0], axis=0).max() <= 1e-4 < np.ptp(drawn[1.0], axis=0).max()


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_an_onnx_file_is_one_file_that_says_what_it_is(
    network: str, models: dict[str, Model], onnx_files: dict[str, tuple[bytes, float]]
) -> None:
    data, difference = onnx_files[network]
    proto = onnx.load_from_string(data)
    onnx.checker.check_model(proto, full_check=True)
    assert not any(tensor.external_data for tensor in proto.graph.initializer)
    told = {entry.key: entry.value for entry in proto.metadata_props}
    model = models[network]
    assert told["graftgan:model-sha256"] == model.digest and len(model.digest) == 64
    assert (told["graftgan:network"], told["graftgan:resolution"], told["graftgan:z-dim"]) == (network, "16", "8")
    assert told["graftgan:c-dim"] == ("3" if network == "stylegan2" else "0")
    assert (told["graftgan:licence"], told["graftgan:credits"]) == ("CC0-1.0", "nobody")
    assert told["graftgan:difference"] == f"{difference:.1e}" and "manual_seed(seed)" in told["graftgan:seed"]
    assert told["graftgan:version"]
    assert HERE not in data  # the exporter notes the paths of this machine


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_a_program_draws_the_same_pictures(network: str, models: dict[str, Model]) -> None:
    model = models[network]
    data, difference = to_pt2(model.generator, facts(model))
    assert 0 <= difference <= 1e-4 and HERE not in data
    extra = {"graftgan.json": ""}
    opened = torch.export.load(io.BytesIO(data), extra_files=extra).module()
    assert json.loads(extra["graftgan.json"])["graftgan:model-sha256"] == model.digest
    for count in (1, 5):
        z, c = inputs(model, count)
        for truncation in (1.0, 0.7):
            with torch.no_grad():
                wanted = model.generator(z, c, truncation=truncation, noise="const")
                found = opened(z, torch.tensor([truncation]), c)
            assert (found - wanted).abs().max() <= 1e-4


def test_truncation_as_a_tensor_is_truncation_as_a_number(models: dict[str, Model]) -> None:
    for model in models.values():
        z, c = inputs(model, 3)
        for truncation in (1.0, 0.7, 1.3):
            with torch.no_grad():
                wanted = model.generator(z, c, truncation=truncation, noise="const")
                found = Exported(model.generator)(z, torch.tensor([truncation]), c)
            assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_difference_is_the_largest_and_is_refused_above_a_ten_thousandth(models: dict[str, Model]) -> None:
    generator = models["dcgan"].generator

    def off_by(much: float, truncation_of: float) -> agreement.Draw:
        def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
            pictures = generator(z, c, truncation=truncation, noise="const")
            pictures[-1, 0, 3, 3] += much if truncation == truncation_of else 0.0
            return pictures

        return draw

    found = agreement.difference(generator, off_by(9e-5, 0.7), "it")
    assert found == pytest.approx(9e-5, rel=1e-2)
    with pytest.raises(agreement.UserError, match=r"it was not written: .* by 2.0e-04, more than 1e-04 \(batch 1, tr"):
        agreement.difference(generator, off_by(2e-4, 1.0), "it")
    for bad in (float("nan"), float("inf")):
        with pytest.raises(agreement.UserError, match="differ"):
            agreement.difference(generator, off_by(bad, 0.7), "it")
    with pytest.raises(agreement.UserError, match="by inf"):
        agreement.difference(generator, lambda z, c, truncation: torch.zeros(1, 3, 8, 8), "it")
