"""Seeds as people write them: `0-63,100`."""

import re

from graftgan.errors import UserError


def parse_seeds(text: str) -> list[int]:
    """Returns the seeds of a text like `0-63,100`, in order.

    Args:
        text: numbers and ranges (both ends included), parted by commas.

    Returns:
        The seeds.

    Raises:
        UserError: not such a text, a range that runs backwards, or more than 100,000 seeds.

    Example:
        >>> parse_seeds("0-2,7")
        [0, 1, 2, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,18})(?:-(\d{1,18}))?\s*", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise UserError(f"--seeds {text}: write numbers and ranges like 0-63,100")
        first, last = int(match[1]), int(match[2] or match[1])
        if last - first + len(seeds) >= 100_000:
            raise UserError(f"--seeds {text}: more than 100,000 seeds")
        seeds += range(first, last + 1)
    return seeds
