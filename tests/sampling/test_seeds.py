"""Seeds as people write them."""

import pytest

from graftgan.errors import UserError
from graftgan.sampling.seeds import parse_seeds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", [0]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        (" 5 , 2-3", [5, 2, 3]),
        ("7,7", [7, 7]),
        ("4-4", [4]),
        ("999999999999999999", [999999999999999999]),
    ],
)
def test_numbers_and_ranges(text: str, expected: list[int]) -> None:
    assert parse_seeds(text) == expected


@pytest.mark.parametrize("text", ["", ",", "1,", "-1", "a", "3-1", "1-2-3", "1.5", "0x10", "1 2", "9" * 19])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--seeds .*: write numbers and ranges like 0-63,100"):
        parse_seeds(text)


@pytest.mark.parametrize("text", ["0-100000", "0-999999999999", "0-60000,0-60000"])
def test_too_many_are_refused_before_they_fill_the_memory(text: str) -> None:
    with pytest.raises(UserError, match="more than 100,000"):
        parse_seeds(text)
    assert len(parse_seeds("1-100000")) == 100_000
