import signal

import pytest

from poison import task_of, work
from replay.batch.pool import InProcessCrew, is_hurried
from replay.batch.tasks import Task, Worked


def crew() -> InProcessCrew:
    return InProcessCrew(work)


def test_a_task_is_done_when_submit_returns() -> None:
    future = crew().submit(work, task_of("a", "b"))
    assert future.done()
    assert [done.session_id for done in future.result().done] == ["a", "b"]


def test_a_task_can_be_done_alone() -> None:
    assert [done.session_id for done in crew().alone(task_of("a")).done] == ["a"]


def test_what_the_work_raises_is_in_the_future() -> None:
    def fail(task: Task) -> Worked:
        raise LookupError(task.first)

    error = crew().submit(fail, task_of("a", first=7)).exception()
    assert repr(error) == "LookupError(7)"


def test_nobody_dies() -> None:
    assert crew().died(MemoryError()) is None


def test_ctrl_c_passes_through_where_nobody_handles_it() -> None:
    def interrupted(task: Task) -> Worked:
        raise KeyboardInterrupt(task.first)

    with pytest.raises(KeyboardInterrupt):
        crew().submit(interrupted, task_of("a"))


def test_a_handler_of_ctrl_c_keeps_what_was_done() -> None:
    hurried = crew()

    def interrupted(task: Task) -> Worked:
        signal.raise_signal(signal.SIGINT)
        return work(task)

    before = signal.signal(signal.SIGINT, lambda *_: hurried.hurry())
    try:
        worked = hurried.submit(interrupted, task_of("a", "b", first=4)).result()
    finally:
        signal.signal(signal.SIGINT, before)
    assert worked == Worked((), (), rest=(4, 0))


def test_only_the_tasks_of_the_crew_hurry() -> None:
    hurried = crew()
    hurried.hurry()
    assert hurried.submit(lambda _: is_hurried(), task_of("a")).result()
    assert not crew().submit(lambda _: is_hurried(), task_of("a")).result()


def test_it_can_be_closed_twice() -> None:
    closed = crew()
    closed.close()
    closed.close(now=True)
