"""The pool that works in this process, and what its tasks report to."""

import signal

import pytest

from poison import task_of, work
from replay.batch.pool import InProcessPool, Monitor
from replay.batch.tasks import Task, Worked


def pool() -> InProcessPool:
    return InProcessPool(work)


def is_draining(_: Task, monitor: Monitor) -> bool:
    return monitor.is_draining


def test_a_task_is_done_when_submit_returns() -> None:
    future = pool().submit(work, task_of("a", "b"))
    assert future.done()
    assert [done.session_id for done in future.result().done] == ["a", "b"]
    assert [done.session_id for done in pool().alone(task_of("a")).done] == ["a"]


def test_what_the_work_raises_is_in_the_future() -> None:
    def fail(task: Task, _: Monitor) -> Worked:
        raise LookupError(task.first)

    error = pool().submit(fail, task_of("a", first=7)).exception()
    assert repr(error) == "LookupError(7)"


def test_nobody_dies() -> None:
    assert pool().death_of(MemoryError()) is None


def test_ctrl_c_passes_through_where_nobody_handles_it() -> None:
    def interrupted(task: Task, monitor: Monitor) -> Worked:
        raise KeyboardInterrupt(task.first, monitor)

    with pytest.raises(KeyboardInterrupt):
        pool().submit(interrupted, task_of("a"))


def test_a_handler_of_ctrl_c_keeps_what_was_done() -> None:
    drained = pool()

    def interrupted(task: Task, monitor: Monitor) -> Worked:
        signal.raise_signal(signal.SIGINT)
        return work(task, monitor)

    before = signal.signal(signal.SIGINT, lambda *_: drained.drain())
    try:
        worked = drained.submit(interrupted, task_of("a", "b", first=4)).result()
    finally:
        signal.signal(signal.SIGINT, before)
    assert worked == Worked((), (), rest=(4, 0))


def test_only_the_tasks_of_the_crew_drain() -> None:
    drained = pool()
    drained.drain()
    assert drained.submit(lambda _, monitor: monitor.is_draining, task_of("a")).result()
    assert (
        not pool().submit(lambda _, monitor: monitor.is_draining, task_of("a")).result()
    )
    drained.close()
    drained.close(now=True)


def test_a_task_reports_each_session_to_whom_it_may_concern() -> None:
    reported: list[object] = []
    work(task_of("a"), Monitor(lambda *at: reported.append(at)))
    assert reported == [((0, 0), ""), ((0, 0), "session a")]
    Monitor().at((0, 0), "a")
