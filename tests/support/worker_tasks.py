"""Tasks for a batch's workers: some are harmless, and some take workers down."""

import ctypes
import faulthandler
import mmap
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from forking import fork
from replay.batch.executor_pool import do
from replay.batch.pool import Monitor
from replay.batch.tasks import (
    Counts,
    FoundSession,
    Job,
    SessionResult,
    Task,
    TaskResult,
)
from replay.batch.worker_process import unpickle_outcome
from replay.sources.protocols import Portion


def job(seconds: float | None = None, memory: int | None = None) -> Job:
    """Return a job that reads nothing."""
    return Job("memory", {}, (), seconds=seconds, memory=memory)


def task_of(*names: str, of: Job | None = None, first: int = 0) -> Task:
    """Return a task of sessions, each named after the action to take."""
    portions = tuple(Portion((name,), 1) for name in names)
    return Task(of or job(), first, portions, start=(first, 0))


def work(task: Task, monitor: Monitor) -> TaskResult:
    """Take the actions that the sessions are named after; results are process ids."""
    done = list[SessionResult]()
    for number, portion in task.numbered():
        place, name = (number, 0), str(portion.key[0])
        if not task.has(place):
            continue
        if monitor.is_draining:
            return TaskResult(tuple(done), (), place)
        monitor.at(place)
        monitor.at(place, f"session {name}")
        action, _, path = name.partition(" ")
        if action == "write_pid_until_drained":
            write_pid_until_drained(path, monitor)
        else:
            ACTIONS.get(action, good)(*filter(None, [path]))
        found = FoundSession(place, name, b"")
        done.append(SessionResult(found, name, Counts(), str(os.getpid()).encode()))
    return TaskResult(tuple(done), ())


def good() -> None:
    """Do nothing."""


def be_deaf() -> None:
    """Fail if Ctrl-C isn't blocked."""
    assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()), "it hears"


def segfault() -> None:
    """Read from an invalid address."""
    ctypes.string_at(0)


def allocate() -> None:
    """Allocate memory without end."""
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
    """Kill this process, as from outside."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_oddly() -> None:
    """Kill this process with a signal that has no name."""
    os.kill(os.getpid(), signal.SIGRTMIN + 5)


def spin() -> None:
    """Spin for a hundredth of a second."""
    end = time.monotonic() + 0.01
    while time.monotonic() < end:
        pass


def write_pid(path: str) -> None:
    """Write the process id to a pipe, keep it open, and sleep for ever."""
    with Path(path).open("w", encoding="utf-8") as pipe:
        print(os.getpid(), file=pipe, flush=True)
        sleep()


def write_pid_until_drained(path: str, monitor: Monitor) -> None:
    """Write the process id to a pipe, and return once the worker drains."""
    Path(path).write_text(f"{os.getpid()}\n", encoding="utf-8")
    while not monitor.is_draining:
        pass


def die_once(path: str) -> None:
    """Die the first time."""
    if not Path(path).exists():
        Path(path).touch()
        os._exit(3)


def only_once(path: str) -> None:
    """Fail the second time."""
    Path(path).touch(exist_ok=False)


def no_room() -> None:
    """Leave a worker with a memory limit no memory for its next task."""
    KEPT.append(mmap.mmap(-1, 1 << 30))


def lower_hard_limit() -> None:
    """Lower the hard limit on memory to 1 TiB."""
    resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))


def leave_child(path: str) -> None:
    """Die, and leave a child as :func:`have_child` does."""
    have_child(path)
    os._exit(3)


def have_child(path: str) -> None:
    """Start a child that keeps all files open until a pipe is written to."""
    if not fork():
        Path(path).read_bytes()
        os._exit(0)


def come_back() -> None:
    """Fork, and let parent and child go on."""
    fork()


def stop() -> None:
    """Stop this process until somebody continues it."""
    os.kill(os.getpid(), signal.SIGSTOP)


def stop_clock() -> None:
    """Sleep for ever, with the clock of the time limit stopped."""
    faulthandler.cancel_dump_traceback_later()
    sleep()


def pipes() -> list[int]:
    """Return the descriptors of this process's pipes, but for the standard streams."""
    found = list[int]()
    for path in Path("/proc/self/fd").iterdir():
        if path.name not in "012" and path.exists() and path.is_fifo():
            found.append(int(path.name))
    return found


def scribble() -> None:
    """Write to every pipe, and go on."""
    for descriptor in pipes():
        with suppress(OSError):  # it is read here
            os.write(descriptor, b"ten bytes.")


def close_pipes() -> None:
    """Close every pipe, as a daemon does, and go on."""
    for descriptor in pipes():
        os.close(descriptor)


def close_pipes_and_sleep() -> None:
    """Close every pipe, and sleep for ever."""
    close_pipes()
    sleep()


def replace_pipes() -> None:
    """Put something else in the place of every pipe, keep them open, and go on."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in pipes():
        os.dup(descriptor)
        os.dup2(nowhere, descriptor)


def lone_thread() -> None:
    """Start a thread that never ends, and for which Python waits."""
    threading.Thread(target=sleep).start()


KEPT: list[mmap.mmap] = []
ACTIONS: dict[str, Callable[..., object]] = {
    action.__name__: action
    for action in (
        *(segfault, allocate, sleep, hold, exit_early, killed, killed_oddly, spin),
        *(write_pid, no_room, lower_hard_limit, lone_thread),
        *(leave_child, have_child, only_once, be_deaf),
        *(come_back, stop, stop_clock),
        *(scribble, close_pipes, close_pipes_and_sleep, replace_pipes),
    )
}


def die_at_none(task: Task, _: Monitor) -> TaskResult:
    """Die before any session."""
    os._exit(task.first)


def die_at_end(task: Task, monitor: Monitor) -> TaskResult:
    """Die after all sessions."""
    monitor.at(task.start)
    monitor.at(None)
    os._exit(3)


def die_at_none_once(task: Task, monitor: Monitor) -> TaskResult:
    """Die before any session, the first time."""
    die_once(str(task.portions[0].key[0]))
    return work(task, monitor)


def cannot_be_sent(_: Task, __: Monitor) -> threading.Event:
    """Return a value that can't be pickled."""
    return threading.Event()


def fail(task: Task, _: Monitor) -> TaskResult:
    """Raise an exception."""
    raise LookupError(task.first)


def work_within_work(task: Task, _: Monitor) -> TaskResult:
    """Do a task within a task of another executor."""
    result: TaskResult = unpickle_outcome(do(work, task, "another leader"))
    return result


def variables(_: Task, __: Monitor) -> dict[str, str]:
    """Return the environment of the worker."""
    return dict(os.environ)


def pids_of(result: TaskResult) -> set[int]:
    """Return the ids of the processes that did a task."""
    return {int(done.values) for done in result.done}
