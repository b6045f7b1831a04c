"""Sessions, their limits, and their messages and turns."""

from typing import Any, Literal

import pytest

import replay
from replay import (
    Diagnostic,
    JobMetadata,
    Limits,
    Message,
    Session,
    SessionSummary,
    Text,
    ToolCall,
    ToolExchange,
    Turn,
    UnknownEvent,
    UserInput,
)
from replay.model.messages import Step

LOADED = replay.loads(
    b'{"x": [1], "session_id": "ses-1", "events": [], "shared_access": "query"}'
)


def test_events_of_any_iterable_are_kept_as_a_sequence() -> None:
    session = Session("a", events=(Text(each) for each in "ab"))
    assert len(session.events) == 2
    assert list(session.events) == list(session.events)
    events = (Text("a"),)
    assert Session("a", events=events).events is events


def test_a_list_of_events_is_kept_as_a_tuple() -> None:
    session = Session("a", events=[Text("a")])
    assert session.events == (Text("a"),)
    assert hash(session) == hash(Session("a", events=[Text("a")]))


def test_sessions_are_equal_whatever_their_shape_and_what_was_odd() -> None:
    odd = Diagnostic("byte-order-mark", None, "")
    assert Session("a", shape="list", diagnostics=(odd,)) == Session("a")
    assert Session("a", events=(Text("a"),)) != Session("a")


def test_a_summary_is_the_session_without_its_events() -> None:
    header: dict[str, Any] = {
        "last_updated_at": "2026-04-22T12:34:41.342245",
        "generated_title": "What?",
        "index_ids": ("idx-1",),
        "job_metadata": JobMetadata(1, 2, 3, 4.5, is_error=True, error="no"),
        "shared_access": "query",
    }
    session = Session("ses-1", events=(Text("a"),), **header)
    assert session.summary() == SessionSummary("ses-1", **header)
    assert Session("ses-1").summary().as_object() == {"session_id": "ses-1"}


def test_a_summary_keeps_the_extra_keys_and_knows_of_no_events() -> None:
    assert list(LOADED.summary().as_object().items()) == [
        ("x", [1]),
        ("session_id", "ses-1"),
        ("shared_access", "query"),
    ]


@pytest.mark.parametrize("header", [LOADED, LOADED.summary()])
def test_the_events_are_nothing_extra(header: SessionSummary) -> None:
    assert header.extra == {"x": [1]}


def test_a_session_shows_its_header_alone() -> None:
    session = Session("a", events=(Text("a"),), shape="list")
    assert repr(session) == "Session(session_id='a')"


CALL = ToolCall("call_1", "find_files", {})


def said(content: str, index: int) -> Message:
    return Message("text", content, index, "full")


def turn(*steps: Step) -> Turn:
    return Turn(UserInput("What?"), steps, None, "incomplete", None)


def test_the_limits_are_what_the_documents_promise() -> None:
    assert Limits() == Limits(
        event_bytes=64 * 1024**2, depth=200, response_bytes=256 * 1024**2
    )


def exchange(status: Literal["resolved", "late"], index: int, end: int) -> ToolExchange:
    return ToolExchange(CALL, (), status, index, end)


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([said("I look.", 1), exchange("resolved", 2, 2), said("12%", 3)], "12%"),
        ([exchange("resolved", 1, 3), said("I look.", 2), said("12%", 4)], "12%"),
        ([said("12", 0), said("%", 2)], "12%"),
        ([Message("thinking", "Hm.", 1, "full"), said("12%", 2)], "12%"),
        ([said("12", 1), UnknownEvent("odd"), said("%", 3)], "12%"),
        ([said("12%", 1), exchange("late", 2, 2)], "12%"),
        # what comes after it is blank:
        ([said("I look.", 1), exchange("resolved", 2, 2)], "I look."),
        ([said("12%", 1), exchange("resolved", 2, 2), said(" \n", 3)], "12%"),
        ([said("I", 0), said("12%", 1), said("", 2), exchange("late", 3, 3)], "I12%"),
        ([said("I", 0), said("%", 1), said("", 2), exchange("resolved", 3, 3)], "%"),
        ([exchange("resolved", 1, 2), said("\n", 3)], "\n"),
    ],
)
def test_the_answer_is_the_text_after_the_last_exchange_or_the_last_there_is(
    steps: list[Step], answer: str
) -> None:
    assert turn(*steps).answer == answer


def test_a_message_is_whole_unless_it_is_said_not_to_be() -> None:
    assert said("12%", 0).complete


@pytest.mark.parametrize("name", ["event_bytes", "depth", "response_bytes"])
def test_a_limit_is_at_least_one_and_what_python_can_copy(name: str) -> None:
    for allowed in (1, 500):
        assert getattr(Limits(**{name: allowed}), name) == allowed
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
    with pytest.raises(ValueError, match="depth"):
        Limits(depth=501)
