"""What workers are told."""

import pickle

import attrs

from replay.batch.tasks import Job, PluginSpec, Task
from replay.sources.protocols import Portion

JOB = Job("somewhere", {}, ())
PORTIONS = tuple(Portion((name,), 1) for name in "abc")
TASK = Task(JOB, 5, PORTIONS)


def _numbers(task: Task) -> list[int]:
    return [number for number, _ in task.numbered()]


def test_portions_are_numbered_from_the_first() -> None:
    assert [*TASK.numbered()] == [*zip((5, 6, 7), PORTIONS, strict=True)]


def test_portions_may_have_numbers_of_their_own() -> None:
    assert _numbers(attrs.evolve(TASK, numbers=(5, 8, 11))) == [5, 8, 11]


def test_portions_before_the_start_are_passed_over() -> None:
    assert _numbers(attrs.evolve(TASK, start=(6, 3))) == [6, 7]


def test_portions_from_the_stop_on_are_passed_over() -> None:
    assert _numbers(attrs.evolve(TASK, stop=(6, 0))) == [5]
    assert _numbers(attrs.evolve(TASK, stop=(6, 1))) == [5, 6]


def test_portions_without_a_wanted_session_are_passed_over() -> None:
    assert _numbers(attrs.evolve(TASK, only=frozenset([(6, 2)]))) == [6]


def test_a_task_has_the_sessions_between_its_ends() -> None:
    task = attrs.evolve(TASK, start=(5, 1), stop=(6, 1))
    places = [(5, 0), (5, 1), (6, 0), (6, 1)]
    assert [task.has(place) for place in places] == [False, True, True, False]


def test_a_task_may_have_some_sessions_only() -> None:
    task = attrs.evolve(TASK, only=frozenset([(5, 0), (5, 2)]))
    assert [task.has((5, index)) for index in range(3)] == [True, False, True]


def test_a_task_may_be_without_some_sessions() -> None:
    task = attrs.evolve(TASK, without=frozenset([(5, 1)]))
    assert [task.has((5, index)) for index in range(3)] == [True, False, True]


def test_a_task_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(TASK)) == TASK  # noqa: S301 - our own


def test_what_a_task_looks_like_shows_no_key() -> None:
    plugin = PluginSpec("mine", {"key": "s3cr3t"}, "1")
    job = Job("somewhere", {"storage_options": {"secret": "s3cr3t"}}, (plugin,))
    assert "s3cr3t" not in repr(attrs.evolve(TASK, job=job))
