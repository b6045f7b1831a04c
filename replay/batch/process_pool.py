"""A pool of processes on this machine, which survives the death of some of them."""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.util import Finalize
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, PollSelector
from typing import Final, TypeAlias

import attrs

from replay.batch.pool import Death, Result, Work
from replay.batch.resource_limits import EXIT_CODE, size_of
from replay.batch.tasks import Job, Place, Problem, Task, TaskResult
from replay.batch.worker_process import (
    REQUEST_HEAD,
    Inbox,
    Position,
    pickle_request,
    serve,
    unpickle_outcome,
)
from replay.errors import WorkerError


@attrs.define(slots=False)
class WorkerDiedError(Exception):
    """A worker died before it answered."""

    position: Position | None  #: the session it was at; None: it had reached none
    code: str  #: as in :attr:`~replay.batch.tasks.Problem.code`
    reason: str  #: such as "took longer than 60 s"

    def __str__(self) -> str:
        return f"a worker died: {self.reason}"


def death_error(exit_code: int, inbox: Inbox, job: Job) -> WorkerDiedError:
    """Return the error for a worker's death, with its cause.

    Args:
        exit_code: Its process's; if negative, the signal that ended it.
        inbox: The messages it sent.
        job: The job it was working on.
    """
    if inbox.is_out_of_memory:
        size = "the memory that there is" if job.memory is None else size_of(job.memory)
        code, reason = "out-of-memory", f"needed more than {size}"
    elif inbox.is_late and exit_code in (EXIT_CODE, -signal.SIGKILL):
        code, reason = "out-of-time", f"took longer than {job.seconds:g} s"
    else:
        code, reason = "crashed", inbox.fault or ending(exit_code)
    return WorkerDiedError(inbox.position, code, reason)


def ending(exit_code: int) -> str:
    """Return a phrase for a process's end, such as "ended with exit code 3"."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    if exit_code == -signal.SIGKILL:
        return "killed by SIGKILL: by somebody, or by the system for lack of memory"
    if -exit_code not in {*signal.Signals}:
        return f"killed by signal {-exit_code}"
    words = str(signal.strsignal(-exit_code)).lower()
    return f"killed by {signal.Signals(-exit_code).name} ({words})"


def quarantine_result(task: Task, died: WorkerDiedError) -> TaskResult:
    """Return the result of a one-session task whose worker died."""
    position = died.position
    if position and position.place and task.has(position.place):
        place, name = position.place, position.name
    elif (first := _first_place(task)) is not None:
        place, name = first, ""
    else:  # its sessions have other results, or will have
        return TaskResult((), ())
    name = name or str(dict(task.numbered())[place[0]].key[0])
    problem = Problem(place, name, died.code, died.reason, is_quarantined=True)
    return TaskResult((), (problem,))


def _first_place(task: Task) -> Place | None:
    if task.included is not None:
        return min(filter(task.has, task.included), default=None)
    place = max((min(task.numbered())[0], 0), task.start)
    while place in task.excluded:
        place = place[0], place[1] + 1
    return place if task.has(place) else None


#: Never "fork": the leader has threads, and a child would inherit their locks.
CONTEXT: Final = (
    multiprocessing.get_context("forkserver")
    if "forkserver" in multiprocessing.get_all_start_methods()
    else multiprocessing.get_context("spawn")
)
#: Python polls all its children whenever it starts one: if two threads poll the same
#: child, one of them gets a wrong exit code.
_ASKING: Final = threading.Lock()
_Pipe: TypeAlias = "Connection[bytes, bytes]"
_GRACE: Final = 2.0  # seconds for a process to end after its pipe is closed
_CHUNK: Final = 1 << 16  # bytes: the capacity of a pipe
#: Seconds between two looks at a worker's position: waking up for each session would
#: take longer than a tiny session does.
_PAUSE: Final = 0.01


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hide Ctrl-C from processes that this thread starts, even while they start.

    Python's resource tracker, which all of them need, unblocks signals when it starts,
    so it is started first.
    """
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: Seconds of silence after which a worker is looked at, again and again.
LOOK_EVERY: Final = 1.0
_LOOKS: Final = 10  # that find a stopped worker in the same state before it is ended


def stopped_state(process: int) -> bytes:
    """Return the state of a process that was stopped, by SIGSTOP for example.

    Returns:
        Equal states if it did nothing in between. Empty: it isn't stopped, or this
        system doesn't say.
    """
    try:
        state = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return b""
    return state if state.rpartition(b") ")[2].startswith(b"T") else b""


_UNTIL_BEGUN: Final = 0.05  # seconds


