"""Limits of what a session may take: seconds, and a worker's bytes of memory."""

import faulthandler
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Final

import attrs

from replay.batch.pool import Monitor
from replay.batch.tasks import Job
from replay.errors import WorkerError

#: What a worker needs to begin a task with, in bytes.
_ROOM: Final = 8 << 20
#: How late the end may come, as a part of the time: so often is a clock set anew.
_SLACK: Final = 0.1
EXIT_CODE: Final = 1  #: of a process whose time is over


@attrs.define
class TimeLimit:
    """Ends this process if a session takes too long, whatever it does.

    The clock is a thread of C, which needs nothing of Python: it ends a process that
    sleeps, and one that holds the interpreter's lock. A process has one such clock.
    """

    seconds: float
    #: Called with the time at which a session's is over, by ``time.monotonic_ns()``,
    #: whenever that changes; 0: there is none.
    report: Callable[[int], object]
    _nowhere: TextIOWrapper = attrs.field(init=False)
    _set_anew: float = attrs.field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        # What the clock has to say needs a file that stays open.
        self._nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115

    def restart(self) -> None:
        """Give a session its time: at least all of it, and at most a tenth more.

        Raises:
            MemoryError: There is none left, not even for the clock.
        """
        now = time.monotonic()
        if now < self._set_anew:
            return
        longest = self.seconds * (1 + _SLACK)
        self._set_anew = now + self.seconds * _SLACK
        self.report(int((now + longest) * 1e9))
        try:
            faulthandler.dump_traceback_later(longest, file=self._nowhere, exit=True)
        except RuntimeError as error:  # no thread can be begun
            raise MemoryError from error

    def stop(self) -> None:
        """Stop the clock."""
        faulthandler.cancel_dump_traceback_later()
        self.report(0)
        self._nowhere.close()


def _ignore(deadline: int) -> None:
    """Report nothing."""


@contextmanager
def limited_time(
    job: Job, monitor: Monitor, report: Callable[[int], object] = _ignore
) -> Iterator[None]:
    """Give each session so much time, and no more, while a task is done.

    Args:
        job: The task's.
        monitor: The task's: it restarts the clock with each session.
        report: See :class:`TimeLimit`.
    """
    if job.seconds is None:
        yield
        return
    monitor.clock = limit = TimeLimit(job.seconds, report)
    try:
        yield
    finally:
        monitor.clock = None
        limit.stop()


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
