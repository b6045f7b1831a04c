"""A pool on an executor of the user's: threads, processes, or a Dask cluster."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, Final
from uuid import uuid4

from replay.batch.pool import Death, Monitor, Result, Work
from replay.batch.process_pool import ProcessPool
from replay.batch.resource_limits import limited_memory, limited_time
from replay.batch.tasks import Task, TaskResult
from replay.batch.worker_process import pickle_outcome, unpickle_outcome
from replay.errors import UnsupportedError, WorkerError

#: Number of tasks given at once to an executor that does not tell its size.
DEFAULT_SIZE: Final = 32
_TOKEN: Final = uuid4().hex
_AT_WORK: Final = threading.Lock()
_HINT: Final = (
    "it cannot be made anew from here: give a new one, or jobs=, whose processes may "
    "die; with a checkpoint, a batch goes on where it was"
)


class ExecutorPool:
    """A pool that runs tasks on the user's executor, which it does not shut down.

    If a worker dies, nothing tells which session it was at. Running tasks cannot be
    made to return early.

    Args:
        executor: Runs the tasks.
        work: The function that :meth:`alone` runs, in a process on this machine.
    """

    def __init__(self, executor: Executor, work: Work[TaskResult]) -> None:
        self.size = _workers_of(executor) or DEFAULT_SIZE
        self._executor = executor
        self._processes = ProcessPool(1, work)
        self._given: set[Future[bytes]] = set()

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Submit a task.

        Raises:
            WorkerError: The executor accepts no more tasks.
        """
        try:
            given = self._executor.submit(do, work, task, _this_process())
        except RuntimeError as error:  # broken, or shut down
            raise _given_up(error) from error
        future: Future[Result] = Future()
        self._given.add(given)
        given.add_done_callback(self._given.discard)
        given.add_done_callback(lambda done: _pass_on(done, future))
        return future

    def death_of(self, error: BaseException) -> Death | None:
        """Return the death of a worker, at an unknown session."""
        distributed = sys.modules.get("distributed")
        killed: type[BaseException] = getattr(distributed, "KilledWorker", MemoryError)
        return Death(None) if isinstance(error, MemoryError | killed) else None

    def alone(self, task: Task) -> TaskResult:
        """Run a task of one session in a process of its own, on this machine."""
        return self._processes.alone(task)

    def drain(self) -> None:
        """Do nothing: tasks that run elsewhere cannot be notified."""

    def close(self, *, now: bool = False) -> None:
        """Close the pool, but not the executor.

        Args:
            now: Cancel tasks that have not started, and kill those that run alone.
        """
        self._processes.close(now=now)
        for given in [*self._given] if now else []:
            given.cancel()


def _workers_of(executor: Executor) -> int | None:
    """Return how many tasks an executor runs at once; None: unknown."""
    size: int | None = getattr(executor, "_max_workers", None)
    if size is None and (client := getattr(executor, "_client", None)) is not None:
        size = sum(client.nthreads().values())  # Dask's
    return size


def do(work: Work[object], task: Task, leader: str) -> bytes:
    """Run a task in a worker of the executor, and return its pickled result.

    Raises:
        MemoryError: The task needed too much memory.
    """
    return pickle_outcome(partial(_done, work, task, leader))


def _done(work: Work[object], task: Task, leader: str) -> object:
    """Run a task within the limits of its job."""
    job, monitor = task.job, Monitor()
    function = partial(work, task, monitor)
    if job.seconds is None and job.memory is None:
        return monitor.run(function)
    if leader == _this_process():
        reason = "a session's time and memory are limited in other processes only"
        raise WorkerError(reason, "use jobs=, or leave the limits out")
    if not _AT_WORK.acquire(blocking=False):
        reason = "a worker of several threads cannot limit a session's time or memory"
        raise WorkerError(reason, "give each worker one thread")
    try:
        with limited_memory(job), limited_time(job, monitor):
            return monitor.run(function)
    finally:
        _AT_WORK.release()


def _pass_on(given: "Future[bytes]", future: "Future[Any]") -> None:
    """Copy the outcome of the executor's future to another one."""
    try:
        future.set_result(unpickle_outcome(given.result()))
    except (BrokenExecutor, CancelledError) as error:
        future.set_exception(_given_up(error))
    except BaseException as error:  # noqa: BLE001 - whoever waits has to handle it
        future.set_exception(error)
    finally:
        del given  # an exception refers to this frame, and would keep a result alive


def _given_up(error: Exception) -> WorkerError:
    """Return the error for an executor that runs no more tasks."""
    reason = f"the executor gave up: {str(error) or type(error).__name__}"
    given_up = WorkerError(reason, _HINT)
    given_up.__cause__ = error
    return given_up


def _this_process() -> str:
    """Return an id of this process that is unique across machines."""
    return f"{_TOKEN}-{os.getpid()}"


_PATIENCE: Final = 10.0  # seconds to wait for a scheduler's answer
_LATER: Final = 1.2  # lets Dask's own timeout come first, since it says why


@contextmanager
def dask_executor(address: str, *, timeout: float = _PATIENCE) -> Iterator[Executor]:
    """Yield an executor of a Dask cluster; disconnect when the block ends.

    The cluster keeps tasks and results until the leader has them. If a worker dies, its
    task goes to another one, until more workers have died than
    ``distributed.scheduler.allowed-failures`` allows (3 by default).

    Args:
        address: The scheduler's, such as ``tcp://10.0.0.1:8786``. Whoever listens there
            is trusted: they can run any code, here too.
        timeout: Seconds that the scheduler may take to answer.

    Raises:
        UnsupportedError: Dask is not installed.
        WorkerError: There is no scheduler at that address.
    """
    try:
        import distributed  # noqa: PLC0415 - only with the extra
    except ImportError as error:
        what, reason = "Dask", "distributed is needed, and cannot be imported"
        hint = 'pip install "chat-replay[dask]"'
        raise UnsupportedError(what, reason, hint) from error
    _check_answer(distributed, address, timeout)
    with distributed.Client(address, timeout=timeout, set_as_default=False) as client:  # type: ignore[no-untyped-call]  # not typed upstream
        yield client.get_executor(pure=False, retries=0)


def _check_answer(distributed: ModuleType, address: str, timeout: float) -> None:
    """Check that a scheduler answers in time; Dask's client may wait for ever."""
    options = distributed.Security().get_connection_args("client")

    async def answer() -> None:
        connecting = distributed.comm.connect(address, timeout=timeout, **options)
        await (await asyncio.wait_for(connecting, timeout * _LATER)).close()

    try:
        with ThreadPoolExecutor(1) as thread:  # ours may run a loop, in a notebook
            thread.submit(asyncio.run, answer()).result()
    except (OSError, TypeError, ValueError) as error:
        why = str(error) or "it says nothing"
        reason = f"no Dask scheduler answers at {address}: {why}"
        raise WorkerError(reason, "check that it runs and can be reached") from error
