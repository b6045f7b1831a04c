"""The messages between a worker process and its leader."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from odd_errors import ODD_ERRORS
from replay.batch.worker_process import (
    Inbox,
    MessageKind,
    Outbox,
    Position,
    pickle_outcome,
    unpickle_outcome,
)
from replay.errors import DecodeError, WorkerError, text_of

# Answers


class TwoWordsError(Exception):
    """An error that pickle fails to rebuild from its text alone."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


class Unreadable:
    """An error that can be pickled, but not unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("no number",)


class ForeignError(Exception):
    """An error that turns into one of another type on its way."""

    def __reduce__(self) -> tuple[type[Exception], tuple[str]]:
        return ValueError, ("changed",)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


def test_what_is_raised_arrives_with_a_note_of_where() -> None:
    error = DecodeError("$.events", "missing", "a.json")
    with pytest.raises(DecodeError) as raised:
        unpickle_outcome(pickle_outcome(raising(error)))
    assert str(raised.value) == str(error)
    (note,) = raised.value.__notes__
    assert note.startswith("In a worker:\nTraceback")
    assert "in fail\n" in note


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TwoWordsError("so", "long"), r"^in a worker: .*TwoWordsError: so long"),
        (LookupError(threading.Lock()), r"^in a worker: LookupError: <unlocked"),
        (ForeignError("mine"), r"^in a worker: .*ForeignError: mine"),
        (SystemExit(3), r"^in a worker: SystemExit: 3"),
        (KeyboardInterrupt(), r"^in a worker: KeyboardInterrupt"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_that_would_not_arrive_is_told_in_words(
    error: BaseException, words: str
) -> None:
    with pytest.raises(WorkerError, match=words):
        unpickle_outcome(pickle_outcome(raising(error)))


def test_an_exception_that_cannot_be_shown_arrives_too() -> None:
    for error, words in ODD_ERRORS.items():
        with pytest.raises(Exception) as raised:  # noqa: PT011 - see below
            unpickle_outcome(pickle_outcome(raising(error)))
        told = text_of(raised.value)
        assert words in {f"{type(raised.value).__name__}: {told}", told[13:]}


def test_a_result_that_cannot_be_unpickled_is_told() -> None:
    with pytest.raises(WorkerError, match="cannot be read: ValueError: invalid lit"):
        unpickle_outcome(pickle_outcome(Unreadable))


# Messages


class Line:
    """A pipe from a worker to its leader."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.outbox = Outbox(writing)
        self.inbox = Inbox(os.getpid())

    def pass_on(self, size: int = 1 << 16) -> Inbox:
        """Pass the worker's bytes to the leader, *size* at a time."""
        sent = os.read(self.reading, 1 << 16)
        for begin in range(0, len(sent), size):
            self.inbox.add(sent[begin : begin + size])
        return self.inbox

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.outbox.descriptor)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


@pytest.mark.parametrize(
    "name", ["a", "", "\ud83d", "\U0001f600" * 100_000, "a\0b", "ä" * 199]
)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_any_session_comes_through_however_it_is_read(
    line: Line, name: str, size: int
) -> None:
    line.outbox.report((0, 0), "before")
    line.outbox.report((2**31 - 1, 2**32 - 1), name)
    inbox = line.pass_on(size)
    assert inbox.position == Position((2**31 - 1, 2**32 - 1), name[:200])
    assert inbox.is_whole


def test_after_all_sessions_none_is_meant_and_after_the_task_nothing(
    line: Line,
) -> None:
    assert line.inbox.position is None, "nor at first"
    line.outbox.report((0, 0), "a")
    line.outbox.report(None, "")
    assert line.pass_on().position == Position(None, "")
    line.outbox.send(MessageKind.DONE)
    assert line.pass_on().position is None


def test_what_its_worker_does_not_send_is_a_fault(line: Line) -> None:
    line.outbox.report((5, 2), "a")
    sent = os.read(line.reading, 1000)
    zeros, too_long = bytes(len(sent)), sent[:25] + b"\xff" * 8
    for wrong in (b"Traceback (most recent call last):", zeros, too_long):
        inbox = Inbox(os.getpid())
        inbox.add(sent + wrong)
        assert inbox.fault
        assert inbox.position == Position((5, 2), "a"), "it is known who is to blame"
    other = Inbox(os.getpid() + 1)
    other.add(sent)
    assert other.fault, "another process sent it"


def test_an_answer_has_the_number_of_its_request(line: Line) -> None:
    line.inbox.number = 7
    for number, is_fault in ((7, False), (6, True)):
        line.outbox.send(MessageKind.ANSWER, b"four", number)
        assert bool(line.pass_on().fault) is is_fault
    assert line.inbox.answer == b"four"


def test_half_an_answer_is_none(line: Line) -> None:
    line.outbox.send(MessageKind.ANSWER, b"four")
    sent = os.read(line.reading, 1000)
    line.inbox.add(sent[:-1])
    assert (line.inbox.answer, line.inbox.is_whole) == (None, False)
    line.inbox.add(sent[-1:])
    assert (line.inbox.answer, line.inbox.is_whole) == (b"four", True)


def test_an_answer_may_be_larger_than_a_pipe(line: Line) -> None:
    large = bytes(1 << 20)
    thread = threading.Thread(target=line.outbox.send, args=(MessageKind.ANSWER, large))
    thread.start()
    while line.inbox.answer is None:
        line.pass_on()
    thread.join()
    assert line.inbox.answer == large
