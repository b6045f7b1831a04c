"""Work for workers of a batch: some that is done, and some that takes them down."""

import ctypes
import os
import signal
import threading
from collections.abc import Callable

from replay.batch.marking import is_hurried, mark
from replay.batch.tasks import (
    Counts,
    Done,
    Found,
    Job,
    Task,
    Worked,
)
from replay.portions import Portion


def job(seconds: float | None = None, memory: int | None = None) -> Job:
    """Return a job that reads nothing."""
    return Job("memory", {}, (), seconds=seconds, memory=memory)


def task_of(*names: str, of: Job | None = None, first: int = 0) -> Task:
    """Return a task of sessions, each with what is to happen at it for a name."""
    portions = tuple(Portion((name,), 1) for name in names)
    return Task(of or job(), first, portions, start=(first, 0))


def work(task: Task) -> Worked:
    """Do what the sessions are called; the process's id stands for a result."""
    done = list[Done]()
    for number, portion in task.numbered():
        place, name = (number, 0), str(portion.key[0])
        if not task.has(place):
            continue
        if is_hurried():
            return Worked(tuple(done), (), place)
        mark(place)
        mark(place, f"session {name}")
        DEEDS.get(name, good)()
        found = Found(place, name, b"")
        done.append(Done(found, name, Counts(), str(os.getpid()).encode()))
    return Worked(tuple(done), ())


def good() -> None:
    """Do nothing."""


def segfault() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


def allocate() -> None:
    """Take memory without end."""
    taken = list[bytes]()
    while True:
        taken.append(bytes(1 << 20))


def sleep() -> None:
    """Sleep for ever."""
    threading.Event().wait()


def hold() -> None:
    """Loop for ever in C, holding the interpreter's lock."""
    ctypes.PyDLL(None).pause()


def exit_early() -> None:
    """End the process."""
    os._exit(3)


def killed() -> None:
    """Be killed, as from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_oddly() -> None:
    """Be killed by a signal without a name."""
    os.kill(os.getpid(), signal.SIGRTMIN + 5)


DEEDS: dict[str, Callable[[], object]] = {
    deed.__name__: deed
    for deed in (segfault, allocate, sleep, hold, exit_early, killed, killed_oddly)
}
