"""What runs in a worker: it does what its leader asks, and ends with it."""

import os
import pickle
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from ctypes import Array, c_byte
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final

from replay.batch.limiting import limited_memory, limited_time
from replay.batch.marking import Marks, marking
from replay.batch.packing import answer_of

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