def persistently(start: Callable[[], object], tries: int = 4) -> None:
    """Start a process; again if the server that forks them has just ended.

    A plugin that writes to all descriptors can end it; it is begun anew on demand.

    Raises:
        ConnectionError: It is not there after so many *tries*.
    """
    left = tries
    while True:
        try:
            start()
        except ConnectionError:
            left -= 1
            if not left:
                raise
        else:
            return
        time.sleep(_UNTIL_BEGUN)


class Worker:
    """A process that runs one task after another until it dies.

    It may be silent as long as it likes, since a plugin may work for hours. But it is
    ended if its session's time is over, or if it was stopped and nobody continues it.

    Used by one thread at a time; :meth:`kill` may be called by any.

    Args:
        drain_signal: See :func:`~replay.batch.worker_process.serve`.
        look_every: See :data:`LOOK_EVERY`.
    """

    def __init__(self, drain_signal: _Pipe, look_every: float = LOOK_EVERY) -> None:
        self.is_new = True
        self._look_every = look_every
        self._stopped, self._looks = b"", 0
        try:
            theirs, self._requests = CONTEXT.Pipe(duplex=False)
            self._answers, answers = CONTEXT.Pipe(duplex=False)
            # A leader that exits without stopping its workers calls this first, so that
            # they end, and then waits for them.
            self._let_go = Finalize(self, self._requests.close, exitpriority=1)
            given = theirs, answers, drain_signal, dict(os.environ)
            self._process = CONTEXT.Process(target=serve, args=given)
            with theirs, answers, _ASKING, _no_interrupts():
                persistently(self._process.start)
        except (EOFError, OSError) as error:
            reason = f"no process can be begun for a worker: {error}"
            raise WorkerError(reason, "end other processes, or use fewer") from error
        self._inbox = Inbox(self._process.pid or 0)
        os.set_blocking(self._requests.fileno(), False)  # it may never read them
        self._selector = PollSelector()
        self._selector.register(self._answers, EVENT_READ)
        self._selector.register(self._process.sentinel, EVENT_READ)

    def failure(self) -> int | None:
        """Wait until the worker has started; if it died, return its exit code."""
        try:
            self._receive()
        except (EOFError, OSError):
            return self._exit_code()
        return None

    def ask(self, work: Work[Result], task: Task) -> Result:
        """Run a task, and return its result or raise its exception.

        Raises:
            WorkerDiedError: The worker died, and can run no more tasks.
            WorkerError: The task cannot be sent or started, or its result sent.
        """
        request = pickle_request(work, task)
        self._inbox.number += 1
        try:
            self._send(REQUEST_HEAD.pack(self._inbox.number, len(request)) + request)
            answer = self._receive()
        except (EOFError, OSError):
            raise death_error(self._exit_code(), self._inbox, task.job) from None
        self.is_new = False
        result: Result = unpickle_outcome(answer)
        return result

    def kill(self) -> None:
        """End the worker at once, whatever it is doing."""
        self._process.kill()

    def close(self) -> None:
        """Let the worker end. Calling it twice is harmless."""
        self._exit_code()
        self._answers.close()

    def _receive(self) -> bytes:
        """Return the next answer.

        Raises:
            EOFError, OSError: The worker is dead or dying; all its messages were read.
        """
        inbox, ended = self._inbox, self._process.sentinel
        while inbox.answer is None:
            if self._answers not in self._ready():
                raise EOFError
            if not (data := os.read(self._answers.fileno(), _CHUNK)):
                raise EOFError
            inbox.add(data)
            if inbox.fault:
                self.kill()
                raise EOFError
            if inbox.answer is None and inbox.is_whole:
                wait([ended], _PAUSE)
        answer, inbox.answer = inbox.answer, None
        return answer

    def _send(self, request: bytes) -> None:
        """Send a request.

        Raises:
            EOFError, OSError: The worker is dead or dying.
        """
        unsent = memoryview(request)
        self._selector.register(self._requests, EVENT_WRITE)
        try:
            while unsent:
                if self._requests not in self._ready():
                    raise EOFError
                unsent = unsent[os.write(self._requests.fileno(), unsent) :]
        finally:
            self._selector.unregister(self._requests)

    def _ready(self) -> set[object]:
        """Wait until something is ready, and return it; look at a silent worker."""
        while not (ready := self._selector.select(self._look_every)):
            self._look()
        return {key.fileobj for key, _ in ready}

    def _look(self) -> None:
        """End the worker if its session's time is over, or if it was stopped."""
        stopped = stopped_state(self._process.pid or 0)
        self._looks = self._looks + 1 if stopped and stopped == self._stopped else 0
        self._stopped = stopped
        if self._looks == _LOOKS:
            self._inbox.fault = (
                "it was stopped, by SIGSTOP for example, and not continued"
            )
        if self._inbox.is_late or self._inbox.fault:
            self.kill()

    def _exit_code(self) -> int:
        """End the worker, and return its exit code."""
        self._let_go()
        if not wait([self._process.sentinel], _GRACE):
            self._inbox.fault = (
                self._inbox.fault or "it let go of its pipes, and went on"
            )
            self._process.kill()
        with _ASKING:
            self._process.join()
        return self._process.exitcode or 0


