"""Crews: who does the tasks of a batch."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from struct import Struct
from typing import Final, Protocol, TypeVar

import attrs

from replay.batch.tasks import Place, Task, Worked

#: The name's characters, four bytes each, then the place in one word: it is written
#: last and at once, so that whoever reads it never finds half a place.
_MARK: Final = Struct("@800sq")
_NOWHERE: Final = -1
_END: Final = -2
SIZE: Final = _MARK.size + 16


class Watch(Protocol):
    """What is told whenever a session begins."""

    def begin(self) -> None:
        """Count the time from now."""


@attrs.frozen
class Mark:
    """What a worker was at."""

    place: Place | None  #: None: it had done all sessions
    name: str  #: the session's, as far as it was known; its first 200 characters


def _memory(size: int) -> memoryview:
    """Return memory of this process alone."""
    return memoryview(bytearray(size))


@attrs.define
class Marks:
    """The marks of one worker, which it writes and its leader reads."""

    memory: memoryview = attrs.field(factory=lambda: _memory(SIZE))
    orders: memoryview = attrs.field(factory=lambda: _memory(1))  #: from the leader
    watch: Watch | None = None  #: told whenever a session begins
    #: Two words: when the worker's time is over, by ``time.monotonic_ns()``, or 0; and
    #: whether its memory was not enough.
    ends: memoryview = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ends = self.memory[_MARK.size :].cast("q")
        self.clear()

    def put(self, place: Place, name: str) -> None:
        """Write what the worker is at."""
        spelled = name[:200].encode("utf-32-le", "surrogatepass")
        _MARK.pack_into(self.memory, 0, spelled, place[0] << 32 | place[1])

    def put_end(self) -> None:
        """Write that the worker has done all sessions of its task."""
        _MARK.pack_into(self.memory, 0, b"", _END)

    def clear(self) -> None:
        """Write that the worker is at no session."""
        _MARK.pack_into(self.memory, 0, b"", _NOWHERE)

    def read(self) -> Mark | None:
        """Return what the worker is, or was, at; None: it came to no session."""
        spelled, number = _MARK.unpack_from(self.memory, 0)
        if number == _NOWHERE:
            return None
        if number == _END:
            return Mark(None, "")
        name = spelled.decode("utf-32-le", "surrogatepass").rstrip("\0")
        return Mark((number >> 32, number & 0xFFFFFFFF), name)

    def hurry(self) -> None:
        """Tell the worker to return after the session that it is at."""
        self.orders[0] = 1


class _Here(threading.local):
    """What the task that runs in this thread marks."""

    marks: Marks | None = None


_HERE: Final = _Here()


@contextmanager
def marking(marks: Marks) -> Iterator[None]:
    """Have the functions below mean these marks, in this thread."""
    outer, _HERE.marks = _HERE.marks, marks
    try:
        yield
    finally:
        _HERE.marks = outer


def mark(place: Place, name: str = "") -> None:
    """Tell that the session at a place begins. Call it before anything of it is read.

    If this process dies, the session is a suspect. Its time is counted from here.
    Outside a crew it does nothing.

    Args:
        place: The session's.
        name: The session's, where it is known. Tell it again once it is.
    """
    if (marks := _HERE.marks) is not None:
        if marks.watch is not None:
            marks.watch.begin()
        marks.put(place, name)


def mark_end() -> None:
    """Tell that all sessions of the task are done, but for what is due at its end.

    If this process dies, nobody knows of which. The time is counted from here.
    """
    if (marks := _HERE.marks) is not None:
        if marks.watch is not None:
            marks.watch.begin()
        marks.put_end()


def is_hurried() -> bool:
    """Tell whether to return, with the rest, before the next session."""
    marks = _HERE.marks
    return marks is not None and marks.orders[0] != 0


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
