"""The front door: help at once, wrong words answered with the nearest right one, one line for every mistake."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import graftgan.cli.main
from graftgan.cli.main import VERBS, main
from graftgan.errors import GraftganError, NumericalError, StoppedEarly, UserError
from graftgan.methods import METHODS
from graftgan.methods.base import Method


def plain(help_text: str) -> str:
    """The words of a help page, without its boxes and line ends."""
    for line in "│╭╮╰╯─":
        help_text = help_text.replace(line, " ")
    return " ".join(help_text.split())


def answered(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and the one line on stderr."""
    code = main(words)
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not re.match(r"(read pictures|prepare) \d", line)]
    assert len(lines) == 1, captured.err
    assert captured.out == ""
    return code, lines[0]


def test_help_is_at_once_on_the_screen_and_loads_no_torch() -> None:
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "from graftgan.cli.main import main\n"
        "code = main(['--help'])\n"
        "heavy = {'torch', 'numpy', 'PIL', 'tyro', 'lightning_fabric'} & set(sys.modules)\n"
        "print(code, sorted(heavy), time.perf_counter() - began < 0.25, file=sys.stderr)"
    )
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - began)
        assert "usage: graftgan VERB" in run.stdout
        assert run.stderr.split()[:2] == ["0", "[]"]
    assert min(seconds) < 0.5  # the start of Python is in it


