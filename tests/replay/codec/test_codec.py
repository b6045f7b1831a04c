import attrs
import pytest

from replay.codec.structure import decode_event, decode_header
from replay.model.events import (
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
from replay.model.sessions import JobMetadata, Session, SessionSummary
from replay.rendering import transcript
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


def test_an_evolved_event_is_written_with_its_new_value_and_its_extra_keys() -> None:
    event = decode_event({"x": 1, "type": "text", "content": "a"})
    assert isinstance(event, Text)
    evolved = attrs.evolve(event, content="b")
    assert list(evolved.as_object().items()) == [
        ("x", 1),
        ("type", "text"),
        ("content", "b"),
    ]


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
def test_what_is_no_documented_event_is_unknown_and_kept(
    value: object, code: str
) -> None:
    event = decode_event(value)
    assert isinstance(event, UnknownEvent)
    assert event.code == code
    assert repr(event.raw) == repr(event.as_object()) == repr(value)


@pytest.mark.parametrize(("value", "code"), MISREAD_ELSEWHERE)
def test_no_turn_ends_because_of_an_unknown_event(value: object, code: str) -> None:
    events = (UserInput("What?"), TextDelta("1"), decode_event(value), TextDelta("2"))
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
