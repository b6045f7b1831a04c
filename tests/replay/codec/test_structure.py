"""Decoding of JSON values as events and headers, and refusals with their paths."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from replay import (
    DecodeError,
    Event,
    ImageAttachment,
    JobMetadata,
    Session,
    SessionSummary,
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
    transcript,
)
from replay.codec.structure import check_event, decode_event, decode_header
from wire_objects import CALL, HEADER, IMAGE, RESULT, STOP, USAGE


@pytest.mark.parametrize(
    ("value", "event"),
    [
        ({"type": "user_input", "content": "a"}, UserInput("a")),
        ({"type": "thinking_delta", "content": "a"}, ThinkingDelta("a")),
        ({"type": "thinking", "content": "a"}, Thinking("a")),
        ({"type": "text_delta", "content": "a"}, TextDelta("a")),
        ({"type": "text_delta", "content": "a", "x": 1}, TextDelta("a")),
        ({"type": "text", "content": ""}, Text("")),
        (CALL, ToolCall("c", "n", {"x": [1]})),
        (RESULT, ToolResult("c", "n", [1], ImageAttachment("dfl-1", "p.jpg"))),
        (RESULT | {"image_attachment": None}, ToolResult("c", "n", [1])),
        (
            STOP,
            Stop(Usage(5, 8, 2, 1.5), True, "no", ("idx-1",)),  # noqa: FBT003 - in the order of the wire
        ),
        (
            {"type": "stop", "usage": {}, "is_error": False, "error": None},
            Stop(Usage(None, None, 1, 0.0), is_error=False, error=None),
        ),
    ],
)
def test_a_documented_event_is_known(value: object, event: Event) -> None:
    assert decode_event(value) == event


@pytest.mark.parametrize("result", [None, "", "a", 0, False, 1.5, [], {}, [None]])
def test_a_result_may_be_any_json(result: object) -> None:
    event = decode_event(RESULT | {"result": result})
    assert isinstance(event, ToolResult)
    assert event.result == result


@pytest.mark.parametrize("duration", [12, 12.5, 10**30, -0.0])
def test_a_number_stays_as_it_was_written(duration: float) -> None:
    event = decode_event(STOP | {"usage": {"duration_ms": duration}})
    assert isinstance(event, Stop)
    assert repr(event.usage.duration_ms) == repr(duration)


@pytest.mark.parametrize(
    "value",
    [
        {"type": "text", "content": "a", "x": [1], "y": {"z": None}},
        {"content": "a", "(recorded)": 1, "_recorded": 2, "type": "text_delta"},
        CALL | {"x": 1},
        RESULT | {"image_attachment": IMAGE | {"x": 1}},
        STOP | {"usage": USAGE | {"x": 10**40}, "x": None},
    ],
)
def test_an_event_with_extra_keys_is_known_and_written_as_it_was(
    value: dict[str, object],
) -> None:
    event = decode_event(value)
    assert not isinstance(event, UnknownEvent)
    assert repr(event.as_object()) == repr(value)


# What the official client makes a stop event of, or guesses: contract, section 1.3.
MISREAD_ELSEWHERE: list[tuple[object, str]] = [
    ({"type": "citation", "content": "a"}, "unknown-type"),
    ({"type": "Text", "content": "a"}, "unknown-type"),
    ({"type": "", "content": "a"}, "unknown-type"),
    ({"type": "unknown_event"}, "unknown-type"),
    ({"type": "text", "content": None}, "invalid-event"),
    ({"type": "text_delta", "content": None}, "invalid-event"),
    ({"type": "text_delta", "text": "a"}, "invalid-event"),
    ({"type": "text"}, "invalid-event"),
    ({"type": "tool_result", "call_id": "c", "name": "n"}, "invalid-event"),
    ({"type": "stop", "usage": {}, "is_error": False}, "invalid-event"),
    ({"type": 5, "content": "a"}, "invalid-event"),
    ({"type": ["text"], "content": "a"}, "invalid-event"),
    ({"type": {}, "content": "a"}, "invalid-event"),
    ({"content": "a"}, "missing-type"),
    ({"type": None, "content": "a"}, "missing-type"),
    ({"call_id": "c", "name": "n", "arguments": {}}, "missing-type"),
    ({"call_id": "c", "name": "n", "result": None}, "missing-type"),
    ({"usage": {}, "is_error": False, "error": None}, "missing-type"),
    ({}, "missing-type"),
    ("str", "invalid-event"),
    (5, "invalid-event"),
    (1.5, "invalid-event"),
    (True, "invalid-event"),
    (None, "invalid-event"),
    (["text"], "invalid-event"),
]


@pytest.mark.parametrize(("value", "code"), MISREAD_ELSEWHERE)
def test_what_is_no_documented_event_is_unknown_and_kept_and_ends_no_turn(
    value: object, code: str
) -> None:
    event = decode_event(value)
    assert isinstance(event, UnknownEvent)
    assert event.code == code
    assert repr(event.raw) == repr(event.as_object()) == repr(value)
    events = (UserInput("What?"), TextDelta("1"), event, TextDelta("2"))
    told = transcript(Session("ses-1", events=events))
    (turn,) = told.turns
    assert (turn.status, turn.stop, turn.answer) == ("incomplete", None, "12")
    assert [diagnostic.code for diagnostic in told.diagnostics] == [code]


def test_every_documented_field_of_a_header_is_read() -> None:
    assert decode_header(HEADER, "unused") == SessionSummary(
        "ses-1",
        last_updated_at="2026-04-22T12:34:41.342245",
        generated_title="What?",
        index_ids=("idx-1", "idx-2"),
        job_metadata=JobMetadata(
            5, 8, 2, 1.5, is_error=True, error="no", export_config_ids=("idx-1",)
        ),
        shared_access="query",
    )


def test_what_a_header_does_not_say_is_none_and_its_id_is_the_given_one() -> None:
    assert decode_header({}, "ses-2") == SessionSummary("ses-2")


def test_what_a_header_says_is_null_is_none() -> None:
    header = dict.fromkeys(HEADER) | {"session_id": "ses-1"}
    assert decode_header(header, "unused") == SessionSummary("ses-1")


def test_what_a_header_does_not_say_of_a_run_is_what_the_service_assumes() -> None:
    run = decode_header({"job_metadata": {}}, "ses-1").job_metadata
    assert run == JobMetadata(None, None, 1, 0.0, is_error=False, error=None)


def test_a_header_is_written_as_it_was_recorded() -> None:
    header = {"x": [1], "_recorded": 5} | HEADER | {"shared_access": None}
    assert repr(decode_header(header, "unused").as_object()) == repr(header)


NO_STRINGS: list[object] = [1, 1.5, True, [], {}, ["a"]]
NO_INTEGERS: list[object] = ["1", 1.0, 1.5, True, [], {}]
NO_NUMBERS: list[object] = ["1.5", True, [], {}]
NO_BOOLEANS: list[object] = [0, 1, "false", 0.0, [], {}]
NO_LISTS_OF_STRINGS: list[object] = ["idx-1", 1, {}, True]
NO_OBJECTS: list[object] = ["{}", 1, [], True]
NULL: list[object] = [None]


def wrong_fields() -> list[tuple[dict[str, Any], str, object]]:
    """Return (a good event, the path of one of its fields, a wrong value for it)."""
    contents: list[tuple[dict[str, Any], str, list[object]]] = [
        ({"type": kind, "content": "a"}, "content", NO_STRINGS + NULL)
        for kind in ("user_input", "thinking", "thinking_delta", "text", "text_delta")
    ]
    others: list[tuple[dict[str, Any], str, list[object]]] = [
        (CALL, "call_id", NO_STRINGS + NULL),
        (CALL, "name", NO_STRINGS + NULL),
        (CALL, "arguments", NO_OBJECTS + NULL),
        (RESULT, "call_id", NO_STRINGS + NULL),
        (RESULT, "name", NO_STRINGS + NULL),
        (RESULT, "image_attachment", NO_OBJECTS),
        (RESULT, "image_attachment.source_id", NO_STRINGS + NULL),
        (RESULT, "image_attachment.attachment_name", NO_STRINGS + NULL),
        (STOP, "usage", NO_OBJECTS + NULL),
        (STOP, "usage.total_input_tokens", NO_INTEGERS),
        (STOP, "usage.total_output_tokens", NO_INTEGERS),
        (STOP, "usage.turns", NO_INTEGERS + NULL),
        (STOP, "usage.duration_ms", NO_NUMBERS + NULL),
        (STOP, "is_error", NO_BOOLEANS + NULL),
        (STOP, "error", NO_STRINGS),
        (STOP, "skipped_index_ids", NO_LISTS_OF_STRINGS),
    ]
    return [
        (event, path, wrong)
        for event, path, values in contents + others
        for wrong in values
    ]


def with_value(value: dict[str, Any], path: str, given: object) -> dict[str, Any]:
    """Return a copy of *value* with a new value at *path*."""
    key, _, rest = path.partition(".")
    return value | {key: with_value(value[key], rest, given) if rest else given}


def refusal(check: Callable[[], object]) -> tuple[str, str]:
    """Return the path of the refused value, and the first word of the reason."""
    with pytest.raises(DecodeError) as caught:
        check()
    return caught.value.where, caught.value.reason.split()[0]


def test_a_field_of_a_wrong_type_is_refused_by_its_path() -> None:
    for event, path, wrong in wrong_fields():
        check_event(event, "$")
        changed = with_value(event, path, wrong)
        refused = refusal(partial(check_event, changed, "$.events[3]"))
        assert refused == (f"$.events[3].{path}", "expected"), changed


@pytest.mark.parametrize(
    ("event", "required"),
    [
        ({"type": "text", "content": "a"}, ["content"]),
        (CALL, ["call_id", "name", "arguments"]),
        (RESULT, ["call_id", "name", "result"]),
        (STOP, ["usage", "is_error", "error"]),
    ],
)
def test_a_required_field_that_is_missing_is_refused_by_its_path(
    event: dict[str, Any], required: list[str]
) -> None:
    for name in required:
        less = {key: value for key, value in event.items() if key != name}
        with pytest.raises(DecodeError) as caught:
            check_event(less, "$.events[3]")
        assert str(caught.value) == f"$.events[3].{name}: missing"


@pytest.mark.parametrize("wrong", [1, None, []])
def test_an_entry_of_a_list_of_ids_is_refused_by_its_path(wrong: object) -> None:
    ids = ["idx-1", wrong]
    checked = partial(check_event, STOP | {"skipped_index_ids": ids}, "$[0]")
    assert refusal(checked) == ("$[0].skipped_index_ids[1]", "expected")
    decoded = partial(decode_header, {"index_ids": ids}, "ses-1")
    assert refusal(decoded) == ("$.index_ids[1]", "expected")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"type": "x: $"}, "$[3].type: no event has the type 'x: $'"),
        ({"type": "\x1b\ud83d"}, r"$[3].type: no event has the type '\x1b\ud83d'"),
        ({"type": 5}, "$[3].type: expected a string, got an integer"),
        ({}, "$[3].type: the event has no type"),
        (None, "$[3]: expected an object, got null"),
        ([], "$[3]: expected an object, got a list"),
        ("a", "$[3]: expected an object, got a string"),
        (True, "$[3]: expected an object, got true or false"),
        (1.5, "$[3]: expected an object, got a number"),
    ],
)
def test_what_is_no_event_is_refused_by_its_path(value: object, said: str) -> None:
    with pytest.raises(DecodeError) as caught:
        check_event(value, "$[3]")
    assert str(caught.value) == said


def test_a_header_field_of_a_wrong_type_is_refused_by_its_path() -> None:
    wrong_values = {
        "session_id": NO_STRINGS + NULL,
        "last_updated_at": NO_STRINGS,
        "generated_title": NO_STRINGS,
        "index_ids": NO_LISTS_OF_STRINGS,
        "job_metadata": NO_OBJECTS,
        "job_metadata.total_input_tokens": NO_INTEGERS,
        "job_metadata.total_output_tokens": NO_INTEGERS,
        "job_metadata.turns": NO_INTEGERS + NULL,
        "job_metadata.duration_ms": NO_NUMBERS + NULL,
        "job_metadata.is_error": NO_BOOLEANS + NULL,
        "job_metadata.error": NO_STRINGS,
        "job_metadata.export_config_ids": NO_LISTS_OF_STRINGS,
        "shared_access": NO_STRINGS,
    }
    for path, values in wrong_values.items():
        for wrong in values:
            changed = with_value(HEADER, path, wrong)
            refused = refusal(partial(decode_header, changed, "unused"))
            assert refused == (f"$.{path}", "expected"), changed
