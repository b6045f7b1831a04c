"""The sections of a transcript that a reader sees, step by step."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import nested
from replay import (
    Diagnostic,
    EncodeError,
    ImageAttachment,
    Message,
    Session,
    Stop,
    ToolCall,
    ToolExchange,
    ToolResult,
    Transcript,
    Turn,
    Usage,
    UserInput,
    dumps,
    loads,
    transcript,
)
from replay.model.messages import Step
from replay.rendering.sections import Section, sections
from replay.security.sanitization import escape_json

CALL = ToolCall("call_1", "find_files", {"top_k": 5})
RESULT = ToolResult("call_1", "find_files", "- q3.pdf")


def sections_of(*steps: Step, stop: Stop | None = None) -> list[Section]:
    """Return the sections of a turn after the user's input."""
    turn = Turn(UserInput("And?"), steps, stop, "complete", None)
    return [*sections(Transcript("ses-1", None, (turn,), ()))][3:]


@pytest.mark.parametrize(
    ("session_id", "title", "names"),
    [
        ("ses-1", None, ("ses-1",)),
        ("ses-1", "Q3", ("ses-1", "Q3")),
        ("", None, ('""',)),
    ],
)
def test_a_session_is_shown_with_its_id_and_title(
    session_id: str, title: str | None, names: tuple[str, ...]
) -> None:
    (section,) = sections(Transcript(session_id, title, (), ()))
    assert section == Section("session", "Session", names)


def test_a_message_that_broke_off_or_is_empty_is_noted() -> None:
    broken = Message("text", "I could", 1, "deltas", complete=False)
    assert sections_of(broken, Message("thinking", "", 2, "full")) == [
        Section("text", "Text", (), ("incomplete",), "I could"),
        Section("thinking", "Thinking", (), ("empty",)),
    ]


def test_turns_are_numbered_from_one_and_shown_with_their_status() -> None:
    turns = (Turn(None, (), None, "incomplete", None),) * 2
    headings = [
        (section.label, section.notes)
        for section in sections(Transcript("ses-1", None, turns, ()))
        if section.role == "turn"
    ]
    assert headings == [("Turn 1", ("incomplete",)), ("Turn 2", ("incomplete",))]


@pytest.mark.parametrize(
    ("event", "notes"),
    [(None, ("not recorded",)), (UserInput(""), ("empty",)), (UserInput("x"), ())],
)
def test_a_user_input_that_says_nothing_is_noted(
    event: UserInput | None, notes: tuple[str, ...]
) -> None:
    turn = Turn(event, (), None, "incomplete", None)
    *_, section = sections(Transcript("ses-1", None, (turn,), ()))
    assert (section.role, section.notes) == ("user_input", notes)


def test_a_call_is_shown_with_its_arguments_and_its_result() -> None:
    names = ("find_files", "call_1")
    assert sections_of(ToolExchange(CALL, (RESULT,), "resolved", 1, 2)) == [
        Section("tool_call", "Tool call", names, (), '{"top_k": 5}', "json"),
        Section("tool_result", "Tool result", names, (), "- q3.pdf"),
    ]


def test_the_call_of_a_late_result_is_shown_in_its_own_turn_only() -> None:
    (late,) = sections_of(ToolExchange(CALL, (RESULT,), "late", 1, 1))
    assert (late.role, late.notes) == (
        "tool_result",
        ("answers a call of an earlier turn",),
    )
    (unresolved,) = sections_of(ToolExchange(CALL, (), "unresolved", 1, 1))
    assert (unresolved.role, unresolved.notes) == ("tool_call", ("no result",))


def result_of(value: object, image: ImageAttachment | None = None) -> list[Section]:
    """Return the sections of an orphan result, and of another like it."""
    result = ToolResult("call_1", "find_files", value, image)
    return sections_of(ToolExchange(None, (result, result), "orphan", 1, 2))


@pytest.mark.parametrize(
    ("value", "body", "notes"),
    [
        ("", "", ("empty",)),
        ("long " * 100_000, "long " * 100_000, ()),
        ({"items": []}, '{\n  "items": []\n}', ()),
        (10**4000, str(10**4000), ()),
        (nested(450), json.dumps(nested(450), indent=2), ()),
    ],
    ids=["empty", "long", "object", "integer", "deep"],
)
def test_a_result_is_shown_whole_as_text_or_as_json_over_several_lines(
    value: object, body: str, notes: tuple[str, ...]
) -> None:
    one, other = result_of(value)
    assert one == other
    assert (one.body, one.notes) == (body, ("answers no known call", *notes))
    assert one.language == ("text" if isinstance(value, str) else "json")


def test_a_page_image_is_shown_with_its_source() -> None:
    *_, section = result_of("x", ImageAttachment("dfl-123", "screenshots/page_7.jpg"))
    assert section == Section(
        "image_attachment", "Image attachment", ("screenshots/page_7.jpg", "dfl-123")
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_values_are_shown_as_the_json_that_python_writes(value: object) -> None:
    events = (ToolCall("c", "n", {"a": value}), ToolResult("c", "n", [value]))
    session = loads(dumps(Session("s", events=events)))
    bodies = [section.body for section in sections(transcript(session))]
    assert escape_json(json.dumps({"a": value}, ensure_ascii=False)) in bodies
    assert escape_json(json.dumps([value], ensure_ascii=False, indent=2)) in bodies


@pytest.mark.parametrize(
    ("stop", "section"),
    [
        (
            Stop(Usage(5210, 88, 2, 6412.5), is_error=False),
            (
                "Stop",
                (),
                ("2 round trips", "6412.5 ms", "5210 input tokens", "88 output tokens"),
            ),
        ),
        (Stop(Usage(), is_error=False), ("Stop", (), ("1 round trip",))),
        (
            Stop(Usage(), is_error=True, error="overloaded"),
            ("Stop", (), ("error", "1 round trip"), "overloaded", "text", True),
        ),
        (
            Stop(Usage(), is_error=False, skipped_index_ids=("idx-1", "idx-2")),
            ("Skipped indexes", ("idx-1", "idx-2")),
        ),
    ],
)
def test_a_stop_is_shown_with_what_is_known_of_the_run(
    stop: Stop, section: tuple[Any, ...]
) -> None:
    assert sections_of(stop=stop)[-1] == Section("stop", *section)


def test_diagnostics_stand_at_the_end_one_a_line() -> None:
    odd = (
        Diagnostic("byte-order-mark", None, "the document begins with one"),
        Diagnostic("delta-gap", 12, "two\nlines"),
    )
    *_, section = sections(Transcript("ses-1", None, (), odd))
    assert section.body == (
        "document: byte-order-mark: the document begins with one\n"
        "event 12: delta-gap: two␊lines"
    )


def test_a_value_that_is_no_json_is_refused() -> None:
    with pytest.raises(EncodeError, match="not JSON serializable"):
        result_of({1, 2})
