"""Makes bad checkpoints: every shape of attack we know of, files cut off, bits flipped. None of them may do anything.

Opcodes are written by hand, since no pickler would write these.
"""

import io
import pickletools
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

NVIDIA_HEAD = b"\x80\x03}X\x05\x00\x00\x00G_ema"
RECONSTRUCT = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def blob(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def system(canary: str) -> bytes:
    """The opcodes of a call that would make the canary."""
    return b"cos\nsystem\n" + text(f"touch {canary}") + b"\x85R"


def opcodes(canary: str) -> Iterator[tuple[str, bytes]]:
    """Attacks in the opcodes of a plain pickle."""
    call, touch = system(canary), text(f"touch {canary}")
    yield "reduce", b"\x80\x03" + call + b"."
    yield "reduce-protocol-0", b"cos\nsystem\n(S'touch " + canary.encode() + b"'\ntR."
    for module, name in [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("__builtin__", "eval"),
        ("pkgutil", "resolve_name"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("importlib", "import_module"),
        ("runpy", "run_path"),
        ("pip", "main"),
        ("torch.serialization", "load"),
        ("torch", "load"),
        ("numpy", "load"),
        ("torch.hub", "load"),
        ("socket", "create_connection"),
        ("shutil", "rmtree"),
        ("ctypes", "CDLL"),
        ("pickle", "loads"),
        ("collections", "namedtuple"),
        ("copyreg", "_reconstructor"),
        ("torch_utils.persistence", "_src_to_module"),
        ("torch._utils", "_rebuild_sparse_csr_tensor"),
        ("torch._utils", "_rebuild_sparse_tensor"),
        ("torch._utils", "_rebuild_qtensor"),
        ("torch._utils", "_rebuild_meta_tensor_no_storage"),
        ("torch._utils", "_rebuild_nested_tensor"),
        ("torch.nn.modules.conv", "Conv2d"),
    ]:
        yield f"global-{module}-{name}", f"\x80\x02c{module}\n{name}\n".encode("latin1") + touch + b"\x85R."
        yield f"stack-global-{module}-{name}", b"\x80\x04" + text(module) + text(name) + b"\x93" + touch + b"\x85R."
    dotted = [("torch", "serialization.os.system"), ("collections", "OrderedDict.__init__.__globals__")]
    dotted += [("torch._utils", "os.system"), ("numpy", "ndarray.__class__")]
    for module, name in dotted:
        yield f"dotted-{module}-{name}", b"\x80\x04" + text(module) + text(name) + b"\x93" + touch + b"\x85R."
    yield "inst", b"\x80\x02(" + touch + b"ios\nsystem\n."
    yield "obj", b"\x80\x02(cos\nsystem\n" + touch + b"o."
    yield "newobj", b"\x80\x02cos\nsystem\n" + touch + b"\x85\x81."
    yield "newobj-ex", b"\x80\x04" + text("os") + text("system") + b"\x93" + touch + b"\x85}\x92."
    yield "newobj-ex-of-a-known-name", b"\x80\x04ccollections\nOrderedDict\n)}\x92."
    for size, opcode in ((1, b"\x82"), (2, b"\x83"), (4, b"\x84")):
        yield f"ext{size}", b"\x80\x02" + opcode + (1).to_bytes(size, "little") + touch + b"\x85R."
    known = b"ccollections\nOrderedDict\n)R"
    yield "build-setstate", b"\x80\x02" + known + b"}" + text("__setstate__") + b"cos\nsystem\nsb" + touch + b"b."
    yield "build-slotstate-of-a-name", b"\x80\x02ccollections\nOrderedDict\n}" + text("a") + b"K\x01s\x86b."
    yield "build-twice", b"\x80\x02" + known + b"}b}b."
    yield "build-of-none", b"\x80\x02N}b."
    yield "build-of-a-dict", b"\x80\x02}}b."
    yield (
        "build-then-reduce",
        b"\x80\x02cnumpy\ndtype\nN}" + text("__builtins__") + b"}s\x86bcnumpy\ndtype\n" + text("eval") + b"\x85RR.",
    )
    yield "reduce-of-a-result", b"\x80\x02" + known + b")R."
    yield "reduce-of-text", b"\x80\x02" + text("os.system") + touch + b"\x85R."
    yield "put-then-memoize", b"\x80\x04" + text("a") + b"q\x00" + text("b") + b"\x94h\x00\x85."
    yield "memoize-then-put", b"\x80\x04" + text("a") + b"\x94" + text("b") + b"q\x00h\x00\x85."
    yield "pop", b"\x80\x02" + call + b"0N."
    yield "pop-mark", b"\x80\x02(" + call + b"1N."
    yield "dup", b"\x80\x02" + known + b"2\x86."
    yield "persid", b"Pos.system\n."
    yield "binpersid", b"\x80\x02(" + text("module") + text("os.system") + b"NNK\x01tQ."
    yield "binpersid-in-a-dict", NVIDIA_HEAD + b"(" + text("storage") + b"NNNNtQs."
    yield "stacked", b"\x80\x02}.\x80\x02" + call + b"."
    yield "broken-after-payload", b"\x80\x02" + call + b"\xff\xff"
    yield "no-stop", b"\x80\x02" + call
    yield "next-buffer", b"\x80\x05\x97."
    yield "readonly-buffer", b"\x80\x05\x97\x98."
    yield "bytearray8", b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b"."
    yield "binbytes8", b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b"."
    yield "binunicode8", b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"."
    yield "long4", b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"."
    yield "long4-negative", b"\x80\x02\x8b" + struct.pack("<i", -1) + b"."
    yield "frame", b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"}."
    yield "long-binput", b"]r" + struct.pack("<I", 2**31) + b"."
    yield "binput-ahead", b"]r" + struct.pack("<I", 100) + b"."
    yield "binget-of-nothing", b"\x80\x02h\x07."
    yield "protocol-6", b"\x80\x06}."
    yield "protocol-twice", b"\x80\x02\x80\x02}."
    yield "huge-decimal", b"I" + b"9" * 5000 + b"\n."
    yield "decimal-words", b"Inan\n."
    yield "text-not-utf-8", b"\x80\x02X\x02\x00\x00\x00\xff\xfe."
    yield "two-objects", b"\x80\x02}}."
    yield "open-mark", b"\x80\x02(}."
    yield "no-object", b"\x80\x02."
    yield "empty-stack", b"\x80\x02\x85."
    yield "below-the-mark", b"\x80\x02}(\x85."
    yield "items-odd", b"\x80\x02}(K\x01u."
    yield "key-tuple", b"\x80\x02}K\x01\x85K\x01s."
    yield "key-huge-number", b"\x80\x02}\x8a\x10" + b"\x7f" * 16 + b"K\x01s."
    yield "codecs", b"\x80\x02c_codecs\nencode\n" + text("abc") + text("rot13") + b"\x86R."


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that ask for much time or memory."""
    nested = b"K\x00\x85" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))
    yield "hash-exponential", b"\x80\x02}" + nested + b"K\x01s."
    yield "deep-lists", b"\x80\x02" + b"]" * 5_000 + b"a" * 4_999 + b"."
    yield "deep-tuples", b"\x80\x02N" + b"\x85" * 5_000 + b"."
    chain = [
        b"]" + (b"j" + struct.pack("<I", i - 1) + b"a" if i else b"") + b"r" + struct.pack("<I", i) for i in range(1500)
    ]
    yield "deep-by-memo", b"\x80\x02(" + b"".join(chain) + b"t."
    shared = b"]q\x00" + b"".join(b"]q" + bytes([i]) + (b"h" + bytes([i - 1]) + b"a") * 10 for i in range(1, 60))
    yield "shared-lists", b"\x80\x02(" + shared + b"t."
    yield "circle", b"\x80\x02]q\x00h\x00a."
    yield "circle-through-a-dict", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."


def large() -> Iterator[tuple[str, bytes]]:
    """Larger files of that kind: each takes a second to be refused."""
    yield "large-deep-lists", b"\x80\x02" + b"]" * 400_000 + b"a" * 399_999 + b"."
    yield "large-deep-tuples", b"\x80\x02N" + b"\x85" * 490_000 + b"."
    yield "large-deeper-tuples", b"\x80\x02N" + b"\x85" * 2_000_000 + b"."
    yield "large-opcodes", b"\x80\x02]" + b"Na" * 1_500_000 + b"."
    yield "large-lists", b"\x80\x02(" + b"]" * 1_500_000 + b"t."
    yield "large-dicts", b"\x80\x02(" + b"}" * 1_500_000 + b"t."
    yield "large-dicts-in-groups", b"\x80\x02]" + (b"(" + b"}" * 90_000 + b"e") * 10 + b"."
    yield "large-records", b"\x80\x02]q\x00(" + (b"ccollections\nOrderedDict\n)R" + b"}b") * 120_000 + b"e."
    yield "large-marks", b"\x80\x02" + b"(" * 1_500_000 + b"t."
    yield "large-memos", b"\x80\x04]" + b"\x94" * 1_500_000 + b"."
    indices = b"".join(b"r" + struct.pack("<I", i) for i in range(600_000))
    yield "large-memo-indices", b"\x80\x02]" + indices + b"."
    yield "large-text", b"\x80\x02(" + (b"X" + struct.pack("<I", 2**20) + b"a" * 2**20) * 20 + b"t."
    wide = "\U0001f600".encode() + b"a" * (2**20 - 4)
    yield "large-wide-text", b"\x80\x02(" + (b"X" + struct.pack("<I", 2**20) + wide) * 16 + b"t."
    keys = b"".join(b"\x8a\x10" + (k * (2**61 - 1)).to_bytes(16, "little") + b"N" for k in range(45_000))
    yield "large-colliding-keys", b"\x80\x02}(" + keys + b"u."
    yield "large-zip", zip_of([(f"a/data/{i}", b"") for i in range(25_000)])
    yield "large-lines", b"c" + b"a" * 300 + b"\n" + b"b" * 60_000_000


def inside(made: ModuleType, canary: str) -> Iterator[tuple[str, bytes]]:
    """Network pickles in NVIDIA's format with something wrong inside."""

    def written(change: Callable[[Any], None], protocol: int = 3) -> bytes:
        return made.nvidia_pickle(None, protocol, change)

    def bias(parts: Any) -> Any:
        return parts["G_ema"].state["_modules"]["mapping"].state["_modules"]["fc0"].state["_parameters"]

    def set_bias(tensor: Tensor) -> Callable[[Any], None]:
        return lambda parts: bias(parts).update(bias=nn.Parameter(tensor))

    yield "nan", written(set_bias(torch.tensor([float("nan")] * 8)))
    yield "infinity", written(set_bias(torch.tensor([float("inf")] * 8)))
    yield "double-too-large", written(set_bias(torch.full((8,), 1e300, dtype=torch.float64)))
    yield "wrong-shape", written(set_bias(torch.zeros(9)))
    yield "no-axes", written(lambda parts: bias(parts).update(weight=nn.Parameter(torch.zeros(()))))
    yield "stride-0", written(set_bias(torch.zeros(1).expand(8)))
    yield "missing", written(lambda parts: bias(parts).pop("bias"))
    yield "extra", written(lambda parts: bias(parts).update(more=nn.Parameter(torch.zeros(3))))
    whole = nn.Parameter(torch.zeros(8, dtype=torch.int64), requires_grad=False)
    yield "whole-numbers", written(lambda parts: bias(parts).update(bias=whole))
    for size in (3, 2**20, 2**31, 10**9):
        yield (
            f"block-{size}",
            written(
                lambda parts, size=size: (
                    parts["G_ema"]
                    .state["_modules"]["synthesis"]
                    .state["_modules"]
                    .update({f"b{size}": parts["G_ema"].state["_modules"]["synthesis"].state["_modules"].pop("b16")})
                )
            ),
        )
    for field, value in [
        ("type", "function"),
        ("version", 99),
        ("version", "six"),
        ("class_name", None),
        ("state", None),
        ("state", {}),
    ]:
        yield f"meta-{field}-{value}", written(lambda parts, f=field, v=value: parts.update(G_ema=Meta(made, f, v)))
    for field, value in [
        ("conv_clamp", float("nan")),
        ("conv_clamp", 1e30),
        ("conv_clamp", "256"),
        ("activation", "relu"),
    ]:
        yield (
            f"layer-{field}-{value}",
            written(
                lambda parts, f=field, v=value: (
                    parts["G_ema"]
                    .state["_modules"]["synthesis"]
                    .state["_modules"]["b8"]
                    .state["_modules"]["conv1"]
                    .state.update({f: v})
                )
            ),
        )
    for name in ("z_dim", "w_dim", "c_dim", "img_resolution", "img_channels"):
        for value in (-1, 2**40, "8"):
            yield f"states-{name}-{value}", written(lambda parts, n=name, v=value: parts["G_ema"].state.update({n: v}))
    yield (
        "group-0",
        written(lambda parts: parts["D"].state["_modules"]["b4"].state["_modules"]["mbstd"].state.update(group_size=0)),
    )
    yield "architecture", written(lambda parts: parts["D"].state["_modules"]["b16"].state.update(architecture="skip"))
    yield "member-with-dots", written(lambda parts: bias(parts).update({"a.b": nn.Parameter(torch.zeros(1))}))
    yield "member-a-number", written(lambda parts: bias(parts).update({7: nn.Parameter(torch.zeros(1))}))
    yield "no-networks", written(lambda parts: [parts.pop(name) for name in ("G", "G_ema", "D")])
    yield "networks-are-text", written(lambda parts: parts.update(G="G", G_ema="G_ema"))
    good = made.nvidia_pickle(None, 3)
    start = good.index(b"\x80\x02\x8a\x0a")
    attack = b"\x80\x02" + system(canary) + b"."
    yield "nested", good[:start] + attack + good[start + len(attack) :]
    stub = made.STUB.encode()
    code = f"import os; os.system('touch {canary}')".encode()
    payload = code + b"#" * (len(stub) - len(code))
    cut = good.replace(stub, payload)[:-1] if len(payload) == len(stub) else good[:-1]
    yield "source-text-with-payload-and-no-end", cut
    yield "stacked-after-networks", good + attack
    yield "tail", good + b"\0"
    yield "head", b"\0" + good
    yield "polyglot-zip", good + zip_of([("a/data.pkl", b"\x80\x02}.")])
    yield "other-kind", good.replace(b"FloatStorage", b"OtherStorage")
    yield "shorter-kind", good.replace(b"FloatStorage", b"HalfStorage\n"[:12])
    yield "big-endian", good.replace(b"little_endianq\x02\x88", b"little_endianq\x02\x89")
    yield "legacy-class", good.replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v9")
    tf = made.tensorflow_pickle(None)
    yield "tensorflow-object-array", tf.replace(b"\x8c\x02f4", b"\x8c\x02O8")
    yield "tensorflow-two-networks", b"\x80\x03N\x85."
    yield "tensorflow-tail", tf + b"."


class Meta:
    """A module record with one field of its description changed."""

    def __init__(self, made: ModuleType, name: str, value: Any) -> None:
        self.made, self.name, self.value = made, name, value

    def __reduce__(self) -> Any:
        call, (meta,) = self.made.Persistent("Generator", dict(nn.Module().__dict__)).__reduce__()
        return call, (meta | {self.name: self.value},)


def zip_of(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip; names may repeat."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as out:
        for name, content in entries:
            out.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def tensor(storage: bytes, offset: bytes, shape: bytes, strides: bytes) -> bytes:
    """The opcodes of a tensor."""
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + shape + strides
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )  # fmt: skip


def containers(made: ModuleType, canary: str) -> Iterator[tuple[str, bytes]]:
    """Bad files of torch.save, and files that are something else."""
    attack = b"\x80\x02" + system(canary) + b"."
    yield "zip-attack", zip_of([("archive/data.pkl", attack)])
    yield "zip-two-pickles", zip_of([("a/data.pkl", attack), ("b/data.pkl", b"\x80\x02}.")])
    yield "zip-byteorder", zip_of([("a/data.pkl", b"\x80\x02}."), ("a/byteorder", attack)])
    yield "zip-version", zip_of([("a/data.pkl", b"\x80\x02}."), ("a/version", attack)])
    yield "zip-deflated", zip_of([("a/data.pkl", b"\x80\x02}.")], zipfile.ZIP_DEFLATED)
    yield "zip-bomb", zip_of([("a/data.pkl", b"\x80\x02" + b"N" * 50_000_000)], zipfile.ZIP_DEFLATED)
    yield "zip-slip", zip_of([("a/data.pkl", b"\x80\x02}."), ("../../evil", b"x")])
    yield "zip-empty", b"PK\x05\x06" + bytes(18)
    yield "zip-none", zip_of([("readme.txt", b"hello")])
    yield "zip-tail-in-pickle", zip_of([("a/data.pkl", b"\x80\x02}." + attack)])
    plain = zip_of([("a/data.pkl", b"\x80\x02}."), ("a/data/0", b"1234")])
    for flag in (0x1, 0x20, 0x40):
        changed = bytearray(plain)
        for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            changed[changed.index(magic) + at] |= flag
        yield f"zip-flag-{flag}", bytes(changed)
    yield "zip-local-name", plain.replace(b"a/data.pkl", b"b/data.pkl", 1)
    yield "zip-checksum", plain.replace(b"1234", b"1235", 1)
    yield "zip-before", b"\x80\x02}." + plain
    yield "zip-after", plain + b"\x80\x02}."
    doubled = zip_of([("a/data.pkl", b"\x80\x02}."), ("a/data.pkx", attack)]).replace(b"data.pkx", b"data.pkl")
    yield "zip-two-entries-of-a-name", doubled

    def storage(key: str = "0", numel: int = 6, kind: str = "FloatStorage") -> bytes:
        head = b"(" + text("storage") + f"ctorch\n{kind}\n".encode()
        return head + text(key) + text("cpu") + b"J" + struct.pack("<i", numel) + b"tQ"

    def one(tensor_opcodes: bytes, numbers: bytes = bytes(24)) -> bytes:
        described = b"\x80\x02}" + text("main.0.weight") + tensor_opcodes + b"s."
        return zip_of([("a/data.pkl", described), ("a/data/0", numbers)])

    two, three, one_, zero = b"K\x02\x85", b"K\x03\x85", b"K\x01\x85", b"K\x00\x85"
    minus, huge = b"J" + struct.pack("<i", -1) + b"\x85", b"\x8a\x08" + struct.pack("<q", 2**62) + b"\x85"
    yield "tensor-stride-0", one(tensor(storage(), b"K\x00", b"J" + struct.pack("<i", 10**9) + b"\x85", zero))
    yield "tensor-negative-size", one(tensor(storage(), b"K\x00", minus, one_))
    yield "tensor-negative-stride", one(tensor(storage(), b"K\x00", two, minus))
    yield "tensor-negative-offset", one(tensor(storage(), minus[:-1], two, one_))
    yield "tensor-outside", one(tensor(storage(), b"K\x05", two, one_))
    yield "tensor-stride-outside", one(tensor(storage(), b"K\x00", two, b"K\x06\x85"))
    yield "tensor-huge", one(tensor(storage(), b"K\x00", huge, one_))
    yield "tensor-huge-product", one(tensor(storage(), b"K\x00", huge[:-1] * 2 + b"\x86", b"K\x01K\x01\x86"))
    yield "tensor-offset-huge", one(tensor(storage(), huge[:-1], zero, one_))
    yield "tensor-axes", one(tensor(storage(), b"K\x00", b"(" + b"K\x01" * 70 + b"t", b"(" + b"K\x01" * 70 + b"t"))
    yield "tensor-shapes-differ", one(tensor(storage(), b"K\x00", two, b")"))
    yield "tensor-shape-of-text", one(tensor(storage(), b"K\x00", text("ab"), one_))
    yield "storage-short", one(tensor(storage(numel=7), b"K\x00", three, one_))
    yield "storage-long", one(tensor(storage(numel=5), b"K\x00", three, one_))
    yield "storage-negative", one(tensor(storage(numel=-1), b"K\x00", three, one_))
    yield "storage-missing", one(tensor(storage(key="9"), b"K\x00", three, one_))
    yield "storage-key-path", one(tensor(storage(key="../0"), b"K\x00", three, one_))
    yield "storage-kind", one(tensor(storage(kind="OtherStorage"), b"K\x00", three, one_))
    yield "storage-bool", one(tensor(storage(kind="BoolStorage"), b"K\x00", three, one_))
    yield "tensor-of-nothing", one(b"ctorch._utils\n_rebuild_tensor_v2\n)R")
    yield "tensor-not-a-network", one(tensor(storage(), b"K\x00", three, one_))

    weights = {f"main.{3 * i}.weight": torch.zeros(1, 1, 4, 4) for i in range(5)}
    wide = weights | {
        "main.0.weight": torch.zeros(4, 30_000, 4, 4, dtype=torch.float16),
        "main.1.weight": torch.zeros(1),
    }
    yield "dcgan-false-widths", made.torch_saved(wide)
    yield "dcgan-two-layers", made.torch_saved({"main.0.weight": torch.zeros(1, 1, 4, 4)})
    yield "dcgan-wrong-kernel", made.torch_saved({name: torch.zeros(1, 1, 3, 3) for name in weights})
    parts = made.rosinality_parts(None)
    for name in ("convs.0.conv.weight", "input.input", "noises.noise_1", "to_rgbs.0.bias", "convs.0.conv.blur.kernel"):
        for label, value in [("flat", torch.zeros(3)), ("none", None), ("infinite", parts["g_ema"][name] / 0)]:
            changed = dict(parts["g_ema"])
            changed.pop(name) if value is None else changed.update({name: value})
            if (label, name.endswith("kernel")) != ("none", True):
                yield f"rosinality-{name}-{label}", made.torch_saved({"g_ema": changed})
    yield "rosinality-text", made.torch_saved({"g_ema": "weights", "d": "weights"})
    yield "rosinality-nothing", made.torch_saved({"g_ema": {}})
    yield (
        "rosinality-other-filter",
        made.torch_saved({"g_ema": parts["g_ema"] | {"convs.0.conv.blur.kernel": torch.ones(4, 4) / 4}}),
    )
    stream = made.torch_saved(parts, zipped=False)
    yield "stream-tail", stream + b"\0"
    yield "stream-attack", stream[:15] + attack
    yield "stream-magic", stream.replace(b"\xfc", b"\xfd", 1)
    yield "whole-module", made.torch_saved(nn.Linear(2, 2))
    yield "whole-module-stream", made.torch_saved(nn.Linear(2, 2), zipped=False)
    yield "sparse", made.torch_saved({"a": torch.eye(2).to_sparse()})
    yield "a-list", made.torch_saved([1, 2])
    yield "a-tensor", made.torch_saved(torch.zeros(2))
    yield "nothing", b""
    yield "one-byte", b"\x80"
    yield "7z", b"7z\xbc\xaf\x27\x1c" + bytes(100)
    yield "tar", b"data.pkl".ljust(257, b"\0") + b"ustar\x0000" + bytes(300)
    yield "gzip", b"\x1f\x8b\x08" + bytes(50)
    yield "hdf5", b"\x89HDF\r\n\x1a\n" + bytes(50)
    yield "png", b"\x89PNG\r\n\x1a\n" + bytes(50)
    yield "safetensors", struct.pack("<Q", 2) + b"{}"
    yield "safetensors-huge-header", struct.pack("<Q", 2**60) + b"{}"
    yield "json", b'{"resolution": 2147483648}'
    yield "html", b"<!DOCTYPE html><html><title>Not found</title></html>"
    yield "lfs-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 381673535\n"
    yield "zeros", bytes(5000)


def damaged(made: ModuleType) -> Iterator[tuple[str, bytes]]:
    """Good files cut off at a hundred points and more, and with single bits flipped where they say what they hold."""
    rng = random.Random(0)
    goods = {
        "nvidia": made.nvidia_pickle(None, 4),
        "tensorflow": made.tensorflow_pickle(None),
        "zip": made.torch_saved(made.rosinality_parts(None)),
        "stream": made.torch_saved(made.rosinality_parts(None), zipped=False),
    }
    for name, good in goods.items():
        points = 100 if name == "nvidia" else 15
        for at in range(points):
            yield f"cut-{name}-{at:03d}", good[: len(good) * at // points or 1]
        yield f"cut-{name}-last", good[:-1]
    for name, good in goods.items():
        spared = numbers_in(good, made)
        for at in range(50 if name == "nvidia" else 20):
            place = rng.choice(spared)
            yield f"flip-{name}-{at:03d}-{place}", flipped(good, place, rng.randrange(8))


def flipped(good: bytes, place: int, bit: int) -> bytes:
    """The file with one bit flipped."""
    changed = bytearray(good)
    changed[place] ^= 1 << bit
    return bytes(changed)


def numbers_in(good: bytes, made: ModuleType) -> list[int]:
    """The places of a file that are not the numbers of its tensors, nor source text: any value there is a good one."""
    skip = set()
    stub = made.STUB.encode()
    for at in [good.index(stub)] if stub in good else []:
        skip |= set(range(at, at + len(stub)))
    if good.startswith(b"PK"):
        pass  # every entry has a checksum
    elif good.startswith(b"\x80\x02"):
        skip |= set(range(after_pickles(good), len(good)))
    else:
        for opcode, argument, at in pickletools.genops(good):
            if opcode.name in ("BINBYTES", "SHORT_BINBYTES"):
                head = 5 if opcode.name == "BINBYTES" else 2
                inner = after_pickles(argument) + 8 if b"FloatStorage" in argument else 0
                skip |= set(range(at + head + inner, at + head + len(argument)))
    return [place for place in range(len(good)) if place not in skip]


def after_pickles(content: bytes) -> int:
    """Where the five pickles of torch's old format end."""
    stream = io.BytesIO(content)
    for _ in range(5):
        for _ in pickletools.genops(stream):
            pass
    return stream.tell()


def bad_files(made: ModuleType, canary: str) -> dict[str, bytes]:
    """Every bad file but the large ones, by its name."""
    found: dict[str, bytes] = {}
    for source in (opcodes(canary), bombs(), inside(made, canary), containers(made, canary), damaged(made)):
        for name, content in source:
            assert name not in found, name
            found[name] = content
    return found
