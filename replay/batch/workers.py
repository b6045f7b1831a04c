"""A worker as its leader sees it: a process at the other end of a pipe."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from ctypes import c_byte
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from typing import Final, TypeVar

from replay.batch.deaths import death
from replay.batch.marking import SIZE
from replay.batch.packing import question_of, result_of
from replay.batch.tasks import Task
from replay.batch.worker_process import Shared, marks_of, serve
from replay.worker_errors import WorkerError

Result = TypeVar("Result")

#: Never "fork": the leader has threads, and a child would inherit their locks.
CONTEXT: Final = (
    multiprocessing.get_context("forkserver")
    if "forkserver" in multiprocessing.get_all_start_methods()
    else multiprocessing.get_context("spawn")
)
#: Python asks after all its children whenever one is begun: of two threads that ask
#: after the same child, one is told a wrong exit code.
_ASKING: Final = threading.Lock()
#: How long a process may take to end after its pipe has ended, in seconds.
_GRACE: Final = 2.0
_CAN_BLOCK: Final = hasattr(signal, "pthread_sigmask")


def shared(size: int) -> Shared:
    """Return memory that workers can be given when they begin."""
    memory: Shared = CONTEXT.RawArray(c_byte, size)
    return memory


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Have processes that this thread begins never see Ctrl-C, not even at first.

    Python's tracker of resources, of which all need one, lets signals through again
    when it is begun: it comes first.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Worker:
    """A process that does one task after another, until it dies.

    Used by one thread at a time; :meth:`kill` may be called by any.

    Args:
        orders: A byte that all workers of a crew are given: not 0 where they are to
            hurry.
    """

    def __init__(self, orders: Shared) -> None:
        memory = shared(SIZE)
        self._marks = marks_of(memory, orders)
        self.is_new = True
        try:
            self._pipe, far = CONTEXT.Pipe()
            # A leader that ends without letting go waits for its children, once this
            # has been called.
            self._let_go = Finalize(self, self._pipe.close, exitpriority=1)
            given = far, memory, orders, dict(os.environ)
            self._process = CONTEXT.Process(target=serve, args=given)
            with far, _ASKING, _no_interrupts() if _CAN_BLOCK else nullcontext():
                self._process.start()
        except (EOFError, OSError) as error:
            reason = f"no process can be begun for a worker: {error}"
            raise WorkerError(reason, "end other processes, or use fewer") from error

    def failure(self) -> int | None:
        """Wait until the worker has begun.

        Returns:
            None: It has. Otherwise the exit code: it is dead.
        """
        try:
            self._receive()
        except (EOFError, OSError):
            return self._exit_code()
        return None

    def ask(self, work: Callable[[Task], Result], task: Task) -> Result:
        """Have a task done, and return what it came to or raise what it raised.

        Raises:
            WorkerDiedError: The worker died; it can do no more.
            WorkerError: The task cannot be sent or begin, or what it came to not be
                sent.
        """
        question = question_of(work, task)
        try:
            self._pipe.send_bytes(question)
            answer = self._receive()
        except (EOFError, OSError):
            raise death(self._exit_code(), self._marks, task.job) from None
        self.is_new = False
        result: Result = result_of(answer)
        return result

    def kill(self) -> None:
        """End the worker at once, whatever it is at."""
        self._process.kill()

    def close(self) -> None:
        """Let the worker end. Calling it twice is harmless."""
        self._exit_code()

    def _receive(self) -> bytes:
        """Return what the worker sends next.

        Raises:
            EOFError, OSError: It is dead, or dies.
        """
        if self._pipe not in wait([self._pipe, self._process.sentinel]):
            raise EOFError
        return self._pipe.recv_bytes()

    def _exit_code(self) -> int:
        """Return how the worker ended, once it has; see that it does."""
        self._let_go()
        if not wait([self._process.sentinel], _GRACE):
            self._process.kill()
        with _ASKING:
            self._process.join()
        return self._process.exitcode or 0
