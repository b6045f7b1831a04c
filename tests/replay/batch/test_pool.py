"""The contract of pools, and the pool in this process."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from forking import exit_code_of, fork
from replay.batch.executor_pool import ExecutorPool
from replay.batch.pool import InProcessPool, Monitor, Pool
from replay.batch.process_pool import ProcessPool
from replay.batch.tasks import Task, TaskResult
from replay.errors import WorkerError
from worker_tasks import cannot_be_sent, fail, pids_of, task_of, work


def in_process() -> InProcessPool:
    return InProcessPool(work)


@pytest.fixture(params=["in process", "own processes", "processes", "threads"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with (
        ThreadPoolExecutor(2) as threads,
        ProcessPoolExecutor(1, get_context("forkserver")) as processes,
    ):
        made: dict[str, Callable[[], Pool]] = {
            "in process": in_process,
            "own processes": lambda: ProcessPool(2, work),
            "processes": lambda: ExecutorPool(processes, work),
            "threads": lambda: ExecutorPool(threads, work),
        }
        pool = made[request.param]()
        yield pool
        pool.close()
        pool.close(now=True)


def ids(result: TaskResult) -> list[str]:
    return [done.session_id for done in result.done]


def test_tasks_are_done(pool: Pool) -> None:
    results = [pool.submit(work, task_of("a", "b")).result() for _ in range(5)]
    assert [ids(each) for each in results] == [["a", "b"]] * 5
    assert len(set.union(*map(pids_of, results))) <= pool.size
    assert ids(pool.alone(task_of("a"))) == ["a"]


def test_a_child_that_comes_back_from_a_plugin_does_no_task(pool: Pool) -> None:
    task = task_of("a", "come_back", "come_back", "b")
    results = [pool.submit(work, task).result() for _ in range(4)]
    assert [ids(each) for each in results] == [["a", "come_back", "come_back", "b"]] * 4
    assert len(set.union(*map(pids_of, results))) <= pool.size


def test_a_child_that_comes_back_is_ended_at_the_end_too() -> None:
    assert exit_code_of(Monitor().run(fork)) == 1


def test_what_the_work_raises_is_no_death(pool: Pool) -> None:
    before = pids_of(pool.submit(work, task_of("a")).result())
    error = pool.submit(fail, task_of("a", first=3)).exception()
    assert repr(error) == "LookupError(3)"
    assert pool.death_of(LookupError()) is None
    assert pids_of(pool.submit(work, task_of("b")).result()) == before


def test_a_result_that_cannot_be_sent_is_told_unless_it_stays_here(pool: Pool) -> None:
    future = pool.submit(cannot_be_sent, task_of("a"))
    if isinstance(pool, InProcessPool):
        assert future.result()
    else:
        with pytest.raises(WorkerError, match="result cannot be sent: TypeError: cann"):
            future.result()


# In this process


def test_ctrl_c_passes_through_where_nobody_handles_it() -> None:
    def interrupted(task: Task, monitor: Monitor) -> TaskResult:
        raise KeyboardInterrupt(task.first, monitor)

    with pytest.raises(KeyboardInterrupt):
        in_process().submit(interrupted, task_of("a"))


def test_a_handler_of_ctrl_c_keeps_what_was_done() -> None:
    drained = in_process()

    def interrupted(task: Task, monitor: Monitor) -> TaskResult:
        signal.raise_signal(signal.SIGINT)
        return work(task, monitor)

    before = signal.signal(signal.SIGINT, lambda *_: drained.drain())
    try:
        result = drained.submit(interrupted, task_of("a", "b", first=4)).result()
    finally:
        signal.signal(signal.SIGINT, before)
    assert result == TaskResult((), (), resume_at=(4, 0))
    assert in_process().submit(work, task_of("a")).result().done, "others do not drain"


def test_a_task_reports_each_session_to_whom_it_may_concern() -> None:
    reported: list[object] = []
    work(task_of("a"), Monitor(lambda *at: reported.append(at)))
    assert reported == [((0, 0), ""), ((0, 0), "session a")]
