"""Class folders as tasks: which classes are held out, and which pictures an episode shows."""

from dataclasses import dataclass

import numpy as np

from graftgan.data.pictures import PictureSet
from graftgan.errors import UserError


@dataclass(frozen=True, eq=False)
class Tasks:
    """Classes of pictures, each a task: learn to draw more of these.

    Attributes:
        pictures: of all classes.
        train: int64, the classes that episodes come from, as positions in `pictures.classes`.
        held_out: int64, the classes that no episode shows.
    """

    pictures: PictureSet
    train: np.ndarray
    held_out: np.ndarray

    def of(self, task: int) -> np.ndarray:
        """Positions of a class's pictures, in the set's order."""
        return np.flatnonzero(self.pictures.labels == task)


@dataclass(frozen=True, eq=False)
class Episode:
    """One task with the pictures to learn from and those to be judged by.

    Attributes:
        task: position in `PictureSet.classes`.
        support: positions of the pictures that the inner loop sees.
        query: positions of other pictures of the class.
    """

    task: int
    support: np.ndarray
    query: np.ndarray


def as_tasks(pictures: PictureSet, held_out: int, least: int, seed: int) -> Tasks:
    """Splits the classes of a set into those that are trained on and those held out, whole, by the seed.

    The split is nested: with the same classes and seed, fewer held-out classes are a part of more. It is over all
    classes, so that it is the same however many pictures an episode needs.

    Args:
        pictures: with class folders.
        held_out: how many classes no episode may show, 0 or more.
        least: pictures that an episode needs; of the classes to train on, smaller ones are left out.
        seed: any whole number.

    Returns:
        The tasks.

    Raises:
        UserError: no folders, or fewer than two classes left to train on.
    """
    if not pictures.classes:
        raise UserError("the tasks are one folder of pictures each; these pictures have no folders to tell them apart")
    sizes = np.bincount(pictures.labels, minlength=len(pictures.classes))
    order = np.random.default_rng((seed % 2**64, 0x7A5C)).permutation(len(pictures.classes))
    train = order[held_out:]
    large = train[sizes[train] >= least]
    if len(large) < 2:
        raise UserError(
            f"--held-out-classes {held_out}: of the other {len(train)} classes {len(large)} have the {least} pictures "
            "that an episode needs, and at least 2 are needed to learn from"
        )
    return Tasks(pictures, np.sort(large), np.sort(order[:held_out]))


def episode(tasks: Tasks, shots: int, queries: int, seed: int, index: int) -> Episode:
    """Draws one episode: a class to learn, `shots` of its pictures, and `queries` others.

    Args:
        tasks: to draw from.
        shots: pictures that the inner loop sees.
        queries: further pictures of the class; 0 where the algorithm has no use for them.
        seed: of the run.
        index: of the episode; a pure function of (seed, index), so that a resumed run draws the same.

    Returns:
        The episode.
    """
    rng = np.random.default_rng((seed % 2**64, 0xE915, index))
    task = int(rng.choice(tasks.train))
    chosen = rng.permutation(tasks.of(task))
    return Episode(task, chosen[:shots], chosen[shots : shots + queries])
