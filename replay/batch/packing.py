"""Questions to workers, and their answers, as bytes."""

import pickle
from collections.abc import Callable
from traceback import format_exception, format_exception_only
from typing import Any

from replay.batch.tasks import Task
from replay.worker_errors import WorkerError


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
