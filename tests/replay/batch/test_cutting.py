"""Tasks cut up."""

from collections.abc import Iterable

import attrs
from hypothesis import given
from hypothesis import strategies as st

from replay.batch.tasks import Job, Place, Task, alone, cut
from replay.sources.protocols import Portion

JOB = Job("somewhere", {}, ())


def _task(*counts: int) -> Task:
    """Return a task of portions of so many sessions, as far as anybody knows."""
    portions = tuple(Portion((n,), 1, count) for n, count in enumerate(counts))
    return Task(JOB, 3, portions)


def _ends(task: Task) -> list[Task]:
    """Return what a task is cut into in the end."""
    parts = cut(task)
    return [end for part in parts for end in _ends(part)] if parts else [task]


def _places(tasks: Iterable[Task], counts: list[int]) -> list[Place]:
    places = [(n, i) for n, count in enumerate(counts, 3) for i in range(count)]
    return [place for task in tasks for place in places if _is_in(task, place)]


def _is_in(task: Task, place: Place) -> bool:
    return place[0] in dict(task.numbered()) and task.has(place)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_each_session_ends_in_one_task_by_itself(
    counts: list[int], data: st.DataObject
) -> None:
    task = _task(*counts)
    everywhere = _places([task], counts)
    if data.draw(st.booleans()):
        only = data.draw(st.sets(st.sampled_from(everywhere), min_size=1))
        task = attrs.evolve(task, only=frozenset(only))
    ends = _ends(task)
    assert _places(ends, counts) == _places([task], counts)
    assert all(len(_places([end], counts)) <= 1 for end in ends)


def test_sessions_that_nobody_knew_of_stay_together() -> None:
    ends = [_places([end], [5]) for end in _ends(_task(2))]
    assert ends == [[(3, 0)], [(3, 1)], [(3, 2), (3, 3), (3, 4)]]


def test_a_task_without_sessions_cannot_be_cut() -> None:
    assert cut(attrs.evolve(_task(1), only=frozenset())) == []
    assert cut(attrs.evolve(_task(1), stop=(3, 0))) == []


def test_one_session_is_a_task_whatever_it_was_part_of() -> None:
    task = attrs.evolve(_task(3), without=frozenset([(3, 1)]))
    assert _places([alone(task, (3, 1))], [3]) == [(3, 1)]
