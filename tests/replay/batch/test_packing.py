import threading
from collections.abc import Callable

import pytest

from replay.batch.worker_process import answer_of, result_of
from replay.errors import DecodeError, WorkerError


class TwoWordsError(Exception):
    """Cannot be made again from its text alone, as pickle tries to."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


class Unreadable:
    """Can be packed, and not be unpacked."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("no number",)


class ForeignError(Exception):
    """Becomes an error of another type on its way."""

    def __reduce__(self) -> tuple[type[Exception], tuple[str]]:
        return ValueError, ("changed",)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


def test_what_is_returned_arrives() -> None:
    assert result_of(answer_of(lambda: {"a": [1]})) == {"a": [1]}


def test_what_is_raised_arrives() -> None:
    error = DecodeError("$.events", "missing", "a.json")
    with pytest.raises(DecodeError) as raised:
        result_of(answer_of(raising(error)))
    assert str(raised.value) == str(error)


def test_where_it_was_raised_is_told_in_a_note() -> None:
    with pytest.raises(LookupError) as raised:
        result_of(answer_of(raising(LookupError("x"))))
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
        result_of(answer_of(raising(error)))


def test_a_result_that_cannot_be_packed_is_told() -> None:
    with pytest.raises(WorkerError, match=r"cannot be sent: TypeError: cannot pickle"):
        result_of(answer_of(threading.Lock))


def test_a_result_that_cannot_be_unpacked_is_told() -> None:
    with pytest.raises(WorkerError, match="cannot be read: ValueError: invalid lit"):
        result_of(answer_of(Unreadable))


def test_a_lack_of_memory_is_not_packed() -> None:
    with pytest.raises(MemoryError):
        answer_of(raising(MemoryError()))
