import pickle

import pytest

from replay.codec.history import DecodedEvents
from replay.model.events import Event, Text, UnknownEvent, UserInput

VALUES: list[object] = [
    {"type": "user_input", "content": "a"},
    {"type": "text", "content": "b"},
    5,
]
TYPED: tuple[Event, ...] = (UserInput("a"), Text("b"), UnknownEvent(5))


def test_the_events_can_be_walked_again_and_again() -> None:
    events = DecodedEvents(VALUES)
    assert tuple(events) == tuple(events) == TYPED


def test_the_events_are_counted() -> None:
    assert len(DecodedEvents(VALUES)) == 3


@pytest.mark.parametrize("index", [0, 2, -1])
def test_an_event_is_had_by_its_position(index: int) -> None:
    assert DecodedEvents(VALUES)[index] == TYPED[index]


def test_a_position_past_the_end_is_refused() -> None:
    with pytest.raises(IndexError):
        DecodedEvents(VALUES)[3]


def test_a_slice_is_events_too() -> None:
    assert DecodedEvents(VALUES)[1:] == TYPED[1:]
    assert DecodedEvents(VALUES)[::-2] == TYPED[::-2]


def test_equal_events_are_equal_whatever_holds_them() -> None:
    assert DecodedEvents(VALUES) == TYPED
    assert list(TYPED) == DecodedEvents(VALUES)


@pytest.mark.parametrize("other", [TYPED[:2], TYPED[::-1], "abc", 5, None])
def test_other_events_are_not_equal(other: object) -> None:
    assert DecodedEvents(VALUES) != other


def test_no_events_are_no_text() -> None:
    assert DecodedEvents([]) != ""


def test_equal_events_have_equal_hashes() -> None:
    assert hash(DecodedEvents(VALUES)) == hash(TYPED)


def test_events_pickle() -> None:
    events = DecodedEvents(VALUES)
    assert pickle.loads(pickle.dumps(events)) == events  # noqa: S301 - our own bytes


def test_a_repr_stays_short() -> None:
    assert repr(DecodedEvents(VALUES)) == "<3 recorded events>"