#: How many workers in a row may be killed before they do anything.
TRIES: Final = 3
_NO_START: Final = (
    "see above what it said; a script that begins a batch does so under "
    'if __name__ == "__main__":'
)
_REPEATED_DEATHS: Final = (
    "something is wrong with the location, a plugin, or the memory limit"
)


class ProcessPool:
    """A pool of processes, each of which runs one task after another.

    A thread waits for each process, over a pipe that nothing else uses. So if a process
    dies, only its own task fails, and the session that it was at is known. (The
    standard library's pool breaks as a whole if one process dies, and hangs for ever if
    that happens while the process sends a result.)

    Args:
        jobs: Number of processes, at least 1.
        work: The function that :meth:`alone` runs.
        look_every: See :data:`LOOK_EVERY`.

    Raises:
        ValueError: *jobs* is below 1.
    """

    def __init__(
        self, jobs: int, work: Work[TaskResult], *, look_every: float = LOOK_EVERY
    ) -> None:
        self.size = jobs
        self._look_every = look_every
        self._work = work
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="replay-batch")
        self._drain_signal, self._drain_sender = CONTEXT.Pipe(duplex=False)
        self._lock = threading.Lock()
        self._running: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._is_closed = False
        CONTEXT.set_forkserver_preload([work.__module__])

    def submit(self, work: Work[Result], task: Task) -> Future[Result]:
        """Submit a task to the first free process.

        If the process dies before it reaches a session, another one runs the task.
        """
        return self._threads.submit(self._do, work, task)

    def death_of(self, error: BaseException) -> Death | None:
        """Return the death of a task's process, with the session that it was at."""
        if not isinstance(error, WorkerDiedError):
            return None
        if error.position is None:
            reason = f"workers died before they came to a session: {error.reason}"
            raise WorkerError(reason, _REPEATED_DEATHS) from error
        place = error.position.place
        return Death(None if place is None else frozenset({place}))

    def alone(self, task: Task) -> TaskResult:
        """Run a task of one session in a process of its own."""
        try:
            return self._do(self._work, task, is_alone=True)
        except WorkerDiedError as died:
            return quarantine_result(task, died)

    def drain(self) -> None:
        """Make the tasks in all processes return after their current session."""
        self._drain_sender.send_bytes(b"now")

    def close(self, *, now: bool = False) -> None:
        """Release the processes; no more tasks are accepted.

        Args:
            now: Kill them instead of finishing the submitted tasks first.
        """
        if now:
            with self._lock:
                self._is_closed = True
                running = [*self._running]
            for worker in running:
                worker.kill()
        self._threads.shutdown(cancel_futures=now)
        while self._idle:
            self._stop(self._idle.pop())

    def _do(self, work: Work[Result], task: Task, *, is_alone: bool = False) -> Result:
        """Run a task, and retry if only its process can be to blame.

        Raises:
            WorkerDiedError: The process died at a session, or repeatedly at none.
            WorkerError: The task cannot start, or its result cannot be sent, even in a
                new process.
        """
        tries = 0
        while True:
            tries += 1
            worker = self._start() if is_alone else self._free()
            is_new, is_reusable = worker.is_new, not is_alone
            try:
                return worker.ask(work, task)
            except (WorkerDiedError, WorkerError) as error:
                is_reusable = False
                is_clear = is_new
                if isinstance(error, WorkerDiedError):
                    is_clear = error.position is not None
                if is_clear or tries == TRIES or self._is_closed:
                    raise
            finally:
                if is_reusable:
                    self._idle.append(worker)
                else:
                    self._stop(worker)

    def _free(self) -> Worker:
        """Return an idle worker, or a new one."""
        with suppress(IndexError):
            return self._idle.pop()
        return self._start()

    def _start(self) -> Worker:
        """Return a new worker.

        Raises:
            WorkerError: None can be started: it exits before it begins, or is killed
                repeatedly, or all workers were killed.
        """
        tries = 0
        while True:
            tries += 1
            worker = Worker(self._drain_signal, self._look_every)
            with self._lock:
                self._running.add(worker)
                if self._is_closed:
                    worker.kill()
            exit_code = worker.failure()
            if exit_code is None:
                return worker
            self._stop(worker)
            if exit_code >= 0 or tries == TRIES or self._is_closed:
                reason = f"a worker died before it had begun: {ending(exit_code)}"
                raise WorkerError(reason, _NO_START)

    def _stop(self, worker: Worker) -> None:
        """Let a worker end, and wait for it."""
        with self._lock:
            self._running.discard(worker)
        worker.close()
