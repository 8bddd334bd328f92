"""Files of torch.save against torch.load: the same numbers, of every kind, layout and format."""

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest
import torch

from graftgan.inert.budget import Budget
from graftgan.inert.numpy_arrays import NUMPY_NAMES, array_of, number_of
from graftgan.inert.records import mapping
from graftgan.inert.refusal import Refusal
from graftgan.inert.tensors import tensor_of
from graftgan.inert.torch_files import read_torch_stream, read_torch_zip
from graftgan.inert.walker import walk

KINDS = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.int8]


def saved(value: Any, zipped: bool) -> memoryview:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return memoryview(bytearray(file.getvalue()))


def tensors(value: Any, zipped: bool) -> dict[str, torch.Tensor]:
    data = saved(value, zipped)
    budget = Budget(len(data))
    file = (read_torch_zip if zipped else read_torch_stream)(data, budget)
    return {name: tensor_of(record, file.storage_of, budget) for name, record in mapping(file.root).items()}


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_of_every_kind_and_layout(zipped: bool) -> None:
    rng = torch.Generator().manual_seed(0)
    wanted = {str(kind): (torch.randn(3, 4, generator=rng) * 50).to(kind) for kind in KINDS}
    wanted |= {
        "empty": torch.empty(0, 3),
        "number": torch.tensor(3.5),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "transposed": wanted["torch.float32"].t(),
        "last": torch.randn(2, 3, 4, 4, generator=rng).to(memory_format=torch.channels_last),
        "part": wanted["torch.float32"][1:],
    }
    found = tensors(wanted, zipped)
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor.detach()), name


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("value", [torch.ones(2, 2).t()[:, :1].expand(2, 2), torch.ones(4)[::2], torch.ones(2) > 0])
def test_layouts_with_gaps_or_repetitions_are_refused(value: torch.Tensor, zipped: bool) -> None:
    with pytest.raises(Refusal):
        tensors({"a": value}, zipped)


def test_only_beside_torchscript_may_something_be_compressed() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as entries:
        entries.writestr("a/data.pkl", b"\x80\x02}.")
        entries.writestr("a/code/net.py", b"never read" * 9, compress_type=zipfile.ZIP_DEFLATED)
    packed = memoryview(file.getvalue())
    assert read_torch_zip(packed, Budget(len(packed)), script=True).root == {}
    with pytest.raises(Refusal, match="is compressed"):
        read_torch_zip(packed, Budget(len(packed)))


def test_tensors_cannot_be_larger_than_the_file() -> None:
    shared = torch.zeros(20_000)
    with pytest.raises(Refusal, match="its tensors are larger than the file"):
        tensors({str(i): shared for i in range(4)}, True)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_arrays_of_numpy(protocol: int) -> None:
    wanted = [
        np.arange(6, dtype="f4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="f8").reshape(2, 3)),
        np.arange(4, dtype=">i4"),
        np.array(2.5),
        np.float64(0.25),
        np.zeros((0, 2), "u1"),
    ]
    data = memoryview(bytearray(pickle.dumps(wanted, protocol)))
    budget = Budget(len(data))
    found = walk(data, budget, lambda name: name in NUMPY_NAMES).root
    for record, array in zip(found, wanted, strict=True):
        again = array_of(record, budget)
        assert again.shape == array.shape and np.array_equal(again, array)
    assert number_of(found[4]) == 0.25


def test_arrays_of_objects_are_refused() -> None:
    data = memoryview(pickle.dumps(np.array([None, 1], dtype=object), 3))
    budget = Budget(len(data))
    found = walk(data, budget, lambda name: name in NUMPY_NAMES).root
    with pytest.raises(Refusal, match="an array of the kind 'O8'"):
        array_of(found, budget)
