import io
import pickle
from functools import partial
from pathlib import Path

import pytest

from replay.codec.stored_history import SourceText, StoredEvents, Stretch
from replay.errors import DecodeError
from replay.model.events import Event, Text, UnknownEvent, UserInput

ONE = b'{"type": "user_input", "content": "a"}, {"type": "text", "content": "b"}'
OTHER = b"5"
DATA = b"[" + ONE + b", " + OTHER + b"]"
STRETCHES = [Stretch(1, len(ONE), 2), Stretch(len(ONE) + 3, 1, 1)]
TYPED: tuple[Event, ...] = (UserInput("a"), Text("b"), UnknownEvent(5))


def stored(data: bytes = DATA) -> StoredEvents:
    return StoredEvents(SourceText(partial(io.BytesIO, data)), STRETCHES, "array")


class Stream(io.BytesIO):
    """A file in which nobody can move about."""

    def seekable(self) -> bool:
        return False


def test_the_events_can_be_walked_again_and_again() -> None:
    events = stored()
    assert tuple(events) == tuple(events) == TYPED


def test_the_events_are_counted() -> None:
    assert len(stored()) == 3


def test_the_events_are_read_from_what_cannot_be_moved_about_in() -> None:
    text = SourceText(partial(Stream, DATA))
    assert tuple(StoredEvents(text, STRETCHES, "array")) == TYPED


@pytest.mark.parametrize("index", [0, 1, 2, -1, -3])
def test_an_event_is_had_by_its_position(index: int) -> None:
    assert stored()[index] == TYPED[index]


def test_events_of_one_stretch_are_read_once() -> None:
    opened: list[int] = []

    def open_file() -> io.BytesIO:
        opened.append(1)
        return io.BytesIO(DATA)

    events = StoredEvents(SourceText(open_file), STRETCHES, "array")
    assert [events[0], events[1], events[0]] == [TYPED[0], TYPED[1], TYPED[0]]
    assert len(opened) == 1


@pytest.mark.parametrize("index", [3, -4])
def test_a_position_past_the_end_is_refused(index: int) -> None:
    with pytest.raises(IndexError):
        stored()[index]


def test_a_slice_is_events_too() -> None:
    assert stored()[1:] == TYPED[1:]


def test_events_in_lines_are_read_line_by_line() -> None:
    lines = b'\n{"type": "text", "content": "b"}\n \n5\n'
    text = SourceText(partial(io.BytesIO, lines))
    events = StoredEvents(text, [Stretch(0, len(lines), 2)], "lines")
    assert tuple(events) == TYPED[1:]


def test_stored_events_pickle() -> None:
    events = stored()
    assert events[0] == TYPED[0]
    assert pickle.loads(pickle.dumps(events)) == events  # noqa: S301 - our own bytes


@pytest.mark.parametrize("place", [1, len(DATA) - 2])
def test_a_text_that_has_changed_is_refused(place: int) -> None:
    changed = DATA[:place] + b"[1], 2" + DATA[place + 6 :]
    with pytest.raises(DecodeError):
        tuple(stored(changed))


def test_a_text_that_holds_fewer_events_than_before_is_refused() -> None:
    changed = DATA.replace(ONE, b"5".ljust(len(ONE)))
    with pytest.raises(DecodeError, match="byte 1: changed since it was opened"):
        tuple(stored(changed))


def test_a_text_that_is_gone_is_named() -> None:
    gone = Path("/nowhere/at/all.json")
    text = SourceText(partial(io.FileIO, gone), "the-text")
    with pytest.raises(Exception, match="the-text: no such file"):
        tuple(StoredEvents(text, STRETCHES, "array"))
