"""The interface of a worker pool, and the pool that runs in this process."""

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from math import inf
from typing import Final, Protocol, Self, TypeAlias, TypeVar

import attrs

from replay.batch.tasks import Place, Task, TaskResult

Result = TypeVar("Result")
_FIRST_RESULT: Final = 0.25  # seconds


@attrs.define
class Monitor:
    """The receiver of a task's reports of which session it is at.

    It belongs to the process that created it. A plugin may fork; but if the child
    returns from the plugin, it is ended: it would do the task a second time, and answer
    in its parent's place.
    """

    #: Called with each session's place and name; None: no callback.
    report: Callable[[Place | None, str], object] | None = None
    #: Called whenever a session begins; None: its time is not limited.
    restart_clock: Callable[[], object] | None = None
    is_draining: bool = False  #: whether to return after this session, giving the rest
    #: when a task is to return what it has for once, by ``time.monotonic()``
    result_at: float = inf
    _process: int = attrs.field(factory=os.getpid, init=False)

    @classmethod
    def of_worker(
        cls, report: Callable[[Place | None, str], object] | None = None
    ) -> Self:
        """Return a monitor for all tasks of a worker, which soon has a first result.

        A task takes about a second or more; whoever watches the batch sees before that
        how it gets on.
        """
        return cls(report, result_at=time.monotonic() + _FIRST_RESULT)

    def is_result_due(self) -> bool:
        """Tell, for once, whether a task is to return what it has."""
        is_due = time.monotonic() >= self.result_at
        if is_due:
            self.result_at = inf
        return is_due

    def run(self, function: Callable[[], Result]) -> Result:
        """Call a function; if it forks, only the parent returns."""
        try:
            return function()
        finally:
            self.end_child()

    def end_child(self) -> None:
        """End this process if it was forked from the one that this belongs to."""
        if os.getpid() != self._process:
            logging.getLogger("replay").error(
                "a plugin forked a process that came back from it; it was ended"
            )
            os._exit(1)

    def at(self, place: Place | None, name: str = "") -> None:
        """Report that a session begins; call this before any of it is read.

        If this process dies, the session is a suspect. Its time limit starts here.

        Args:
            place: The session's; None: all sessions are done, and only the work at the
                task's end is left.
            name: The session's, if known. Report it again once it is.
        """
        self.end_child()
        if self.restart_clock is not None:
            self.restart_clock()
        if self.report is not None:
            self.report(place, name)


Work: TypeAlias = Callable[[Task, Monitor], Result]  #: what a worker does with a task


@attrs.frozen
class Death:
    """The death of a task's worker."""

    #: the sessions that it was at; empty: none, so the task is innocent; None: unknown
    suspects: frozenset[Place] | None


class Pool(Protocol):
    """Workers that run the tasks of a batch, several at a time."""

    @property
    def size(self) -> int:
        """Return the number of tasks that run at once."""

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Submit a task.

        Raises:
            WorkerError: This pool accepts no more tasks.
        """

    def death_of(self, error: BaseException) -> Death | None:
        """Return the death that a future's exception reports.

        Returns:
            None: nobody died; the exception is the task's own and must be raised.

        Raises:
            WorkerError: This pool can run no more tasks.
        """

    def alone(self, task: Task) -> TaskResult:
        """Run a task of one session in a process that does nothing else.

        If the process dies, the session is quarantined. Threads may call this at once.

        Raises:
            WorkerError: No such process can be started.
        """

    def drain(self) -> None:
        """Make running tasks return after their current session.

        May be called by a signal handler.
        """

    def close(self, *, now: bool = False) -> None:
        """Release the workers. Calling it twice is harmless.

        Args:
            now: Kill running tasks instead of waiting for them.
        """


@attrs.define
class InProcessPool:
    """A pool that runs each task immediately, in this process and thread.

    A session that crashes, hangs or takes all memory does so here: there are no limits.
    """

    work: Work[TaskResult]
    size: int = 1
    _monitor: Monitor = attrs.field(factory=Monitor.of_worker, init=False)

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Run a task before returning.

        Raises:
            KeyboardInterrupt: Ctrl-C, if nothing handles it: what the task has done so
                far is lost. A handler that calls :meth:`drain` saves it.
        """
        future: Future[Result] = Future()
        try:
            function = partial(work, task, self._monitor)
            future.set_result(self._monitor.run(function))
        except Exception as error:  # noqa: BLE001 - the future carries any error
            future.set_exception(error)
        return future

    def death_of(self, error: BaseException) -> Death | None:  # noqa: ARG002 - none dies here
        """Return None: there is no other process that could die."""
        return None

    def alone(self, task: Task) -> TaskResult:
        """Run a task, in this process too."""
        return self.submit(self.work, task).result()

    def drain(self) -> None:
        """Make the running task return after its current session."""
        self._monitor.is_draining = True

    def close(self, *, now: bool = False) -> None:
        """Do nothing: no task is running."""
