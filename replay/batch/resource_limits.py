"""Limits of what a session may take: seconds, and a worker's bytes of memory."""

import faulthandler
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from replay.batch.pool import Monitor
from replay.batch.tasks import Job
from replay.errors import WorkerError

#: What a worker needs to begin a task with, in bytes.
_ROOM: Final = 8 << 20
#: How late the end may come, as a part of the time: so often is a clock set anew.
_SLACK: Final = 0.1
EXIT_CODE: Final = 1  #: of a process whose time is over


def _ignore(deadline: int) -> None:
    """Report nothing."""


@contextmanager
def limited_time(
    job: Job, monitor: Monitor, report: Callable[[int], object] = _ignore
) -> Iterator[None]:
    """End this process if a session takes too long while a task is done.

    The clock is a thread of C, which needs nothing of Python: it ends a process that
    sleeps, and one that holds the interpreter's lock. A process has one such clock. A
    session has at least all of its time, and at most a tenth more.

    Args:
        job: The task's.
        monitor: The task's: it restarts the clock with each session. That raises
            MemoryError if there is none left, not even for the clock.
        report: Called with the time at which a session's is over, by
            ``time.monotonic_ns()``, whenever that changes; 0: there is none.
    """
    if job.seconds is None:
        yield
        return
    slack = job.seconds * _SLACK
    longest = job.seconds + slack
    set_anew = 0.0

    def restart() -> None:
        nonlocal set_anew
        now = time.monotonic()
        if now < set_anew:
            return
        set_anew = now + slack
        report(int((now + longest) * 1e9))
        try:
            faulthandler.dump_traceback_later(longest, file=nowhere, exit=True)
        except RuntimeError as error:  # no thread can be begun
            raise MemoryError from error

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:  # it must stay open
        monitor.restart_clock = restart
        try:
            yield
        finally:
            monitor.restart_clock = None
            faulthandler.cancel_dump_traceback_later()
            report(0)


@contextmanager
def limited_memory(job: Job) -> Iterator[None]:
    """Limit the memory of this process, code and libraries too, while a task is done.

    Raises:
        WorkerError: It is not enough to begin with; or this system has no such limit.
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
        _check_room(job.memory)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _check_room(memory: int) -> None:
    try:
        bytearray(_ROOM)
    except MemoryError as error:
        reason = f"{size_of(memory)} of memory isn't enough for a worker to begin"
        hint = "allow more: Python itself needs most of it"
        raise WorkerError(reason, hint) from error


def size_of(memory: int) -> str:
    """Return a number of bytes for people, such as "512 MiB" or "1500 MB"."""
    return f"{memory / 1e6:g} MB" if memory % (1 << 20) else f"{memory >> 20} MiB"
