"""A pool over any executor of the user's: threads, processes, or a Dask cluster."""

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
from replay.batch.tasks import Task, Worked
from replay.batch.worker_process import answer_of, result_of
from replay.errors import UnsupportedError, WorkerError

#: How many tasks are given at once to an executor that does not say how many it does.
DEFAULT_SIZE: Final = 32
_TOKEN: Final = uuid4().hex
_AT_WORK: Final = threading.Lock()
_HINT: Final = (
    "it cannot be made anew from here: give a new one, or jobs=, whose processes may "
    "die; with a checkpoint, a batch goes on where it was"
)


class ExecutorPool:
    """Has tasks done by an executor, which stays the user's: it is not shut down.

    Nothing tells which session a worker was at when it died. Nor can running tasks be
    told to return early.

    Args:
        executor: Does the tasks.
        work: What :meth:`alone` does with a task, in a process of this machine.
    """

    def __init__(self, executor: Executor, work: Work[Worked]) -> None:
        self.size = _workers_of(executor) or DEFAULT_SIZE
        self._executor = executor
        self._processes = ProcessPool(1, work)
        self._given: set[Future[bytes]] = set()

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Have a task done.

        Raises:
            WorkerError: The executor takes no more.
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
        """Return that a worker died, of an unknown session."""
        distributed = sys.modules.get("distributed")
        killed: type[BaseException] = getattr(distributed, "KilledWorker", MemoryError)
        return Death(None) if isinstance(error, MemoryError | killed) else None

    def alone(self, task: Task) -> Worked:
        """Do a task of one session in a process of its own, on this machine."""
        return self._processes.alone(task)

    def drain(self) -> None:
        """Do nothing: a task that runs elsewhere cannot be told."""

    def close(self, *, now: bool = False) -> None:
        """Leave the executor to its user.

        Args:
            now: Cancel what has not begun, and kill what is done alone.
        """
        self._processes.close(now=now)
        for given in [*self._given] if now else []:
            given.cancel()


def _workers_of(executor: Executor) -> int | None:
    """Return how many tasks an executor does at once; None: it does not say."""
    size: int | None = getattr(executor, "_max_workers", None)
    if size is None and (client := getattr(executor, "_client", None)) is not None:
        size = sum(client.nthreads().values())  # Dask's
    return size


def do(work: Work[object], task: Task, leader: str) -> bytes:
    """Do a task in a worker of the executor, and return what it came to, pickled.

    Raises:
        MemoryError: It needed too much.
    """
    return answer_of(partial(_done, work, task, leader))


def _done(work: Work[object], task: Task, leader: str) -> object:
    """Do a task, within the limits of its job."""
    job, monitor = task.job, Monitor()
    if job.seconds is None and job.memory is None:
        return work(task, monitor)
    if leader == _this_process():
        reason = "a session's time and memory are limited in other processes only"
        raise WorkerError(reason, "use jobs=, or leave the limits out")
    if not _AT_WORK.acquire(blocking=False):
        reason = "a worker of several threads cannot limit a session's time or memory"
        raise WorkerError(reason, "give each worker one thread")
    try:
        with limited_memory(job), limited_time(job, monitor):
            return work(task, monitor)
    finally:
        _AT_WORK.release()


def _pass_on(given: "Future[bytes]", future: "Future[Any]") -> None:
    """Give a future what came of the executor's."""
    try:
        future.set_result(result_of(given.result()))
    except (BrokenExecutor, CancelledError) as error:
        future.set_exception(_given_up(error))
    except BaseException as error:  # noqa: BLE001 - whoever waits has to deal with it
        future.set_exception(error)
    finally:
        del given  # an exception knows this frame; a cluster keeps what is referred to


def _given_up(error: Exception) -> WorkerError:
    """Return the error for an executor that does no more tasks."""
    reason = f"the executor gave up: {str(error) or type(error).__name__}"
    given_up = WorkerError(reason, _HINT)
    given_up.__cause__ = error
    return given_up


def _this_process() -> str:
    """Return what no other process is called, on any machine."""
    return f"{_TOKEN}-{os.getpid()}"


_PATIENCE: Final = 10.0  # seconds, with a scheduler that does not answer
_LATER: Final = 1.2  # Dask's own end, at the timeout, comes first: it says why


@contextmanager
def dask_executor(address: str, *, timeout: float = _PATIENCE) -> Iterator[Executor]:
    """Yield an executor of a Dask cluster; at the end of the block, leave it.

    The cluster keeps tasks and results until the leader has them. It gives a task whose
    worker dies to others, until one more has died than
    ``distributed.scheduler.allowed-failures`` says, which is 3 by default.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``. Whoever listens
            there is trusted: it may have any code run, here too.
        timeout: How long the scheduler may take to answer, in seconds.

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
        with ThreadPoolExecutor(1) as thread:  # this one may have a loop: a notebook's
            thread.submit(asyncio.run, answer()).result()
    except (OSError, TypeError, ValueError) as error:
        why = str(error) or "it says nothing"
        reason = f"no Dask scheduler answers at {address}: {why}"
        raise WorkerError(reason, "check that it runs and can be reached") from error
