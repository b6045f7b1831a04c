"""A crew of any executor that a user has: threads, processes, or a cluster."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final, TypeVar
from uuid import uuid4

from replay.batch.pool import Crew, Died, InProcessCrew, Marks, marking
from replay.batch.process_pool import PoolCrew, Staff
from replay.batch.resource_limits import limited_memory, limited_time
from replay.batch.tasks import Job, Task, Worked
from replay.batch.worker import work
from replay.batch.worker_process import answer_of, result_of
from replay.errors import UnsupportedError, WorkerError

Result = TypeVar("Result")

#: How many tasks are given at once to an executor that does not say what it can do.
DEFAULT_SIZE: Final = 32
_TOKEN: Final = uuid4().hex
_AT_WORK: Final = threading.Lock()
_HINT: Final = (
    "it cannot be made anew from here: give a new one, or jobs=, whose processes may "
    "die; with a checkpoint, a batch goes on where it was"
)


class ExecutorCrew:
    """Has tasks done by an executor, which stays the user's: it is not shut down.

    Nothing tells which session a worker was at when it died. Nor can running tasks be
    told to hurry.

    Args:
        executor: Who does the tasks.
        work: What :meth:`alone` does with a task, in a process of this machine.
        size: How many tasks are given at once; None: as many as the executor has
            workers, or 32 where it does not say.
    """

    def __init__(
        self,
        executor: Executor,
        work: Callable[[Task], Worked],
        *,
        size: int | None = None,
    ) -> None:
        self.size = size or workers_of(executor) or DEFAULT_SIZE
        self._executor = executor
        self._work = work
        self._staff = Staff()
        self._given: set[Future[bytes]] = set()

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
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

    def died(self, error: BaseException) -> Died | None:
        """Return that a worker died, of an unknown session."""
        return Died(None) if isinstance(error, (MemoryError, *_deaths())) else None

    def alone(self, task: Task) -> Worked:
        """Do a task of one session in a process of its own, on this machine."""
        return self._staff.alone(self._work, task)

    def hurry(self) -> None:
        """Do nothing: a task that runs elsewhere hears nothing."""

    def close(self, *, now: bool = False) -> None:
        """Leave the executor to its user.

        Args:
            now: Cancel what has not begun, and kill what is done alone.
        """
        if now:
            self._staff.kill()
            for given in [*self._given]:
                given.cancel()


def workers_of(executor: Executor) -> int | None:
    """Return how many tasks an executor does at once; None: it does not say."""
    size: int | None = getattr(executor, "_max_workers", None)
    if size is None and (client := getattr(executor, "_client", None)) is not None:
        size = sum(client.nthreads().values())  # Dask's
    return size


def do(work: Callable[[Task], object], task: Task, leader: str) -> bytes:
    """Do a task in a worker of the executor, and return what it came to, packed.

    Raises:
        MemoryError: It needed too much.
    """
    return answer_of(lambda: _done(work, task, leader))


def _done(work: Callable[[Task], object], task: Task, leader: str) -> object:
    """Do a task, within the limits of its job."""
    job = task.job
    if job.seconds is None and job.memory is None:
        return work(task)
    if leader == _this_process():
        reason = "a session's time and memory are limited in other processes only"
        raise WorkerError(reason, "use jobs=, or leave the limits out")
    if not _AT_WORK.acquire(blocking=False):
        reason = "a worker of several threads cannot limit a session's time or memory"
        raise WorkerError(reason, "give each worker one thread")
    marks = Marks()
    try:
        with limited_memory(job), limited_time(job, marks), marking(marks):
            return work(task)
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
    """Return what is told of an executor that does no more tasks."""
    reason = f"the executor gave up: {str(error) or type(error).__name__}"
    given_up = WorkerError(reason, _HINT)
    given_up.__cause__ = error
    return given_up


def _deaths() -> tuple[type[Exception], ...]:
    """Return what tells of a worker's death."""
    distributed = sys.modules.get("distributed")
    return () if distributed is None else (distributed.KilledWorker,)


def _this_process() -> str:
    """Return what no other process is called, on any machine."""
    return f"{_TOKEN}-{os.getpid()}"


@contextmanager
def crew_for(job: Job, executor: Executor | None, jobs: int | None) -> Iterator[Crew]:
    """Yield the crew; at the end of the block, let it go.

    Args:
        job: What is to be done.
        executor: The user's; it is not shut down.
        jobs: How many processes to start.

    Raises:
        TypeError: There are both.
        ValueError: *jobs* is not above zero, or there are limits and no processes.
    """
    crew = _crew(job, executor, jobs)
    is_well = False
    try:
        yield crew
        is_well = True
    finally:
        crew.close(now=not is_well)


def _crew(job: Job, executor: Executor | None, jobs: int | None) -> Crew:
    if executor is not None and jobs is not None:
        message = "give an executor, or a number of jobs, not both"
        raise TypeError(message)
    if executor is not None:
        return ExecutorCrew(executor, work)
    if jobs is not None:
        return PoolCrew(jobs, work)
    if (job.seconds, job.memory) != (None, None):
        message = "limits need processes that may be ended: give jobs"
        raise ValueError(message)
    return InProcessCrew(work)


_DASK: Final = "Dask"
_PATIENCE: Final = 10.0  # seconds, with a scheduler that does not answer
_LATER: Final = 1.2  # Dask's own end, at the timeout, comes first: it says why


@contextmanager
def dask_executor(address: str, *, timeout: float = _PATIENCE) -> Iterator[Executor]:
    """Yield the workers of a cluster; at the end of the block, leave it.

    What they were given and came to is kept by the cluster until the leader has it. A
    task whose worker dies is given to others by the cluster, until as many died as it
    allows: ``distributed.scheduler.allowed-failures``, 3 unless it is told otherwise,
    and one more.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``. Whoever listens
            there is trusted: it may have any code run, here too.
        timeout: How long the scheduler may take to answer, in seconds.

    Raises:
        UnsupportedError: Dask is not installed.
        WorkerError: There is no scheduler at that address.
    """
    distributed = _distributed()
    _check_answer(distributed, address, timeout)
    with distributed.Client(address, timeout=timeout, set_as_default=False) as client:
        yield client.get_executor(pure=False, retries=0)


def _distributed() -> ModuleType:
    """Return Dask's package, imported only where it is asked for."""
    try:
        return import_module("distributed")
    except ImportError as error:
        reason = "distributed is needed, and cannot be imported"
        hint = 'pip install "chat-replay[dask]"'
        raise UnsupportedError(_DASK, reason, hint) from error


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
        raise WorkerError(reason, "see that it runs, and can be reached") from error
