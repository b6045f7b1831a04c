"""The interface of a worker pool, and the pool that works in this process."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeAlias, TypeVar

import attrs

from replay.batch.tasks import Place, Task, Worked

Result = TypeVar("Result")


@attrs.define
class Monitor:
    """What a task reports to: it knows the session that the task is at."""

    #: Called with each session's place and name; None: nobody asks.
    report: Callable[[Place | None, str], object] | None = None
    #: Called whenever a session begins; None: its time is not limited.
    restart_clock: Callable[[], object] | None = None
    is_draining: bool = False  #: whether to return, with the rest, after this session

    def at(self, place: Place | None, name: str = "") -> None:
        """Report that a session begins. Call it before anything of it is read.

        If this process dies, the session is a suspect. Its time is counted from here.

        Args:
            place: The session's; None: all sessions are done, but for what is due at
                the task's end.
            name: The session's, if it is known. Report it again once it is.
        """
        if self.restart_clock is not None:
            self.restart_clock()
        if self.report is not None:
            self.report(place, name)


Work: TypeAlias = Callable[[Task, Monitor], Result]  #: what is done with a task


@attrs.frozen
class Death:
    """The death of the worker that a task was given to."""

    #: the sessions that it was at; empty: none, so the task is innocent; None: unknown
    suspects: frozenset[Place] | None


class Pool(Protocol):
    """Workers that do the tasks of a batch, some at once."""

    @property
    def size(self) -> int:
        """How many tasks are worked on at once."""

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Have a task done.

        Raises:
            WorkerError: This pool can do no more.
        """

    def death_of(self, error: BaseException) -> Death | None:
        """Return the death that a future's exception reports.

        Returns:
            None: nobody died; the exception is the task's own, and to be raised.

        Raises:
            WorkerError: This pool can do no more.
        """

    def alone(self, task: Task) -> Worked:
        """Have a task of one session done by a process that does nothing else.

        If it dies, that is a problem of the session, which is quarantined. Several may
        be done at once, each called from a thread of its own.

        Raises:
            WorkerError: There is no such process to be had.
        """

    def drain(self) -> None:
        """Have running tasks return after the session that they are at.

        May be called by a handler of a signal.
        """

    def close(self, *, now: bool = False) -> None:
        """Let go of the workers. Calling it twice is harmless.

        Args:
            now: Kill what runs. Otherwise it is waited for.
        """


@attrs.define
class InProcessPool:
    """Does each task at once, in this process and thread.

    A session that crashes, hangs or takes all memory does so here: nothing is limited.
    """

    work: Work[Worked]
    size: int = 1
    _monitor: Monitor = attrs.field(factory=Monitor, init=False)

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Do a task before this returns.

        Raises:
            KeyboardInterrupt: Ctrl-C, if nothing handles it: what the task has done so
                far is lost. A handler that calls :meth:`drain` keeps it.
        """
        future: Future[Result] = Future()
        try:
            future.set_result(work(task, self._monitor))
        except Exception as error:  # noqa: BLE001 - whatever it is, the future has it
            future.set_exception(error)
        return future

    def death_of(self, error: BaseException) -> Death | None:  # noqa: ARG002 - none dies here
        """Return None: whoever reads it lives."""
        return None

    def alone(self, task: Task) -> Worked:
        """Do a task, here as well."""
        return self.submit(self.work, task).result()

    def drain(self) -> None:
        """Have the running task return after the session that it is at."""
        self._monitor.is_draining = True

    def close(self, *, now: bool = False) -> None:
        """Do nothing: nothing runs."""
