"""Class folders as tasks: held-out classes stay out, episodes repeat, supports and queries are apart."""

import numpy as np
import pytest

from graftgan.data.pictures import PictureSet
from graftgan.data.tasks import as_tasks, episode
from graftgan.errors import UserError


def pictures(sizes: list[int]) -> PictureSet:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"{label}/{at}.png" for at, label in enumerate(labels)]
    classes = [str(at) for at in range(len(sizes))]
    return PictureSet(np.zeros((len(labels), 8, 8, 3), np.uint8), names, labels, classes, [], [""] * len(labels))


def test_held_out_classes_are_whole_and_nested() -> None:
    few, more = (as_tasks(pictures([6] * 10), count, 4, seed=3) for count in (2, 5))
    assert set(few.held_out) < set(more.held_out) and len(more.held_out) == 5
    assert sorted([*more.train, *more.held_out]) == list(range(10))
    assert set(as_tasks(pictures([6] * 10), 5, 4, seed=4).held_out) != set(more.held_out)


def test_small_classes_are_left_out() -> None:
    tasks = as_tasks(pictures([3, 6, 6, 4]), 1, 4, seed=0)
    assert sorted({*tasks.train, *tasks.held_out, 0}) == [0, 1, 2, 3] and 0 not in tasks.train


def test_the_split_does_not_depend_on_what_an_episode_needs() -> None:
    splits = [as_tasks(pictures([3, 6, 6, 4, 9, 9]), 2, least, seed=5).held_out.tolist() for least in (1, 4, 5)]
    assert splits[0] == splits[1] == splits[2]


def test_an_episode_is_of_one_class_and_shows_no_picture_twice() -> None:
    tasks = as_tasks(pictures([9] * 6), 2, 4, seed=0)
    seen = set()
    for index in range(60):
        drawn = episode(tasks, 5, 4, seed=1, index=index)
        seen.add(drawn.task)
        assert len({*drawn.support, *drawn.query}) == 9
        assert set(tasks.pictures.labels[[*drawn.support, *drawn.query]]) == {drawn.task}
    assert seen == set(tasks.train)


def test_an_episode_depends_on_seed_and_index_alone() -> None:
    tasks = as_tasks(pictures([9] * 6), 0, 4, seed=0)
    first, again = (episode(tasks, 3, 2, seed=1, index=17) for _ in range(2))
    assert first.task == again.task and (first.support == again.support).all() and (first.query == again.query).all()
    others = [episode(tasks, 3, 2, seed=1, index=index).support.tolist() for index in range(5)]
    assert len({str(other) for other in others}) > 1


@pytest.mark.parametrize(("sizes", "held", "message"), [([9] * 3, 2, "at least 2"), ([2] * 9, 0, "other 9 classes 0")])
def test_too_few_classes(sizes: list[int], held: int, message: str) -> None:
    with pytest.raises(UserError, match=f"--held-out-classes {held}: .*{message}"):
        as_tasks(pictures(sizes), held, 4, seed=0)


def test_pictures_without_folders() -> None:
    flat = pictures([9])
    flat.classes.clear()
    with pytest.raises(UserError, match="no folders"):
        as_tasks(flat, 0, 4, seed=0)
