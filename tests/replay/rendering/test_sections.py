"""What a reader is shown of a transcript, step by step."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def shown(*steps: Step, stop: Stop | None = None) -> list[Section]:
    """Return what is shown of a turn, after the user's input."""
    turn = Turn(UserInput("And?"), steps, stop, "complete", None)
    return [*sections(Transcript("ses-1", None, (turn,), ()))][3:]


def test_a_session_is_shown_with_its_id() -> None:
    (section,) = sections(Transcript("ses-1", None, (), ()))
    assert section == Section("session", "Session", ("ses-1",))


def test_a_session_is_shown_with_its_title() -> None:
    (section,) = sections(Transcript("ses-1", "Q3", (), ()))
    assert section.names == ("ses-1", "Q3")


def test_an_empty_name_is_shown_as_a_pair_of_quotes() -> None:
    (section,) = sections(Transcript("", None, (), ()))
    assert section.names == ('""',)


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


def test_a_message_that_broke_off_is_noted() -> None:
    message = Message("text", "I could", 1, "deltas", complete=False)
    assert shown(message) == [Section("text", "Text", (), ("incomplete",), "I could")]


def test_an_empty_message_is_noted() -> None:
    assert shown(Message("thinking", "", 1, "full")) == [
        Section("thinking", "Thinking", (), ("empty",))
    ]


def test_a_call_is_shown_with_its_arguments_and_its_result() -> None:
    names = ("find_files", "call_1")
    assert shown(ToolExchange(CALL, (RESULT,), "resolved", 1, 2)) == [
        Section("tool_call", "Tool call", names, (), '{"top_k": 5}', "json"),
        Section("tool_result", "Tool result", names, (), "- q3.pdf"),
    ]


def test_a_call_without_a_result_is_noted() -> None:
    (section,) = shown(ToolExchange(CALL, (), "unresolved", 1, 1))
    assert section.notes == ("no result",)


def test_the_call_of_a_late_result_is_shown_in_its_own_turn_only() -> None:
    (section,) = shown(ToolExchange(CALL, (RESULT,), "late", 1, 1))
    assert section.role == "tool_result"
    assert section.notes == ("answers a call of an earlier turn",)


def test_an_orphan_result_is_noted() -> None:
    (section,) = shown(ToolExchange(None, (RESULT,), "orphan", 1, 1))
    assert section.notes == ("answers no known call",)


def test_all_results_of_a_call_are_shown() -> None:
    exchange = ToolExchange(CALL, (RESULT, RESULT), "resolved", 1, 3)
    assert [section.role for section in shown(exchange)].count("tool_result") == 2


def test_an_empty_result_is_noted() -> None:
    result = ToolResult("call_1", "find_files", "")
    (section,) = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert section.notes == ("answers no known call", "empty")


def test_a_result_that_is_no_string_is_shown_as_json_over_several_lines() -> None:
    result = ToolResult("call_1", "find_files", {"items": []})
    (section,) = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert (section.body, section.language) == ('{\n  "items": []\n}', "json")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON.filter(lambda value: not isinstance(value, str)))
def test_a_result_is_shown_as_the_json_that_python_writes(value: object) -> None:
    recorded = dumps(Session("s", events=[ToolResult("call_1", "find_files", value)]))
    session = loads(recorded)
    expected = escape_json(json.dumps(value, ensure_ascii=False, indent=2))
    made = [*sections(transcript(session))]
    assert expected in [section.body for section in made]


@given(JSON)
def test_arguments_are_shown_as_the_json_that_python_writes(value: object) -> None:
    recorded = dumps(Session("s", events=[ToolCall("call_1", "find", {"a": value})]))
    expected = escape_json(json.dumps({"a": value}, ensure_ascii=False))
    made = [*sections(transcript(loads(recorded)))]
    assert expected in [section.body for section in made]


def test_a_page_image_is_shown_with_its_source() -> None:
    image = ImageAttachment("dfl-123", "screenshots/page_7.jpg")
    result = ToolResult("call_1", "find_files", "x", image)
    *_, section = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert section == Section(
        "image_attachment", "Image attachment", ("screenshots/page_7.jpg", "dfl-123")
    )


def test_a_long_result_is_shown_whole() -> None:
    result = ToolResult("call_1", "read_file", "long " * 100_000)
    (section,) = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert section.body == "long " * 100_000


def test_a_stop_is_shown_with_what_the_run_cost() -> None:
    stop = Stop(Usage(5210, 88, 2, 6412.5), is_error=False)
    notes = ("2 round trips", "6412.5 ms", "5210 input tokens", "88 output tokens")
    assert shown(stop=stop) == [Section("stop", "Stop", (), notes)]


def test_what_the_service_did_not_count_is_left_out() -> None:
    (section,) = shown(stop=Stop(Usage(), is_error=False))
    assert section.notes == ("1 round trip",)


def test_a_stop_with_an_error_says_so_and_why() -> None:
    (section,) = shown(stop=Stop(Usage(), is_error=True, error="model overloaded"))
    assert section.notes[0] == "error"
    assert section.body == "model overloaded"


def test_indexes_that_were_skipped_are_named() -> None:
    stop = Stop(Usage(), is_error=False, skipped_index_ids=("idx-1", "idx-2"))
    *_, section = shown(stop=stop)
    assert section == Section("stop", "Skipped indexes", ("idx-1", "idx-2"))


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


@pytest.mark.parametrize("depth", [200, 450])
def test_deep_values_are_shown(depth: int) -> None:
    value: object = 0
    for _ in range(depth):
        value = [value]
    result = ToolResult("call_1", "read_file", value)
    (section,) = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert section.body.count("[") == depth


def test_an_integer_past_64_bits_is_shown() -> None:
    result = ToolResult("call_1", "sum", 10**4000)
    (section,) = shown(ToolExchange(None, (result,), "orphan", 1, 1))
    assert section.body == str(10**4000)


def test_a_value_that_is_no_json_is_refused() -> None:
    result = ToolResult("call_1", "sum", {1, 2})
    with pytest.raises(EncodeError, match="not JSON serializable"):
        shown(ToolExchange(None, (result,), "orphan", 1, 1))
