"""What runs in a worker: it does what its leader asks, and ends with it."""

import os
import pickle
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from ctypes import Array, c_byte
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from traceback import format_exception, format_exception_only
from typing import Any, Final

from replay.batch.pool import Marks, marking
from replay.batch.resource_limits import limited_memory, limited_time
from replay.batch.tasks import Task
from replay.errors import WorkerError


def question_of(work: Callable[[Task], object], task: Task) -> bytes:
    """Return what a worker is to do, packed.

    Raises:
        WorkerError: It cannot be packed, such as an option that is a function.
    """
    try:
        return pickle.dumps((work, task))
    except Exception as error:
        reason = f"a worker cannot be told what to do: {_words(error)}"
        hint = "give options that can be pickled, or use no other processes"
        raise WorkerError(reason, hint) from error


def answer_of(function: Callable[[], object]) -> bytes:
    """Return what a function returns or raises, packed.

    What cannot be sent is told in words, by a :class:`~replay.WorkerError`.

    Raises:
        MemoryError: The function did: there may be none left to pack it with.
    """
    try:
        value = function()
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - whoever asked has to deal with it
        return _packed_error(error)
    try:
        return pickle.dumps((value, None, ""))
    except Exception as error:  # noqa: BLE001 - pickle runs code of others
        reason = f"what a worker came to cannot be sent: {_words(error)}"
        return _packed_error(WorkerError(reason))


def result_of(answer: bytes) -> Any:  # noqa: ANN401 - what the function returned
    """Return what a function returned elsewhere, or raise what it raised.

    Raises:
        WorkerError: The answer cannot be read, or could not be sent.
    """
    try:
        value, error, trace = pickle.loads(answer)  # noqa: S301 - our own process's
    except Exception as failure:
        reason = f"what a worker came to cannot be read: {_words(failure)}"
        raise WorkerError(reason) from failure
    if error is not None:
        error.add_note(f"In a worker:\n{trace}")
        raise error
    return value


def _packed_error(error: BaseException) -> bytes:
    """Return an exception, packed; or its words, where it would not arrive whole."""
    trace = "".join(format_exception(error))
    if isinstance(error, Exception):
        try:
            packed = pickle.dumps((None, error, trace))
            if type(pickle.loads(packed)[1]) is type(error):  # noqa: S301 - our own
                return packed
        except Exception as failure:  # noqa: BLE001 - pickle runs code of others
            trace += f"\nIt could not be sent: {_words(failure)}"
    return pickle.dumps((None, WorkerError(f"in a worker: {_words(error)}"), trace))


def _words(error: BaseException) -> str:
    """Return an exception's type and text."""
    return format_exception_only(error)[-1].strip()


#: Tells the leader that the worker has begun.
BEGUN: Final = b"begun"

Shared = Array[c_byte]


def marks_of(memory: Shared, orders: Shared) -> Marks:
    """Return the marks that leader and worker have in common."""
    return Marks(memoryview(memory).cast("B"), memoryview(orders).cast("B"))


def serve(
    pipe: "Connection[bytes, bytes]",
    memory: Shared,
    orders: Shared,
    variables: Mapping[str, str],
) -> None:
    """Answer until the leader lets go of the pipe, or dies.

    Args:
        pipe: To the leader.
        memory: Of this worker's marks.
        orders: Of the leader.
        variables: The leader's environment as it is now. A fork server has that of the
            first batch.
    """
    os.environ.clear()
    os.environ.update(variables)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the leader decides what is ended
    threading.Thread(target=_end_with_leader, daemon=True).start()
    marks = marks_of(memory, orders)
    with suppress(EOFError, OSError):  # the leader is gone
        pipe.send_bytes(BEGUN)
        while True:
            answer = _answer(pipe.recv_bytes(), marks)
            marks.clear()
            pipe.send_bytes(answer)


def _answer(question: bytes, marks: Marks) -> bytes:
    """Do what is asked; where memory is not enough, tell it and end this process."""

    def done() -> object:
        work, task = pickle.loads(question)  # noqa: S301 - from our own leader
        with limited_memory(task.job), limited_time(task.job, marks), marking(marks):
            return work(task)

    try:
        return answer_of(done)
    except MemoryError:
        marks.ends[1] = True
        os._exit(1)


def _end_with_leader() -> None:
    """End this process, whatever it is at, once the leader's is gone."""
    leader = parent_process()
    assert leader is not None, "this is a worker"  # noqa: S101 - for the type checker
    wait([leader.sentinel])
    os._exit(1)
