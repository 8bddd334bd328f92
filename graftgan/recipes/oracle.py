"""What the choice of a checkpoint cost: its KID beside that of the best tick, which only the hold-out can tell.

The oracle is no method: it looks at the numbers that it is measured by. It is the minimum of noisy numbers, lower than
its step would score on other pictures, so that the loss against it is an upper bound.
"""

from typing import Any

import numpy as np

from graftgan.metrics import Measure
from graftgan.networks import Generator
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.judge import Judge
from graftgan.recipes.subject import of_generator
from graftgan.recipes.training_run import Finished
from graftgan.recipes.watch import networks_at
from graftgan.surgery.merge import merged
from graftgan.training import checkpoint

MOST_PICTURES = 100


def against_oracle(finished: Finished, options: AdaptOptions, chosen: Generator, judge: Judge) -> dict[str, Any] | None:
    """Measures the KID of every tick after the start, and of the generator that the user gets, by one cheap protocol.

    Args:
        finished: a run whose folder still holds a checkpoint of every tick, and says which step was chosen.
        options: of the run; its ticks are the looks, not the checkpoints of an interruption.
        chosen: what the run gives its user, in evaluation mode; measured only where its step is no tick.
        judge: measures KID.

    Returns:
        JSON values: `kid` of the chosen, `best` of the ticks, with `best_kimg`, `loss` = kid - best (never negative
        where the chosen one is a tick), `error` (mean standard error of one KID), `looks` (kimg, KID) in order,
        `pictures` measured; None where there is no KID. In helping processes None as well.

    Raises:
        UserError: a checkpoint is damaged.
    """
    count = min(MOST_PICTURES, options.metric_pictures)
    schedule = options.schedule()
    chosen_step = (finished.folder.read_record().get("checkpoint") or {}).get("step")
    paths = {
        int(path.name.removeprefix("step-")): path for path in checkpoint.steps(finished.folder.path / "checkpoints")
    }
    # the start is the source, which has a row of its own
    ticks = [step for step in paths if step and schedule.is_tick(step)]
    looks: list[tuple[float, float]] = []
    kids: dict[int, Measure] = {}
    for step in ticks:
        at = networks_at(paths[step], finished.state)
        verdict = judge.measure(of_generator(f"{at.kimg:.1f} kimg", merged(at.average).eval(), count))
        if (kid := verdict.measures.get("kid")) is not None:
            kids[step] = kid
            looks.append((at.kimg, kid.value))
    found = kids.get(chosen_step) if chosen_step is not None else None
    if chosen_step not in ticks:
        found = judge.measure(of_generator("chosen", chosen, count)).measures.get("kid")
    if found is None or not looks:
        return None
    best_kimg, best = min(looks, key=lambda look: look[1])
    errors = [kid.error for kid in kids.values() if kid.error is not None]
    return {
        "kid": found.value,
        "best": best,
        "best_kimg": best_kimg,
        "loss": found.value - best,
        "error": float(np.mean(errors)) if errors else None,
        "looks": [list(look) for look in looks],
        "pictures": count,
    }
