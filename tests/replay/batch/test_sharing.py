"""Portions made into tasks."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.batch.tasks import TASK_WEIGHT, Job, Task, shared_out, weight_of
from replay.sources.protocols import Portion

JOB = Job("somewhere", {}, ())
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
    tasks = [*shared_out(JOB, iter(numbered), workers)]
    assert [each for task in tasks for each in task.numbered()] == numbered
    assert all(task.portions for task in tasks)


def test_small_portions_share_a_task() -> None:
    tasks = [*shared_out(JOB, _numbered(*[SMALL] * 40_000), 2)]
    for task in tasks:
        assert _weight(task) <= TASK_WEIGHT + weight_of(task.portions[0])
    assert min(map(_weight, tasks)) > TASK_WEIGHT / 2


@pytest.mark.parametrize("count", [1_000, 7_000, 20_000, 45_000])
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_no_worker_waits_long_for_the_others(count: int, workers: int) -> None:
    done = [0] * workers
    for task in shared_out(JOB, _numbered(*[SMALL] * count), workers):
        done[done.index(min(done))] += _weight(task)  # whoever is free takes it
    assert max(done) <= (1 + UNEVEN) * sum(done) / workers


def test_a_large_portion_is_a_task_by_itself() -> None:
    sizes = (SMALL, 9 * TASK_WEIGHT, SMALL)
    tasks = [*shared_out(JOB, _numbered(*sizes), 1)]
    assert len(tasks) >= len(sizes) - 1
    assert max(map(_weight, tasks)) < 9 * TASK_WEIGHT + 1_000_000


def test_no_more_portions_are_asked_for_than_are_needed() -> None:
    asked = []

    def numbered() -> Iterator[tuple[int, Portion]]:
        for number in range(1_000):
            asked.append(number)
            yield number, Portion((number,), TASK_WEIGHT)

    next(shared_out(JOB, numbered(), 2))
    assert len(asked) <= 20


def test_all_portions_are_known_long_before_the_last_is_given() -> None:
    numbered = _numbered(*[TASK_WEIGHT] * 400)
    tasks = shared_out(JOB, numbered, 2)
    for _ in range(100):
        next(tasks)
    assert next(numbered, None) is None


def test_small_portions_are_not_all_asked_for_at_once() -> None:
    numbered = _numbered(*[1] * 60_000)
    next(shared_out(JOB, numbered, 64))
    assert next(numbered)[0] <= 50_000


def test_nothing_makes_no_task() -> None:
    assert [*shared_out(JOB, iter(()), 2)] == []
