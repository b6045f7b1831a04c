"""A worker's process, and the messages between it and its leader.

A request is a number and a pickle. A worker sends a stream of messages, each a header
and some bytes: that it has started, the session it is at, the session's deadline, and
its answer, with the request's number. So the leader knows why a worker died, however
it died. Plugins run in this process too: whatever else comes through its pipe, and
whatever another process sends, is noticed.
"""

import logging
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from struct import Struct
from typing import Any, Final

import attrs

from replay.batch.pool import Monitor
from replay.batch.resource_limits import limited_memory, limited_time
from replay.batch.tasks import Place, Task
from replay.errors import WorkerError, trace_of, words_of


def pickle_request(work: Callable[[Task, Monitor], object], task: Task) -> bytes:
    """Return a pickled task, with the function to run on it.

    Raises:
        WorkerError: They cannot be pickled: an option is a function, say.
    """
    try:
        return pickle.dumps((work, task))
    except Exception as error:
        reason = f"a task cannot be sent to a worker: {words_of(error)}"
        hint = "give options that can be pickled, or use no other processes"
        raise WorkerError(reason, hint) from error


def pickle_outcome(function: Callable[[], object]) -> bytes:
    """Call a function, and return its result or exception, pickled.

    One that cannot be sent becomes a :class:`~replay.WorkerError` that describes it.

    Raises:
        MemoryError: The function raised it: there may be no memory left to pickle it.
    """
    try:
        value = function()
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - whoever asked has to handle it
        return _pickled_error(error)
    try:
        return pickle.dumps((value, None, ""))
    except Exception as error:  # noqa: BLE001 - pickle runs other people's code
        reason = f"a worker's result cannot be sent: {words_of(error)}"
        return _pickled_error(WorkerError(reason))


def unpickle_outcome(answer: bytes) -> Any:  # noqa: ANN401 - what the function returned
    """Return the result in an answer, or raise the exception in it.

    Raises:
        WorkerError: The answer cannot be read, or could not be sent.
    """
    try:
        value, error, trace = pickle.loads(answer)  # noqa: S301 - our own process's
    except Exception as failure:
        reason = f"a worker's result cannot be read: {words_of(failure)}"
        raise WorkerError(reason) from failure
    if error is not None:
        with suppress(Exception):  # it may be anybody's, and refuse
            error.add_note(f"In a worker:\n{trace}")
        raise error
    return value


def _pickled_error(error: BaseException) -> bytes:
    """Return a pickled exception, or its text if it would not arrive intact."""
    trace = trace_of(error)
    if isinstance(error, Exception):
        try:
            pickled = pickle.dumps((None, error, trace))
            if type(pickle.loads(pickled)[1]) is type(error):  # noqa: S301 - our own
                return pickled
        except Exception as failure:  # noqa: BLE001 - pickle runs other people's code
            trace += f"\nIt could not be sent: {words_of(failure)}"
    return pickle.dumps((None, WorkerError(f"in a worker: {words_of(error)}"), trace))


class MessageKind(IntEnum):
    """The kind of a message from a worker."""

    AT = 0  #: it is at a session: the place's two numbers, and the name
    AT_END = 1  #: all sessions are done; only the work at the task's end is left
    DEADLINE = 2  #: the session's deadline, in nanoseconds; 0: there is none
    OUT_OF_MEMORY = 3
    DONE = 4  #: the task is done: the answer follows
    ANSWER = 5  #: to a request; an empty one says that the worker has started


REQUEST_HEAD: Final = Struct("=QQ")  #: a request's number, and how many bytes follow
#: the sender's process id, the kind, two numbers, and how many bytes follow
_HEAD: Final = Struct("=QBQQQ")
_LONGEST_NAME: Final = 200  # characters
_UTF8_BYTES: Final = 4  # of a character, at most


@attrs.frozen
class Outbox:
    """The writing end of a worker's messages."""

    descriptor: int
    _pipe: tuple[int, ...] = attrs.field(init=False)
    #: made in advance, while there is memory
    _out_of_memory: bytes = attrs.field(init=False)

    @_pipe.default
    def _identity(self) -> tuple[int, ...]:
        return tuple(os.fstat(self.descriptor)[:3])

    @_out_of_memory.default
    def _made_in_advance(self) -> bytes:
        return _HEAD.pack(os.getpid(), MessageKind.OUT_OF_MEMORY, 0, 0, 0)

    def send(self, kind: MessageKind, data: bytes = b"", number: int = 0) -> None:
        """Send a message.

        Raises:
            OSError: The leader is gone.
        """
        self._write(_HEAD.pack(os.getpid(), kind, number, 0, len(data)) + data)

    def send_out_of_memory(self) -> None:
        """Tell the leader that there is no memory left, without using any."""
        os.write(self.descriptor, self._out_of_memory)

    def report(self, place: Place | None, name: str) -> None:
        """Tell the leader which session the worker is at."""
        if place is None:
            self.send(MessageKind.AT_END)
        else:
            spelled = name[:_LONGEST_NAME].encode("utf-8", "surrogatepass")
            head = _HEAD.pack(os.getpid(), MessageKind.AT, *place, len(spelled))
            self._write(head + spelled)

    def report_deadline(self, deadline: int) -> None:
        """Tell the leader the session's deadline."""
        self.send(MessageKind.DEADLINE, number=deadline)

    def _write(self, message: bytes) -> None:
        """Write a message, or end this process if it has lost the pipe to its leader.

        The descriptor may be something else by now, such as a file of a plugin's.
        """
        try:
            is_lost = self._identity() != self._pipe
        except OSError:
            is_lost = True
        if is_lost:
            logging.getLogger("replay").error(
                "a plugin closed or replaced the pipe of a worker, which was ended"
            )
            os._exit(1)
        unsent = memoryview(message)
        while unsent:
            unsent = unsent[os.write(self.descriptor, unsent) :]


