"""Limits of a worker: the seconds that a session may take, and the bytes of memory."""

import faulthandler
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Final

import attrs

from replay.batch.pool import Mark, Marks
from replay.batch.tasks import Job, Place, Problem, Task, Worked
from replay.errors import WorkerError

#: What a worker needs to begin a task with, in bytes.
_ROOM: Final = 8 << 20
#: How late the end may come, as a part of the time: so often is a clock set anew.
_SLACK: Final = 0.1
EXIT_CODE: Final = 1  #: of a process whose time is over


@attrs.define
class TimeLimit:
    """Ends this process where a session takes too long, whatever it does.

    The clock is a thread of C, which needs nothing of Python: it ends a process that
    sleeps, and one that holds the interpreter's lock. A process has one such clock.
    """

    seconds: float
    marks: Marks
    _nowhere: TextIOWrapper = attrs.field(init=False)
    _set_anew: float = attrs.field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        # What the clock has to say needs a file that stays open.
        self._nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115

    def begin(self) -> None:
        """Give a session its time: at least all of it, and at most a tenth more.

        Raises:
            MemoryError: There is none left, not even for the clock.
        """
        now = time.monotonic()
        if now < self._set_anew:
            return
        longest = self.seconds * (1 + _SLACK)
        self._set_anew = now + self.seconds * _SLACK
        self.marks.ends[0] = int((now + longest) * 1e9)
        try:
            faulthandler.dump_traceback_later(longest, file=self._nowhere, exit=True)
        except RuntimeError as error:  # no thread can be begun
            raise MemoryError from error

    def end(self) -> None:
        """Stop the clock."""
        faulthandler.cancel_dump_traceback_later()
        self.marks.ends[0] = 0
        self._nowhere.close()


@contextmanager
def limited_time(job: Job, marks: Marks) -> Iterator[None]:
    """Give each session so much time, and no more, while a task is done."""
    if job.seconds is None:
        yield
        return
    marks.watch = limit = TimeLimit(job.seconds, marks)
    try:
        yield
    finally:
        marks.watch = None
        limit.end()


@contextmanager
def limited_memory(job: Job) -> Iterator[None]:
    """Let this process have so much memory, and no more, while a task is done.

    What counts is the space of addresses: code and libraries too.

    Raises:
        WorkerError: So little is not enough to begin with; or this system knows no
            such limit.
    """
    if job.memory is None:
        yield
        return
    try:
        import resource  # noqa: PLC0415 - not every system has it
    except ImportError as error:
        reason = "the memory of a worker cannot be limited on this system"
        raise WorkerError(reason, "leave the limit out") from error
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    within = job.memory if hard == resource.RLIM_INFINITY else min(job.memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (within, hard))
    try:
        _see_room(job.memory)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _see_room(memory: int) -> None:
    """Check that a task can begin."""
    try:
        bytearray(_ROOM)
    except MemoryError as error:
        reason = f"{size_of(memory)} of memory are not enough for a worker to begin"
        raise WorkerError(
            reason, "allow more: Python itself needs most of it"
        ) from error


def size_of(memory: int) -> str:
    """Return a number of bytes for people.

    >>> size_of(512 << 20), size_of(1_500_000_000)
    ('512 MiB', '1500 MB')
    """
    return f"{memory / 1e6:g} MB" if memory % (1 << 20) else f"{memory >> 20} MiB"


#: What a death is called, as in :attr:`~replay.batch.tasks.Problem.code`.
CRASHED: Final = "crashed"
OUT_OF_MEMORY: Final = "out-of-memory"
OUT_OF_TIME: Final = "out-of-time"


@attrs.define(slots=False)
class WorkerDiedError(Exception):
    """A worker ended before it had answered."""

    mark: Mark | None  #: what it was at; None: it came to no session
    code: str
    reason: str  #: such as "took longer than 60 s"

    def __str__(self) -> str:
        return f"a worker died: {self.reason}"


def death(exit_code: int, marks: Marks, job: Job) -> WorkerDiedError:
    """Return what a worker died of.

    Args:
        exit_code: Of its process; below zero the signal that ended it.
        marks: What it told.
        job: What it was at.
    """
    deadline, is_out_of_memory = marks.ends
    if is_out_of_memory:
        size = None if job.memory is None else size_of(job.memory)
        reason = f"needed more than {size or 'the memory that there is'}"
        return WorkerDiedError(marks.read(), OUT_OF_MEMORY, reason)
    if exit_code == EXIT_CODE and 0 < deadline <= time.monotonic_ns():
        reason = f"took longer than {job.seconds:g} s"
        return WorkerDiedError(marks.read(), OUT_OF_TIME, reason)
    return WorkerDiedError(marks.read(), CRASHED, ending(exit_code))


def ending(exit_code: int) -> str:
    """Return in words how a process ended.

    >>> ending(3), ending(-11)
    ('ended with exit code 3', 'killed by SIGSEGV (segmentation fault)')
    """
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    if exit_code == -signal.SIGKILL:
        return "killed by SIGKILL: by somebody, or by the system for lack of memory"
    if -exit_code not in {*signal.Signals}:
        return f"killed by signal {-exit_code}"
    words = str(signal.strsignal(-exit_code)).lower()
    return f"killed by {signal.Signals(-exit_code).name} ({words})"


def quarantined(task: Task, died: WorkerDiedError) -> Worked:
    """Return what came of a task of one session: its worker's death."""
    place, name = _blamed(task, died.mark)
    problem = Problem(place, name, died.code, died.reason, is_quarantined=True)
    return Worked((), (problem,))


def _blamed(task: Task, mark: Mark | None) -> tuple[Place, str]:
    """Return where the session of a task is, and what it is called."""
    portions = dict(task.numbered())
    if mark is not None and mark.place is not None and task.has(mark.place):
        place, name = mark.place, mark.name
    else:
        first = min(task.only or [(min(portions), 0)])
        place, name = max(first, task.start), ""
    return place, name or str(portions[place[0]].key[0])
