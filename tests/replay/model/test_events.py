import copy
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from replay import (
    Event,
    ImageAttachment,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
)
from replay.model.events import EVENT_CLASSES

EVERY: list[Event] = [
    UserInput("What?"),
    ThinkingDelta("Hm"),
    Thinking("Hm."),
    TextDelta("12"),
    Text("12%"),
    ToolCall("call_1", "grep", {"pattern": ["x"]}),
    ToolResult("call_1", "grep", {"items": [1]}, ImageAttachment("dfl-1", "p.jpg")),
    Stop(Usage(5, 8, 2, 1.5), is_error=True, error="no", skipped_index_ids=("idx-1",)),
    UnknownEvent({"type": "odd", "x": [1]}),
]
each_event = pytest.mark.parametrize(
    "event", EVERY, ids=[type(event).__name__ for event in EVERY]
)


def test_there_are_the_eight_types_of_the_wire() -> None:
    kinds = "user_input thinking_delta thinking text_delta text"
    assert {*EVENT_CLASSES} == {*kinds.split(), "tool_call", "tool_result", "stop"}
    assert all(cls.type == kind for kind, cls in EVENT_CLASSES.items())


def test_every_event_is_tested_here() -> None:
    assert {type(event) for event in EVERY} == {*EVENT_CLASSES.values(), UnknownEvent}


@each_event
def test_an_event_cannot_be_changed(event: Event) -> None:
    name = attrs.fields(type(event))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(event, name, "new")


@each_event
def test_an_event_pickles_and_copies_after_it_was_read(event: Event) -> None:
    event.as_object()
    pickled = pickle.loads(pickle.dumps(event))  # noqa: S301 - our own bytes
    for back in (pickled, copy.copy(event), copy.deepcopy(event)):
        assert back == event
        assert back.as_object() == event.as_object()


def test_events_of_different_types_differ() -> None:
    events: list[Event] = [Text("a"), TextDelta("a")]
    assert events[0] != events[1]


@pytest.mark.parametrize(
    "nested",
    [
        lambda: ToolCall("c", "n", {"x": [1]}).arguments["x"],
        lambda: ToolResult("c", "n", [1]).result,
        lambda: UnknownEvent([1]).raw,
        lambda: UnknownEvent([1]).as_object(),
    ],
)
def test_what_an_event_nests_is_read_only(nested: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        nested().append(2)


def test_nested_values_are_made_read_only_once_and_can_be_evolved() -> None:
    call = ToolCall("c", "n", {"x": [1]})
    assert call.arguments is call.arguments
    assert attrs.evolve(call, arguments={"x": 2}).arguments == {"x": 2}


def test_a_scalar_result_is_itself() -> None:
    assert ToolResult("c", "n", "found").result == "found"


def test_unknown_events_are_equal_where_their_values_are() -> None:
    assert UnknownEvent(5, "invalid-event", "why") == UnknownEvent(5)


def test_an_event_shows_its_fields_and_an_unknown_one_its_code() -> None:
    assert repr(UnknownEvent(5)) == "UnknownEvent(5, code='unknown-type')"
    assert repr(EVERY[5]) == (
        "ToolCall(call_id='call_1', name='grep', arguments={'pattern': ['x']})"
    )


@each_event
def test_what_an_event_shows_makes_it_again(event: Event) -> None:
    assert eval(repr(event)) == event  # noqa: S307 - our own words


@each_event
def test_an_event_can_stand_in_a_set(event: Event) -> None:
    assert len({event, attrs.evolve(event)}) == 1
