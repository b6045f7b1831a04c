"""Limits on a session's time and a worker's memory."""

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

#: The memory that a worker needs to start a task, in bytes.
_ROOM: Final = 8 << 20
#: How late the end may come, as a fraction of the limit: the clock is reset this often.
_SLACK: Final = 0.1
EXIT_CODE: Final = 1  #: of a process that ran out of time


def _ignore(deadline: int) -> None:
    """Report nothing."""


@contextmanager
def limited_time(
    job: Job, monitor: Monitor, report: Callable[[int], object] = _ignore
) -> Iterator[None]:
    """End this process if a session takes too long within the block.

    The clock is a thread in C that does not depend on Python: it also ends a process
    that sleeps or holds the interpreter's lock. A process has one such clock. A session
    gets at least its full time, and at most a tenth more.

    Args:
        job: The task's.
        monitor: The task's, which restarts the clock at each session. That raises
            MemoryError if there isn't enough memory even for the clock.
        report: Called with the session's deadline, by ``time.monotonic_ns()``, whenever
            it changes; 0: there is none.
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
        except RuntimeError as error:  # no thread can be started
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
    """Limit the memory of this process, code and libraries included, in the block.

    Raises:
        WorkerError: The limit is too low to start, or this system has no such limit.
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
    """Return a readable number of bytes, such as "512 MiB" or "1500 MB"."""
    return f"{memory / 1e6:g} MB" if memory % (1 << 20) else f"{memory >> 20} MiB"
