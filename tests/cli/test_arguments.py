"""Words become options; flags, help and types come from the fields of a dataclass."""

from dataclasses import dataclass

import pytest

from graftgan.cli.arguments import field_docs, is_flag, parse
from graftgan.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Parent:
    """What two jobs share."""

    seed: int = 0
    """Of everything
    random."""
    rate: float = 1.0
    """Of learning: {losses}."""


@dataclass(frozen=True, kw_only=True)
class Job(Parent):
    """Does something.

    More about it.
    """

    source: str | None = None
    """Where from."""
    out: str | None = None
    """Where to."""
    shots: int | None = None
    settings: tuple[str, ...] = ()
    """NAME=VALUE each."""
    rate: float = 2.0
    """Of learning, here."""
    two_words: bool = False
    """A switch."""

    def __post_init__(self) -> None:
        """Refuses a seed of 13."""
        if self.seed == 13:
            raise UserError("--seed 13: bad luck")


def parsed(text: str) -> Job:
    return parse(Job, text.split(), "job", positional=("source", "out"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Job()),
        ("a", Job(source="a")),
        ("a b", Job(source="a", out="b")),
        ("a --seed 3 b", Job(source="a", out="b", seed=3)),
        ("--seed=3 a", Job(source="a", seed=3)),
        ("--out b a", Job(source="a", out="b")),
        ("--two-words a", Job(source="a", two_words=True)),
        ("--two_words a", Job(source="a", two_words=True)),
        ("--no-two-words a", Job(source="a")),
        ("--settings x=1 y=2 --seed 1", Job(settings=("x=1", "y=2"), seed=1)),
        ("--settings x=1 y=2 a b", Job(settings=("x=1", "y=2"), source="a", out="b")),
        ("--settings x a b", Job(settings=("x",), source="a", out="b")),
        ("a b --settings x y=2", Job(settings=("x", "y=2"), source="a", out="b")),
        ("--seed -5", Job(seed=-5)),
        ("--rate 1e-3 a", Job(rate=0.001, source="a")),
        ("--rate -.5", Job(rate=-0.5)),
        ("--shots 4", Job(shots=4)),
        ("--shots None", Job()),
        ("--seed 1 --seed 2", Job(seed=2)),
        ("-", Job(source="-")),
    ],
)
def test_words_become_options(text: str, expected: Job) -> None:
    found = parsed(text)
    assert found == expected and type(found) is Job


@pytest.mark.parametrize("text", ["x y=2 --seed 1", "--seed 1 x y=2", "--seed 1 --settings x y=2"])
def test_a_positional_field_may_take_several_words(text: str) -> None:
    found = parse(Job, text.split(), "job", positional=("settings",))
    assert found == Job(settings=("x", "y=2"), seed=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b c", "c: one word too many"),
        ("--source a b c", "c: one word too many"),
        ("--sed 1", "unknown option --sed: did you mean --seed?"),
        ("--two-word", "unknown option --two-word: did you mean --two-words?"),
        ("--no-seed", "unknown option --no-seed: did you mean --seed?"),
        ("-s 1", "unknown option -s: "),
        ("--", "unknown option --: "),
        ("--seed x", "--seed x: not a whole number"),
        ("--seed=", "--seed: a value is missing"),
        ("--seed", "--seed: a value is missing .a whole number"),
        ("--shots 1.5", "--shots 1.5: not a whole number"),
        ("--two-words=maybe", "--two-words maybe: not a switch"),
        ("--seed 13", "--seed 13: bad luck"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=f"^{message}") as refused:
        parsed(text)
    assert "\n" not in str(refused.value)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_help_comes_from_the_docstrings_of_all_owners() -> None:
    docs = field_docs(Job)
    assert docs["seed"] == "Of everything random." and docs["rate"] == "Of learning, here."
    assert "shots" not in docs
    assert field_docs(Parent)["rate"] == "Of learning: {losses}."


def test_help_is_printed_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parsed("--seed 3 --help")
    assert not end.value.code
    assert "usage: graftgan job SOURCE OUT" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        parse(Parent, ["-h"], "job")
    assert "minimax" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["--seed", "-h", "--", "-x1"])
def test_flags(word: str) -> None:
    assert is_flag(word)


@pytest.mark.parametrize("word", ["-1", "-", "-1.5e3", "-inf", "a", "", "x--y"])
def test_values(word: str) -> None:
    assert not is_flag(word)
