"""What the choice of a checkpoint cost: its KID beside that of the best tick, which only the hold-out can tell.

The oracle is no method: it looks at the numbers that it is measured by. It is only here as a bound.
"""

import copy
from typing import Any

from graftgan.networks import Generator
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.judge import Judge
from graftgan.recipes.subject import of_generator
from graftgan.recipes.training_run import Finished
from graftgan.surgery.merge import merged
from graftgan.training import checkpoint

MOST_PICTURES = 100


def against_oracle(finished: Finished, options: AdaptOptions, chosen: Generator, judge: Judge) -> dict[str, Any] | None:
    """Measures the KID of every tick after the start, and of the generator that the user gets, by one cheap protocol.

    Args:
        finished: a run whose folder still holds a checkpoint of every tick.
        options: of the run; its ticks are the looks, not the checkpoints of an interruption.
        chosen: what the run gives its user, in evaluation mode.
        judge: measures KID.

    Returns:
        JSON values: `kid` of the chosen, `best` of the ticks, with `best_kimg`, `loss` = kid - best (never negative
        where the chosen one is a tick), `looks` (kimg, KID) in order, `pictures` measured; None where there is no KID.
        In helping processes None as well.
    """
    count = min(MOST_PICTURES, options.metric_pictures)
    schedule = options.schedule()
    found = judge.measure(of_generator("chosen", chosen, count)).measures.get("kid")
    looks = []
    for path in checkpoint.steps(finished.folder.path / "checkpoints"):
        tensors, numbers = checkpoint.read(path)
        if not numbers["step"] or not schedule.is_tick(numbers["step"]):
            continue  # the start is the source, which has a row of its own
        average = copy.deepcopy(finished.state.average)
        prefix = "average."
        average.load_state_dict({key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)})
        kimg = numbers["images"] / 1000
        verdict = judge.measure(of_generator(f"{kimg:.1f} kimg", merged(average).eval(), count))
        if "kid" in verdict.measures:
            looks.append((kimg, verdict.measures["kid"].value))
    if found is None or not looks:
        return None
    best_kimg, best = min(looks, key=lambda look: look[1])
    return {
        "kid": found.value,
        "best": best,
        "best_kimg": best_kimg,
        "loss": found.value - best,
        "looks": [list(look) for look in looks],
        "pictures": count,
    }
