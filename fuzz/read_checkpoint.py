"""Coverage-guided fuzzing of the reader of foreign checkpoints; see README.md beside this file."""

import importlib.util
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["graftgan.inert", "graftgan.zoo", "graftgan.networks.dcgan", "graftgan.networks.stylegan3_plan"]
):
    from graftgan.errors import UserError
    from graftgan.inert.budget import Limits
    from graftgan.inert.refusal import Refusal
    from graftgan.zoo.convert import assemble_pair
    from graftgan.zoo.foreign import read_bytes

LIMITS = Limits(opcodes=50_000, stack=20_000)
FILE = Path("fuzzed")
SMALL = 8_000


def read(data: bytes) -> None:
    """Reads one input; the first byte says whether a partial load is allowed."""
    partial = bool(data) and data[0] == 1
    try:
        foreign = read_bytes(memoryview(bytearray(data[1:])), partial, LIMITS)
        assemble_pair(foreign, FILE, partial)
    except (Refusal, UserError):
        pass


def write_seeds(folder: Path) -> None:
    """Writes a good file of every kind, and the bad ones of the tests."""
    made = {}
    for name in ("written_files", "bad_files"):
        path = Path(__file__).parents[1] / "tests" / "zoo" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        made[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made[name])
    files, parts = made["written_files"], made["written_files"].rosinality_parts(None)
    seeds = {f"nvidia-{protocol}": files.nvidia_pickle(None, protocol) for protocol in (2, 3, 4)}
    waves = dict(channel_base=32, channel_max=2, num_layers=3, z_dim=2, w_dim=2)
    given = {name: waves[name] for name in ("channel_base", "channel_max", "num_layers")} | {"margin_size": 4}
    small = files.stylegan3(**waves)
    seeds |= {f"stylegan3-{protocol}": files.stylegan3_pickle(small, given, protocol) for protocol in (3, 4)}
    seeds |= {f"tensorflow-{protocol}": files.tensorflow_pickle(None, protocol) for protocol in (2, 4, 5)}
    seeds |= {f"torch-{zipped}": files.torch_saved(parts, zipped) for zipped in (True, False)}
    bad = made["bad_files"].bad_files(files, "fuzz-canary")
    # Small ones only: an input of 100 kB takes a tenth of a second.
    seeds |= {name: content for name, content in bad.items() if len(content) < SMALL and not name.startswith("cut-")}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (folder / name.replace("/", "_")).write_bytes(bytes([len(content) % 2]) + content)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--seeds"]:
        write_seeds(Path(sys.argv[2]))
    else:
        atheris.Setup(sys.argv, read)
        atheris.Fuzz()