@attrs.frozen
class Position:
    """The session that a worker is at."""

    place: Place | None  #: None: all of them are done
    name: str  #: the session's, as far as known; at most 200 characters


@attrs.define
class Inbox:
    """The reading end of a worker's messages, in the leader."""

    process: int  #: the worker's id
    number: int = 0  #: the last request's; 0: there was none
    answer: bytes | None = None  #: the last one, until it is taken
    deadline: int = 0  #: see :attr:`MessageKind.DEADLINE`
    is_out_of_memory: bool = False
    fault: str = ""  #: why the leader ends the worker; empty: there is no reason
    #: the latest message about the worker's position
    _at: tuple[int, int, int, bytes] | None = None
    _unread: bytearray = attrs.field(factory=bytearray)

    @property
    def position(self) -> Position | None:
        """Return the worker's current or last session; None: it has reached none."""
        if self._at is None:
            return None
        kind, portion, number, name = self._at
        place = (portion, number) if kind == MessageKind.AT else None
        return Position(place, name.decode("utf-8", "surrogatepass"))

    @property
    def is_late(self) -> bool:
        """Tell whether the session's time is over."""
        return 0 < self.deadline <= time.monotonic_ns()

    @property
    def is_whole(self) -> bool:
        """Tell whether all messages so far were read completely."""
        return not self._unread

    def add(self, data: bytes) -> None:
        """Take bytes that were read from a worker."""
        unread = self._unread
        unread += data
        begin = 0
        while len(unread) >= (middle := begin + _HEAD.size):
            process, kind, first, second, size = _HEAD.unpack_from(unread, begin)
            if process != self.process or not self._expects(kind, first, second, size):
                self.fault = "a plugin, or a child of it, wrote to the worker's pipe"
                break
            if len(unread) < (end := middle + size):
                break
            self._take(kind, first, second, bytes(unread[middle:end]))
            begin = end
        del unread[:begin]

    def _expects(self, kind: int, first: int, second: int, size: int) -> bool:
        """Tell whether there may be a message with such a header."""
        if kind == MessageKind.AT:
            return size <= _LONGEST_NAME * _UTF8_BYTES
        if kind == MessageKind.ANSWER:
            return (first, second) == (self.number, 0)
        return kind in {*MessageKind} and second == size == 0

    def _take(self, kind: int, first: int, second: int, data: bytes) -> None:
        if kind <= MessageKind.AT_END:
            self._at = kind, first, second, data
        elif kind == MessageKind.DEADLINE:
            self.deadline = first
        elif kind == MessageKind.OUT_OF_MEMORY:
            self.is_out_of_memory = True
        elif kind == MessageKind.DONE:
            self._at = None
        else:
            self.answer = data


def serve(
    requests: "Connection[bytes, bytes]",
    answers: "Connection[bytes, bytes]",
    drain_signal: "Connection[bytes, bytes]",
    variables: Mapping[str, str],
) -> None:
    """Answer requests until the leader closes its pipe or dies.

    Args:
        requests: From the leader.
        answers: To the leader.
        drain_signal: From the leader to all its workers; once there is something to
            read, they return after their current session.
        variables: The leader's current environment. A fork server still has that of the
            first batch.
    """
    os.environ.clear()
    os.environ.update(variables)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the leader decides what to end
    outbox = Outbox(answers.fileno())
    monitor = Monitor.of_worker(outbox.report)
    watched = drain_signal, monitor
    threading.Thread(target=_watch_leader, args=watched, daemon=True).start()
    with suppress(EOFError, OSError):  # the leader is gone
        outbox.send(MessageKind.ANSWER)
        for number, request in _received(requests.fileno()):
            answer = _answer(request, monitor, outbox)
            outbox.send(MessageKind.DONE)
            outbox.send(MessageKind.ANSWER, answer, number)


def _received(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """Yield each request with its number, until the leader is gone."""
    with open(descriptor, "rb", closefd=False) as stream:
        while len(head := stream.read(REQUEST_HEAD.size)) == REQUEST_HEAD.size:
            number, size = REQUEST_HEAD.unpack(head)
            yield number, stream.read(size)


def _answer(request: bytes, monitor: Monitor, outbox: Outbox) -> bytes:
    """Run a task; if it runs out of memory, report that and end this process."""

    def done() -> object:
        work, task = pickle.loads(request)  # noqa: S301 - from our own leader
        limited = limited_time(task.job, monitor, outbox.report_deadline)
        with limited_memory(task.job), limited:
            return monitor.run(partial(work, task, monitor))

    try:
        return pickle_outcome(done)
    except MemoryError:
        outbox.send_out_of_memory()
        os._exit(1)


def _watch_leader(drain_signal: "Connection[bytes, bytes]", monitor: Monitor) -> None:
    """Drain this worker when told to; end it once its leader is gone."""
    leader = parent_process()
    assert leader is not None, "this is a worker"  # noqa: S101 - for the type checker
    if leader.sentinel not in wait([leader.sentinel, drain_signal]):
        monitor.is_draining = True
        wait([leader.sentinel])
    os._exit(1)