def test_the_installed_command_is_the_module(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-m", "graftgan", "adpat"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("graftgan: adpat: did you mean adapt?") and run.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["help"]])
def test_help_names_every_verb(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    found = capsys.readouterr().out
    assert all(f"  {verb} " in found for verb in VERBS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split()[0] == "graftgan"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("how", ["-h", "--help"])
def test_every_verb_helps(verb: str, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, how]) == 0
    captured = capsys.readouterr()
    found = plain(captured.out)
    assert found.startswith(f"usage: graftgan {verb}") and captured.err == ""
    assert "{methods}" not in found and "{" not in found.replace("{None}", "").replace("{True,False}", "")


def test_help_names_what_there_is_to_choose_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapt", "--help"]) == 0
    found = plain(capsys.readouterr().out)
    assert "usage: graftgan adapt PHOTOS" in found
    for names in (
        f"How the pretrained pair is adapted: {', '.join(METHODS)}.",
        "Architecture: dcgan, stylegan2, vae;",
        "Adversarial loss: minimax, non-saturating, hinge, wasserstein, relativistic.",
        "what the discriminator sees: none, diffaug, ada.",
        "Whose features the metrics and the watch compare: inception, efficientnet-lite0, strokes.",
        "Budget: thousands of real pictures shown to the discriminator; 10 took 80 s",
    ):
        assert names in found


def test_a_new_method_appears_by_itself(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass(frozen=True)
    class Brandnew(Method):
        """A method that nobody else knows of."""

        sway: float = 0.5

    monkeypatch.setitem(METHODS, "brandnew", Brandnew)
    assert main(["adapt", "--help"]) == 0
    assert f"{', '.join(METHODS)}." in plain(capsys.readouterr().out)
    assert answered(["adapt", "x", "--method", "brandnw"], capsys)[1].startswith(
        "graftgan adapt: --method brandnw: did you mean brandnew?"
    )
    code, line = answered(["adapt", "x", "--method", "brandnew", "--method-options", "swy=1"], capsys)
    assert code == 2 and "did you mean sway?" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["adpt"], "graftgan: adpt: did you mean adapt?"),
        (["zzz"], "graftgan: zzz: unknown (choose from demo, adapt"),
        (["train", "x", "--netwrok", "dcgan"], "graftgan train: unknown option --netwrok: did you mean --network?"),
        (["train", "--kimgs=3", "x"], "graftgan train: unknown option --kimgs: did you mean --kimg?"),
        (["train", "x", "-k", "3"], "graftgan train: unknown option -k:"),
        (["adapt", "x", "--shot", "10"], "graftgan adapt: unknown option --shot: did you mean --shots?"),
        (["sample", "--seed", "3"], "graftgan sample: unknown option --seed: did you mean --seeds?"),
        (["train", "x", "--network", "dcgn"], "graftgan train: --network dcgn: did you mean dcgan?"),
        (["train", "x", "--batch", "many"], "graftgan train: --batch many: not a whole number"),
        (["train", "x", "--batch", "1.5"], "graftgan train: --batch 1.5: not a whole number"),
        (["train", "x", "--kimg=much"], "graftgan train: --kimg much: not a number"),
        (["train", "x", "--shots", "ten"], "graftgan train: --shots ten: not a whole number"),
        (["train", "x", "--kimg"], "graftgan train: --kimg: a value is missing (a number)"),
        (["train", "x", "--kimg", "--flip"], "graftgan train: --kimg: a value is missing (a number)"),
        (["train", "x", "--flip", "yes"], "graftgan train: yes: one word too many"),
        (["train", "x", "y"], "graftgan train: y: one word too many"),
        (["train", "x", "--seed", "-1"], "graftgan train: --seed -1: must be 0 or above"),
        (["train", "x", "--kimg", "-inf"], "graftgan train: --kimg -inf: a finite number above 0"),
        (["sample", "m", "--seeds=-1"], "graftgan sample: --seeds -1: write numbers and ranges like 0-63,100"),
        (["sample", "m", "--seeds", "-1"], "graftgan sample: --seeds -1: write numbers and ranges"),
        (["sample"], "graftgan sample: name a run's folder, a model folder or a source"),
        (["sample", "avatars-46"], "graftgan sample: no source avatars-46: neither a name nor a folder"),
        (["train"], "graftgan train: name the folder or zip of pictures to train on"),
        (["adapt", "--source", "none"], "graftgan adapt: name the folder or zip of pictures to adapt to"),
        (["prepare", "x"], "graftgan prepare: name the folder or zip of pictures, and a new folder to write to"),
        (["sources", "x"], "graftgan sources: no source x: neither a name nor a folder"),
        (["sources", "x", "y"], "graftgan sources: y: one word too many"),
        (["train", "/nowhere/at/all"], "graftgan train: no folder or zip of pictures at /nowhere/at/all"),
        (["train", "--resume", "/nowhere"], "graftgan train: --resume /nowhere: not the folder of a run"),
        (["adapt", "x", "--source", "avatar-64"], "graftgan adapt: no source avatar-64"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = answered(words, capsys)
    assert code == 2 and line.startswith(message), line


@pytest.mark.parametrize("verb", ["train", "prepare"])
def test_pictures_that_are_none(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, texts, file = tmp_path / "empty", tmp_path / "texts", tmp_path / "notes.txt"
    empty.mkdir()
    texts.mkdir()
    (texts / "readme.txt").write_text("hello")
    (texts / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    file.write_text("hello")
    rest = [str(tmp_path / "out")] if verb == "prepare" else ["--outdir", str(tmp_path / "out")]
    for path, message in (
        (empty, f"no file in {empty}"),
        (texts, f"no picture could be read in {texts} (2 files, all refused:"),
        (file, str(file)),
        (tmp_path / "gone", f"no folder or zip of pictures at {tmp_path / 'gone'}"),
    ):
        code, line = answered([verb, str(path), *rest], capsys)
        assert code == 2 and line.startswith(f"graftgan {verb}: ") and message in line, line
    assert not (tmp_path / "out").exists()


def test_damaged_models_and_checkpoints(
    tiny: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from graftgan.recipes import train

    folder = train.run(train.TrainOptions(**{**tiny, "kimg": 0.016}))
    model = folder / "model" / "generator.safetensors"
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    photos = tiny["images"]
    capsys.readouterr()
    for words in (["sample", str(folder)], ["adapt", photos, "--source", str(folder)]):
        code, line = answered(words, capsys)
        assert code == 2 and f"{model} is not a whole safetensors file" in line
    model.write_bytes(whole)
    (folder / "model" / "config.json").write_text("{")
    code, line = answered(["sample", str(folder)], capsys)
    assert code == 2 and "config.json is not JSON" in line

    for state in (folder / "checkpoints").glob("*/state.safetensors"):
        state.write_bytes(state.read_bytes()[:100])
    code, line = answered(["train", "--resume", str(folder)], capsys)
    assert code == 2 and "every checkpoint in" in line and "is damaged" in line
    (folder / "run.json").write_text("{")
    code, line = answered(["train", "--resume", str(folder)], capsys)
    assert code == 2 and "run.json cannot be read" in line


def test_a_damaged_newest_checkpoint_is_told_in_one_line(
    tiny: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from graftgan.recipes import train

    folder = train.run(train.TrainOptions(**{**tiny, "kimg": 0.016}))
    (folder / "checkpoints" / "step-00000002" / "state.json").unlink()
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["train", "--resume", str(folder)]) == 0
    said = capsys.readouterr().err
    (line,) = [line for line in said.splitlines() if "warning" in line]
    assert line.startswith("graftgan train: warning: the checkpoint ") and line.endswith("going on from step-00000001")


def test_flags_stand_before_between_or_after(tiny: dict[str, Any], tmp_path: Path) -> None:
    sizes = ["--cbase", "128", "--cmax=8", "--z-dim", "8", "--resolution", "16", "--kimg", "0.008", "--batch", "8"]
    photos, out = str(tiny["images"]), ["--outdir", str(tmp_path / "runs"), "--devices", "cpu"]
    orders = [
        ["train", photos, *out, *sizes, "--flip"],
        ["train", *out, *sizes, "--flip", photos],
        ["train", *out, photos, "--flip", *sizes],
        ["train", "--flip", *sizes, *out, "--images", photos],
        ["train", *sizes, *out, "--flip", "--method=projected", "--method-options", "side=32", photos],
    ]
    for number, words in enumerate(orders, 1):
        assert main(words) == 0
        record = json.loads((tmp_path / "runs" / f"000{number}-fields-train" / "run.json").read_text())
        assert record["images"] == photos and record["options"]["flip"]
    assert record["options"]["method_options"] == ["side=32"]


def test_prepare_writes_pictures(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    shutil.copytree(photos, source)
    (source / "bad.png").write_bytes(b"bad")
    assert main(["prepare", str(source), str(tmp_path / "out"), "--resolution", "32"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "12 of 13 files kept" and lines[1].startswith("  1 refused: ")
    assert len(list((tmp_path / "out").glob("*.png"))) == 12


def test_sample_says_where_the_pictures_are(tiny: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    sizes = "--kimg 0.008 --batch 8 --resolution 16 --cbase 128 --cmax 8 --z-dim 8 --devices cpu"
    assert main(["train", tiny["images"], "--outdir", tiny["outdir"], *sizes.split()]) == 0
    model = Path(capsys.readouterr().out.removeprefix("model: ").strip())
    assert main(["sample", str(model), "--seeds", "0-3", "--trunc", "0.7"]) == 0
    folder = Path(capsys.readouterr().out.removeprefix("pictures: ").strip())
    assert len(list(folder.glob("seed*.png"))) == 4


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("--kimg: no"), 2, "graftgan train: --kimg: no"),
        (StoppedEarly("stopped\nhere"), 3, "graftgan train: stopped here"),
        (NumericalError("step 4: nan"), 4, "graftgan train: step 4: nan"),
        (KeyboardInterrupt(), 130, "graftgan train: interrupted"),
        (
            OSError(28, "No space left on device", "/full/disk"),
            2,
            "graftgan train: /full/disk: No space left on device",
        ),
        (OSError(28, "No space left on device"), 2, "graftgan train: the disk: No space left on device"),
    ],
)
def test_every_end_has_its_line_and_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import graftgan.cli.train

    def ends(_: list[str]) -> None:
        raise error

    monkeypatch.setattr(graftgan.cli.train, "main", ends)
    assert answered(["train", "x"], capsys) == (code, line)


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    import graftgan.cli.train

    monkeypatch.setattr(graftgan.cli.train, "main", lambda _: [][0])
    with pytest.raises(IndexError):
        main(["train", "x"])


@pytest.mark.parametrize("error", [StoppedEarly("stopped"), NumericalError("nan"), UserError("no photos")])
def test_a_helping_process_leaves_the_word_and_the_exit_code_to_the_first(
    error: GraftganError, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import graftgan.cli.train

    def ends(_: list[str]) -> None:
        print("model: x")
        raise error

    monkeypatch.setattr(graftgan.cli.train, "main", ends)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert main(["train", "x"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "graftgan train: (in a helping process) no photos\n" if isinstance(error, UserError) else ""
    )


def test_the_tests_run_in_the_first_process() -> None:
    assert os.environ.get("LOCAL_RANK", "0") == "0" and not graftgan.cli.main.helps()


def test_a_resumed_run_passes_over_no_option_that_was_given(
    tiny: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from graftgan.recipes import train
    from graftgan.recipes.train import TrainOptions

    folder = train.run(TrainOptions(**tiny))
    assert tiny["batch"] != TrainOptions().batch
    assert main(["train", "--resume", str(folder), "--batch", str(TrainOptions().batch)]) == 2
    assert "keeps it" in capsys.readouterr().err
