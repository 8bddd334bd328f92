"""What a row of the table of metrics holds: how the number is made, what it needs, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from graftgan.metrics.measure import Measure

# real: features of the reference (the hold-out), fake: of the pictures that are judged, photos: of the photos trained
# on, all (N, dim); logits: class logits of the judged pictures (N, classes); lpips: a `PerceptualView`.
EVIDENCE = ("real", "fake", "photos", "logits", "lpips")


@dataclass(frozen=True)
class Metric:
    """A metric as the table of metrics lists it.

    Attributes:
        compute: evidence -> measure; a pure function with positional arguments in the order of `needs`.
        needs: names out of `EVIDENCE`.
        better: which way is better; "neither" where the value is compared with another one, such as the hold-out's.
        group: heading that tables show it under.
        title: as tables show it.
        about: one plain sentence: what the number says, and how to read it.
        size_bias: whether the value moves with the number of pictures, so that half against half is no floor.
        slow: whether it is only measured when it is asked for by name.

    Example:
        >>> count = Metric(lambda fake: Measure(len(fake)), ("fake",), "higher", "Diversity", "pictures", "How many.")
        >>> count.compute([1, 2]).value
        2
    """

    compute: Callable[..., Measure]
    needs: tuple[str, ...]
    better: Literal["lower", "higher", "neither"]
    group: Literal["Quality", "Diversity", "Memorisation"]
    title: str
    about: str
    size_bias: bool = False
    slow: bool = False
