"""Crews: who does the tasks of a batch."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

import attrs

from replay.batch.marking import Marks, marking
from replay.batch.tasks import Place, Task, Worked

Result = TypeVar("Result")


@attrs.frozen
class Died:
    """The worker that a task was given to died."""

    #: the sessions that it was at; empty: none, so the task is innocent; None: unknown
    suspects: frozenset[Place] | None


class Crew(Protocol):
    """Who does the tasks of a batch, some at once."""

    @property
    def size(self) -> int:
        """How many tasks are worked on at once."""

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Have a task done.

        Raises:
            WorkerError: This crew can do no more.
        """

    def died(self, error: BaseException) -> Died | None:
        """Return what a future's exception tells of a death.

        Returns:
            None: nobody died; the exception is the task's own, and to be raised.

        Raises:
            WorkerError: This crew can do no more.
        """

    def alone(self, task: Task) -> Worked:
        """Have a task of one session done by a process that does nothing else.

        Its death is a problem of that session, which is quarantined. Several may be
        done at once, each called from a thread of its own.

        Raises:
            WorkerError: There is no such process to be had.
        """

    def hurry(self) -> None:
        """Have running tasks return after the session that they are at.

        May be called by a handler of a signal.
        """

    def close(self, *, now: bool = False) -> None:
        """Let go of the workers. Calling it twice is harmless.

        Args:
            now: Kill what runs. Otherwise it is waited for.
        """


@attrs.define
class InProcessCrew:
    """Does each task at once, in this process and thread.

    A session that crashes, hangs or takes all memory does so here: nothing is limited.
    """

    work: Callable[[Task], Worked]
    size: int = 1
    _marks: Marks = attrs.field(factory=Marks, init=False)

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Do a task before this returns.

        Raises:
            KeyboardInterrupt: Ctrl-C, where nothing handles it: what the task has done
                so far is lost. A handler that calls :meth:`hurry` keeps it.
        """
        future: Future[Result] = Future()
        try:
            with marking(self._marks):
                future.set_result(work(task))
        except Exception as error:  # noqa: BLE001 - whatever it is, the future has it
            future.set_exception(error)
        return future

    def died(self, error: BaseException) -> Died | None:  # noqa: ARG002 - none dies here
        """Return None: who reads it lives."""
        return None

    def alone(self, task: Task) -> Worked:
        """Do a task, here as well."""
        return self.submit(self.work, task).result()

    def hurry(self) -> None:
        """Have the running task return after the session that it is at."""
        self._marks.hurry()

    def close(self, *, now: bool = False) -> None:
        """Do nothing: nothing runs."""
