"""A crew of processes on this machine, which lives on when some of them die."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from replay.batch.crews import Died
from replay.batch.deaths import WorkerDiedError
from replay.batch.staff import TRIES, Staff
from replay.batch.tasks import Task, Worked
from replay.batch.workers import CONTEXT, Worker
from replay.worker_errors import WorkerError

Result = TypeVar("Result")

_HINT: Final = "something is wrong with the location, a plugin, or the memory limit"


class PoolCrew:
    """Does so many tasks at once, each in a process that does one after another.

    A thread waits for each process, over a pipe that nothing else uses. So a process
    that dies takes down its own task alone, which tells the session that it was at.
    (The standard library's pool breaks as a whole where one process dies. It hangs for
    ever where that happens while the process sends a result.)

    Args:
        jobs: How many tasks are done at once, at least 1.
        work: What :meth:`alone` does with a task.

    Raises:
        ValueError: *jobs* is below 1.
    """

    def __init__(self, jobs: int, work: Callable[[Task], Worked]) -> None:
        self.size = jobs
        self._work = work
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="replay-batch")
        self._staff = Staff()
        self._idle: deque[Worker] = deque()
        CONTEXT.set_forkserver_preload([work.__module__])

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Have a task done by the first process that is free.

        A task whose process died between sessions is done again, by another one.
        """
        return self._threads.submit(self._do, work, task)

    def died(self, error: BaseException) -> Died | None:
        """Return which session was being replayed when a task's process died.

        Raises:
            WorkerError: None was, again and again.
        """
        if not isinstance(error, WorkerDiedError):
            return None
        if error.mark is None:
            reason = f"workers died before they came to a session: {error.reason}"
            raise WorkerError(reason, _HINT) from error
        place = error.mark.place
        return Died(None if place is None else frozenset({place}))

    def alone(self, task: Task) -> Worked:
        """Do a task of one session in a process of its own."""
        return self._staff.alone(self._work, task)

    def hurry(self) -> None:
        """Have all processes return after the session that they are at."""
        self._staff.hurry()

    def close(self, *, now: bool = False) -> None:
        """Let go of the processes; no task can be given any more.

        Args:
            now: Kill them. Otherwise what was given is done first.
        """
        if now:
            self._staff.kill()
        self._threads.shutdown(cancel_futures=now)
        while self._idle:
            self._staff.dismiss(self._idle.pop())

    def _do(self, work: Callable[[Task], Result], task: Task) -> Result:
        """Do a task, again where nothing but its process can be blamed.

        Raises:
            WorkerDiedError: At a session; or again and again at none.
            WorkerError: The task cannot begin, or what it came to cannot be sent, in a
                new process too.
        """
        tries = 0
        while True:
            tries += 1
            worker = self._free()
            is_new = worker.is_new
            try:
                result = worker.ask(work, task)
            except (WorkerDiedError, WorkerError) as error:
                self._staff.dismiss(worker)
                is_clear = isinstance(error, WorkerError) and is_new
                if self._staff.is_closed or tries == TRIES or is_clear:
                    raise
                if isinstance(error, WorkerDiedError) and error.mark:
                    raise
            except BaseException:
                self._idle.append(worker)
                raise
            else:
                self._idle.append(worker)
                return result

    def _free(self) -> Worker:
        """Return a worker that is at nothing."""
        with suppress(IndexError):
            return self._idle.pop()
        return self._staff.hire()
