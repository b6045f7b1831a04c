"""Tasks: their sessions, their cutting, and their making from portions."""

from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.batch.tasks import (
    TASK_WEIGHT,
    Job,
    Place,
    PluginSpec,
    Task,
    make_tasks,
    single_session_task,
    split_task,
    weight_of,
)
from replay.sources.protocols import Portion

JOB = Job("somewhere", {}, ())
PORTIONS = tuple(Portion((name,), 1) for name in "abc")
TASK = Task(JOB, 5, PORTIONS)


def _numbers(task: Task) -> list[int]:
    return [number for number, _ in task.numbered()]


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({}, [5, 6, 7]),
        ({"numbers": (5, 8, 11)}, [5, 8, 11]),
        ({"start": (6, 3)}, [6, 7]),
        ({"stop": (6, 0)}, [5]),
        ({"stop": (6, 1)}, [5, 6]),
        ({"included": frozenset([(6, 2)])}, [6]),
    ],
)
def test_portions_without_a_session_of_the_task_are_passed_over(
    changes: dict[str, Any], numbers: list[int]
) -> None:
    assert _numbers(attrs.evolve(TASK, **changes)) == numbers


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"start": (5, 1), "stop": (6, 1)}, [(5, 1), (6, 0)]),
        ({"included": frozenset([(5, 0), (6, 1)])}, [(5, 0), (6, 1)]),
        ({"excluded": frozenset([(5, 1)])}, [(5, 0), (6, 0), (6, 1)]),
    ],
)
def test_a_task_has_some_sessions_only(
    changes: dict[str, Any], places: list[Place]
) -> None:
    task = attrs.evolve(TASK, **changes)
    everywhere = [(5, 0), (5, 1), (6, 0), (6, 1)]
    assert [place for place in everywhere if task.has(place)] == places


def test_what_a_task_looks_like_shows_no_key() -> None:
    plugin = PluginSpec("mine", {"key": "s3cr3t"}, "1")
    job = Job("somewhere", {"storage_options": {"secret": "s3cr3t"}}, (plugin,))
    assert "s3cr3t" not in repr(attrs.evolve(TASK, job=job))


# Cut up


def _task(*counts: int) -> Task:
    """Return a task of portions with these expected numbers of sessions."""
    portions = tuple(Portion((n,), 1, count) for n, count in enumerate(counts))
    return Task(JOB, 3, portions)


def _ends(task: Task) -> list[Task]:
    """Return the smallest tasks that a task is cut into."""
    parts = split_task(task)
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
        included = data.draw(st.sets(st.sampled_from(everywhere), min_size=1))
        task = attrs.evolve(task, included=frozenset(included))
    ends = _ends(task)
    assert _places(ends, counts) == _places([task], counts)
    assert all(len(_places([end], counts)) <= 1 for end in ends)


def test_sessions_that_nobody_knew_of_stay_together() -> None:
    ends = [_places([end], [5]) for end in _ends(_task(2))]
    assert ends == [[(3, 0)], [(3, 1)], [(3, 2), (3, 3), (3, 4)]]


def test_a_task_without_sessions_cannot_be_cut() -> None:
    assert split_task(attrs.evolve(_task(1), included=frozenset())) == []
    assert split_task(attrs.evolve(_task(1), stop=(3, 0))) == []


def test_one_session_is_a_task_whatever_it_was_part_of() -> None:
    task = attrs.evolve(_task(3), excluded=frozenset([(3, 1)]))
    assert _places([single_session_task(task, (3, 1))], [3]) == [(3, 1)]


# Made of portions

SMALL = 3_000  # bytes of a session
UNEVEN = 0.15  # how much longer than a fair share a worker may be at work


def _numbered(*sizes: int) -> Iterator[tuple[int, Portion]]:
    return enumerate(Portion((n,), size) for n, size in enumerate(sizes))


def _weight(task: Task) -> int:
    return sum(map(weight_of, task.portions))


@given(
    st.lists(st.integers(0, 3 * TASK_WEIGHT), max_size=50),
    st.integers(1, 4),
    st.integers(1, 3),
)
def test_every_portion_is_in_one_task_in_order(
    sizes: list[int], workers: int, step: int
) -> None:
    numbered = [*_numbered(*sizes)][::step]
    tasks = [*make_tasks(JOB, iter(numbered), workers)]
    assert [each for task in tasks for each in task.numbered()] == numbered
    assert all(task.portions for task in tasks)
    within = [_weight(task) - weight_of(task.portions[-1]) for task in tasks]
    assert max(within, default=0) < TASK_WEIGHT, "a large one is a task by itself"


def test_small_portions_share_a_task() -> None:
    tasks = [*make_tasks(JOB, _numbered(*[SMALL] * 40_000), 2)]
    for task in tasks:
        assert _weight(task) <= TASK_WEIGHT + weight_of(task.portions[0])
    assert min(map(_weight, tasks)) > TASK_WEIGHT / 2


@pytest.mark.parametrize("count", [1_000, 7_000, 20_000, 45_000])
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_no_worker_waits_long_for_the_others(count: int, workers: int) -> None:
    done = [0] * workers
    for task in make_tasks(JOB, _numbered(*[SMALL] * count), workers):
        done[done.index(min(done))] += _weight(task)  # whoever is free takes it
    assert max(done) <= (1 + UNEVEN) * sum(done) / workers


def test_no_more_portions_are_asked_for_than_are_needed() -> None:
    asked = []

    def numbered() -> Iterator[tuple[int, Portion]]:
        for number in range(1_000):
            asked.append(number)
            yield number, Portion((number,), TASK_WEIGHT)

    next(make_tasks(JOB, numbered(), 2))
    assert len(asked) <= 20


def test_all_portions_are_known_long_before_the_last_is_given() -> None:
    numbered = _numbered(*[TASK_WEIGHT] * 400)
    tasks = make_tasks(JOB, numbered, 2)
    for _ in range(100):
        next(tasks)
    assert next(numbered, None) is None


def test_small_portions_are_not_all_asked_for_at_once() -> None:
    numbered = _numbered(*[1] * 60_000)
    next(make_tasks(JOB, numbered, 64))
    assert next(numbered)[0] <= 50_000
