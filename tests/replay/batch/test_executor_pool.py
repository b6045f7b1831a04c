import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from replay.batch.executor_pool import DEFAULT_SIZE, ExecutorPool
from replay.batch.pool import Death
from replay.errors import WorkerError
from worker_tasks import job, pids_of, task_of, work, work_within_work


@pytest.fixture
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(1, get_context("forkserver")) as executor:
        yield executor


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


class Unsized(Executor):
    """An executor that doesn't report its number of workers."""


def test_as_many_tasks_are_given_as_there_are_threads(threads: Executor) -> None:
    pool = ExecutorPool(threads, work)
    assert pids_of(pool.submit(work, task_of("a")).result()) == {os.getpid()}
    assert os.getpid() not in pids_of(pool.alone(task_of("a")))
    assert pool.size == 2
    assert ExecutorPool(Unsized(), work).size == DEFAULT_SIZE


def test_a_pool_that_breaks_is_told_of_and_what_to_do(processes: Executor) -> None:
    pool = ExecutorPool(processes, work)
    error = pool.submit(work, task_of("exit_early")).exception()
    assert isinstance(error, WorkerError)
    assert pool.death_of(error) is None
    assert "give a new one, or jobs=" in str(error)
    with pytest.raises(WorkerError, match="the executor gave up: "):
        pool.submit(work, task_of("a"))


def test_an_executor_that_was_shut_down_is_told_of(threads: Executor) -> None:
    threads.shutdown()
    with pytest.raises(WorkerError, match="gave up: cannot schedule new futures"):
        ExecutorPool(threads, work).submit(work, task_of("a"))


def test_a_session_that_takes_too_long_ends_its_process(processes: Executor) -> None:
    pool = ExecutorPool(processes, work)
    future = pool.submit(work, task_of("sleep", of=job(seconds=0.2)))
    assert isinstance(future.exception(), WorkerError), "the pool is broken"


def test_a_lack_of_memory_is_a_death_of_unknown_suspects(processes: Executor) -> None:
    pool = ExecutorPool(processes, work)
    task = task_of("allocate", of=job(memory=1 << 30))
    error = pool.submit(work, task).exception()
    assert error
    assert pool.death_of(error) == Death(None)
    assert pool.submit(work, task_of("a")).result().done, "the process lives"


def test_threads_cannot_limit_a_session(threads: Executor, processes: Executor) -> None:
    task = task_of("a", of=job(seconds=60))
    with pytest.raises(WorkerError, match="limited in other processes only"):
        ExecutorPool(threads, work).submit(work, task).result()
    with pytest.raises(WorkerError, match="give each worker one thread"):
        ExecutorPool(processes, work).submit(work_within_work, task).result()


def test_closing_cancels_what_has_not_begun_and_leaves_the_executor_to_its_user(
    threads: Executor,
) -> None:
    pool, go_on = ExecutorPool(threads, work), threading.Event()
    pool.drain()
    for _ in range(pool.size):
        threads.submit(go_on.wait)
    waiting = pool.submit(work, task_of("a"))
    pool.close(now=True)
    go_on.set()
    assert isinstance(waiting.exception(), WorkerError)
    assert "gave up: CancelledError" in str(waiting.exception())
    assert threads.submit(os.getpid).result() == os.getpid()
