"""A crew of processes on this machine, which lives on when some of them die."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from ctypes import c_byte
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from typing import Final, TypeVar

import attrs

from replay.batch.pool import SIZE, Died
from replay.batch.resource_limits import WorkerDiedError, death, ending, quarantined
from replay.batch.tasks import Task, Worked
from replay.batch.worker_process import Shared, marks_of, question_of, result_of, serve
from replay.errors import WorkerError

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


#: How many workers in a row may be killed before they could do anything.
TRIES: Final = 3
_NO_START: Final = (
    "see above what it said; a script that begins a batch does so under "
    'if __name__ == "__main__":'
)


@attrs.define(eq=False)
class Staff:
    """The workers of one crew. All methods may be called by any thread."""

    is_closed: bool = attrs.field(default=False, init=False)
    _living: set[Worker] = attrs.field(factory=set, init=False)
    _orders: Shared = attrs.field(factory=lambda: shared(1), init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def hire(self) -> Worker:
        """Return a new worker.

        Raises:
            WorkerError: None can be had: it ends by itself before it has begun, or is
                killed again and again; or all were dismissed.
        """
        tries = 0
        while True:
            tries += 1
            worker = self._listed(Worker(self._orders))
            exit_code = worker.failure()
            if exit_code is None:
                return worker
            self.dismiss(worker)
            if exit_code >= 0 or tries == TRIES or self.is_closed:
                reason = f"a worker died before it had begun: {ending(exit_code)}"
                raise WorkerError(reason, _NO_START)

    def dismiss(self, worker: Worker) -> None:
        """Let a worker go, and wait until it is gone."""
        with self._lock:
            self._living.discard(worker)
        worker.close()

    def alone(self, work: Callable[[Task], Worked], task: Task) -> Worked:
        """Have a task of one session done by a worker of its own."""
        tries = 0
        while True:
            tries += 1
            worker = self.hire()
            try:
                return worker.ask(work, task)
            except WorkerDiedError as died:
                if died.mark or tries == TRIES:
                    return quarantined(task, died)
            finally:
                self.dismiss(worker)

    def hurry(self) -> None:
        """Have all workers return after the session that they are at."""
        self._orders[0] = 1

    def kill(self) -> None:
        """End all workers at once; no more can be hired."""
        with self._lock:
            self.is_closed = True
            living = [*self._living]
        for worker in living:
            worker.kill()

    def _listed(self, worker: Worker) -> Worker:
        """Return a worker, having noted that it lives."""
        with self._lock:
            self._living.add(worker)
            is_closed = self.is_closed
        if is_closed:
            worker.kill()
        return worker


_REPEATED_DEATHS: Final = (
    "something is wrong with the location, a plugin, or the memory limit"
)


class PoolCrew:
    """Does so many tasks at once, each in a process that does one after another.

    A thread waits for each process, over a pipe that nothing else uses. So a process
    that dies takes down its own task alone, which tells the session that it was at.
    (The standard library's pool breaks as a whole where one process dies. It hangs for
    ever where that happens while the process sends a result.)

    Args:
        jobs: How many tasks are done at once, at least 1.
        work: What :meth:`alone` does with a task.

    Raises:
        ValueError: *jobs* is below 1.
    """

    def __init__(self, jobs: int, work: Callable[[Task], Worked]) -> None:
        self.size = jobs
        self._work = work
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="replay-batch")
        self._staff = Staff()
        self._idle: deque[Worker] = deque()
        CONTEXT.set_forkserver_preload([work.__module__])

    def submit(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Have a task done by the first process that is free.

        A task whose process died between sessions is done again, by another one.
        """
        return self._threads.submit(self._do, work, task)

    def died(self, error: BaseException) -> Died | None:
        """Return which session was being replayed when a task's process died.

        Raises:
            WorkerError: None was, again and again.
        """
        if not isinstance(error, WorkerDiedError):
            return None
        if error.mark is None:
            reason = f"workers died before they came to a session: {error.reason}"
            raise WorkerError(reason, _REPEATED_DEATHS) from error
        place = error.mark.place
        return Died(None if place is None else frozenset({place}))

    def alone(self, task: Task) -> Worked:
        """Do a task of one session in a process of its own."""
        return self._staff.alone(self._work, task)

    def hurry(self) -> None:
        """Have all processes return after the session that they are at."""
        self._staff.hurry()

    def close(self, *, now: bool = False) -> None:
        """Let go of the processes; no task can be given any more.

        Args:
            now: Kill them. Otherwise what was given is done first.
        """
        if now:
            self._staff.kill()
        self._threads.shutdown(cancel_futures=now)
        while self._idle:
            self._staff.dismiss(self._idle.pop())

    def _do(self, work: Callable[[Task], Result], task: Task) -> Result:
        """Do a task, again where nothing but its process can be blamed.

        Raises:
            WorkerDiedError: At a session; or again and again at none.
            WorkerError: The task cannot begin, or what it came to cannot be sent, in a
                new process too.
        """
        tries = 0
        while True:
            tries += 1
            worker = self._free()
            is_new = worker.is_new
            try:
                result = worker.ask(work, task)
            except (WorkerDiedError, WorkerError) as error:
                self._staff.dismiss(worker)
                is_clear = isinstance(error, WorkerError) and is_new
                if self._staff.is_closed or tries == TRIES or is_clear:
                    raise
                if isinstance(error, WorkerDiedError) and error.mark:
                    raise
            except BaseException:
                self._idle.append(worker)
                raise
            else:
                self._idle.append(worker)
                return result

    def _free(self) -> Worker:
        """Return a worker that is at nothing."""
        with suppress(IndexError):
            return self._idle.pop()
        return self._staff.hire()
