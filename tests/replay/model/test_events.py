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
    assert EVENT_CLASSES.keys() == {
        "user_input",
        "thinking_delta",
        "thinking",
        "text_delta",
        "text",
        "tool_call",
        "tool_result",
        "stop",
    }


def test_each_class_is_found_by_its_type() -> None:
    assert all(cls.type == kind for kind, cls in EVENT_CLASSES.items())


def test_every_event_is_tested_here() -> None:
    assert {type(event) for event in EVERY} == {*EVENT_CLASSES.values(), UnknownEvent}


@each_event
def test_an_event_cannot_be_changed(event: Event) -> None:
    name = attrs.fields(type(event))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(event, name, "new")


@each_event
def test_an_event_pickles_after_it_was_read(event: Event) -> None:
    event.as_object()
    back = pickle.loads(pickle.dumps(event))  # noqa: S301 - our own bytes
    assert back == event
    assert back.as_object() == event.as_object()


@each_event
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_an_event_is_equal(
    event: Event, copied: Callable[[Event], Event]
) -> None:
    assert copied(event) == event


@each_event
def test_two_events_of_equal_fields_are_equal(event: Event) -> None:
    assert attrs.evolve(event) == event


def test_events_of_different_types_differ() -> None:
    events: list[Event] = [Text("a"), TextDelta("a")]
    assert events[0] != events[1]


def test_an_event_is_written_with_every_field() -> None:
    written = [event.as_object() for event in EVERY]
    assert written == [
        {"type": "user_input", "content": "What?"},
        {"type": "thinking_delta", "content": "Hm"},
        {"type": "thinking", "content": "Hm."},
        {"type": "text_delta", "content": "12"},
        {"type": "text", "content": "12%"},
        {
            "type": "tool_call",
            "call_id": "call_1",
            "name": "grep",
            "arguments": {"pattern": ["x"]},
        },
        {
            "type": "tool_result",
            "call_id": "call_1",
            "name": "grep",
            "result": {"items": [1]},
            "image_attachment": {"source_id": "dfl-1", "attachment_name": "p.jpg"},
        },
        {
            "type": "stop",
            "usage": {
                "total_input_tokens": 5,
                "total_output_tokens": 8,
                "turns": 2,
                "duration_ms": 1.5,
            },
            "is_error": True,
            "error": "no",
            "skipped_index_ids": ["idx-1"],
        },
        {"type": "odd", "x": [1]},
    ]


def test_a_null_result_is_written() -> None:
    assert ToolResult("c", "n", None).as_object() == {
        "type": "tool_result",
        "call_id": "c",
        "name": "n",
        "result": None,
    }


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


def test_nested_values_are_made_read_only_once() -> None:
    call = ToolCall("c", "n", {"x": [1]})
    assert call.arguments is call.arguments


def test_a_scalar_result_is_itself() -> None:
    assert ToolResult("c", "n", "found").result == "found"


def test_arguments_can_be_evolved_by_their_name_on_the_wire() -> None:
    call = attrs.evolve(ToolCall("c", "n", {"x": 1}), arguments={"x": 2})
    assert call.arguments == {"x": 2}


def test_unknown_events_are_equal_where_their_values_are() -> None:
    assert UnknownEvent(5, "invalid-event", "why") == UnknownEvent(5)


def test_an_unknown_event_shows_its_value_and_its_code() -> None:
    assert repr(UnknownEvent(5)) == "UnknownEvent(5, code='unknown-type')"


def test_an_event_shows_its_fields() -> None:
    assert repr(EVERY[5]) == (
        "ToolCall(call_id='call_1', name='grep', arguments={'pattern': ['x']})"
    )


@each_event
def test_what_an_event_shows_makes_it_again(event: Event) -> None:
    assert eval(repr(event)) == event  # noqa: S307 - our own words


@each_event
def test_an_event_can_stand_in_a_set(event: Event) -> None:
    assert len({event, attrs.evolve(event)}) == 1
