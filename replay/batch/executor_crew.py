"""A crew of any executor that a user has: threads, processes, or a cluster."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import Any, Final, TypeVar
from uuid import uuid4

from replay.batch.crews import Died
from replay.batch.limiting import limited_memory, limited_time
from replay.batch.marking import Marks, marking
from replay.batch.packing import answer_of, result_of
from replay.batch.staff import Staff
from replay.batch.tasks import Task, Worked
from replay.worker_errors import WorkerError

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
