"""Recorded histories, in memory or in a file."""

import copy
import io
import json
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import histories
from recorded_sessions import recorded_events, typed_events
from replay import (
    BackendError,
    BackendUnavailableError,
    DecodeError,
    Event,
    Limits,
    ReplayEngine,
    Session,
    Text,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
    dumps,
    loads,
    transcript,
)
from replay.codec.checks import Checks, in_list
from replay.codec.history import (
    DecodedEvents,
    KnownEvents,
    RecordedEvents,
    decode_known,
    parts_of,
)
from replay.codec.parts import Deltas
from replay.codec.stored_history import SourceText, StoredEvents, Stretch
from spying import Spy

VALUES: list[object] = [
    {"type": "user_input", "content": "a"},
    {"type": "text", "content": "b"},
    5,
]
TYPED: tuple[Event, ...] = (UserInput("a"), Text("b"), UnknownEvent(5))


ONE = b'{"type": "user_input", "content": "a"}, {"type": "text", "content": "b"}'
OTHER = b"5"
DATA = b"[" + ONE + b", " + OTHER + b"]"
STRETCHES = [Stretch(1, len(ONE), 2), Stretch(len(ONE) + 3, 1, 1)]


def stored(data: bytes = DATA) -> StoredEvents:
    return StoredEvents(SourceText(partial(io.BytesIO, data)), STRETCHES, "array")


@pytest.fixture(params=[lambda: DecodedEvents(VALUES), stored], ids=["held", "stored"])
def events(request: pytest.FixtureRequest) -> RecordedEvents:
    """Return the events typed above, in memory or in a file."""
    made: RecordedEvents = request.param()
    return made


def test_events_are_a_sequence_that_can_be_walked_again_and_again(
    events: RecordedEvents,
) -> None:
    assert len(events) == 3
    assert tuple(events) == tuple(events) == TYPED
    assert [events[index] for index in (0, 1, 2, -1, -3)] == [*TYPED, *TYPED[2::-2]]
    assert (events[1:], events[::-2]) == (TYPED[1:], TYPED[::-2])
    for index in (3, -4):
        with pytest.raises(IndexError):
            events[index]


def test_events_are_equal_where_the_others_are_whatever_holds_them(
    events: RecordedEvents,
) -> None:
    assert events == TYPED
    assert [*TYPED] == events
    assert hash(events) == hash(TYPED)
    others: list[object] = [TYPED[:2], TYPED[::-1], "abc", 5, None]
    assert not [other for other in others if events == other]
    assert DecodedEvents([]) != ""


def test_events_pickle_and_have_a_short_repr(events: RecordedEvents) -> None:
    assert events[0] == TYPED[0]
    assert pickle.loads(pickle.dumps(events)) == events  # noqa: S301 - our own bytes
    assert repr(events) == "<3 recorded events>"


class Stream(io.BytesIO):
    """A file that can't seek."""

    def seekable(self) -> bool:
        return False


def test_the_events_are_read_from_what_cannot_be_moved_about_in() -> None:
    text = SourceText(partial(Stream, DATA))
    assert tuple(StoredEvents(text, STRETCHES, "array")) == TYPED


def test_events_of_one_stretch_are_read_once() -> None:
    opened: list[int] = []

    def open_file() -> io.BytesIO:
        opened.append(1)
        return io.BytesIO(DATA)

    events = StoredEvents(SourceText(open_file), STRETCHES, "array")
    assert [events[0], events[1], events[0]] == [TYPED[0], TYPED[1], TYPED[0]]
    assert len(opened) == 1


def test_events_in_lines_are_read_line_by_line() -> None:
    lines = b'\n{"type": "text", "content": "b"}\n \n5\n'
    text = SourceText(partial(io.BytesIO, lines))
    events = StoredEvents(text, [Stretch(0, len(lines), 2)], "lines")
    assert tuple(events) == TYPED[1:]


def test_a_text_that_has_changed_is_refused() -> None:
    for place in (1, len(DATA) - 2):
        with pytest.raises(DecodeError):
            tuple(stored(DATA[:place] + b"[1], 2" + DATA[place + 6 :]))
    changed = DATA.replace(ONE, b"5".ljust(len(ONE)))
    with pytest.raises(DecodeError, match="byte 1: changed since it was opened"):
        tuple(stored(changed))


def test_a_text_that_is_gone_is_named() -> None:
    text = SourceText(partial(io.FileIO, Path("/nowhere/at/all.json")), "the-text")
    with pytest.raises(BackendError, match="the-text: no such file"):
        tuple(StoredEvents(text, STRETCHES, "array"))


def test_what_a_source_refuses_is_told_as_it_is() -> None:
    error = BackendUnavailableError("there", "it does not answer")
    with pytest.raises(BackendError) as caught, SourceText(io.BytesIO, "it").opened():
        raise error
    assert caught.value is error


TEXT = {"type": "text", "content": "a"}
CALL = {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {}}
RESULT = {"type": "tool_result", "call_id": "c", "name": "n", "result": None}
STOP = {"type": "stop", "usage": {}, "is_error": False, "error": None}
IMAGE = {"source_id": "s", "attachment_name": "a.png"}
CHECKS = Checks(strict=False, limits=Limits())


def known(*values: object) -> KnownEvents | None:
    return decode_known(json.dumps(values).encode(), "array")


def as_tuples(parts: Any) -> list[Any]:  # noqa: ANN401 - parts with their indices
    return [
        (index, part.cls, part.contents, part.text)
        if isinstance(part, Deltas)
        else (index, part, part.as_object())
        for index, part in parts
    ]


@given(st.lists(typed_events, max_size=6))
def test_the_short_way_gives_what_the_long_way_gives(values: list[Any]) -> None:
    found = known(*values)
    if found is not None:
        slow = DecodedEvents(values)
        assert as_tuples(found.parts()) == as_tuples(slow.parts())
        assert found == slow
        assert len(found) == len(values)


@given(st.lists(recorded_events, max_size=4))
def test_lines_are_decoded_as_an_array_is(values: list[object]) -> None:
    lines = b"\n".join(json.dumps(each).encode() for each in values)
    one, other = decode_known(lines, "lines"), known(*values)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert as_tuples(one.parts()) == as_tuples(other.parts())


@pytest.mark.parametrize(
    "value",
    [
        *(CALL, CALL | {"arguments": {"a": [1]}}, RESULT, RESULT | {"result": 1.5e3}),
        *(RESULT | {"result": "é"}, RESULT | {"image_attachment": None}),
        *(
            RESULT | {"image_attachment": IMAGE},
            RESULT | {"result": [{"a": [1]}] * 300},
        ),
        *(STOP, STOP | {"usage": {"turns": 1, "duration_ms": 12}, "error": "x"}),
        *(STOP | {"skipped_index_ids": None}, STOP | {"skipped_index_ids": ["i"]}),
    ],
)
def test_an_event_is_known_and_keeps_what_it_had(value: dict[str, object]) -> None:
    found = known(value)
    assert found is not None
    assert as_tuples(found.parts()) == as_tuples(DecodedEvents([value]).parts())
    found.check(CHECKS, in_list("$"))


@pytest.mark.parametrize(
    "value",
    [
        5,
        {},
        TEXT | {"x": 1},
        TEXT | {"content": None},
        {"type": "odd", "content": "a"},
        {"type": None, "content": "a"},
        CALL | {"arguments": []},
        CALL | {"call_id": 1},
        RESULT | {"image_attachment": {}},
        RESULT | {"image_attachment": IMAGE | {"x": 1}},
        STOP | {"usage": {"turns": 1.0}},
        STOP | {"usage": {"x": 1}},
        STOP | {"is_error": 0},
        STOP | {"skipped_index_ids": [1]},
        {"type": "stop", "usage": {}, "is_error": False},
    ],
)
def test_what_is_not_as_it_should_be_is_not_known(value: object) -> None:
    assert known(TEXT, value) is None


@pytest.mark.parametrize(
    "result",
    [
        *(b"1e999", b"-1E+400", b"9" * 250 + b"e99", b"9" * 4301, b'"\xff"'),
        *(b'"\\ud800"', b'["a" 1]', b"[1,]", b"nul", b'"\x01"'),
    ],
)
def test_what_cannot_be_kept_is_not_known(result: bytes) -> None:
    head, tail = json.dumps([RESULT]).encode().split(b"null")
    assert decode_known(head + result + tail, "array") is None


@pytest.mark.parametrize("result", [b"1e5", b"2E+3", b'"0e1"', b"9" * 250, b"1.5"])
def test_a_number_that_can_be_kept_is_known(result: bytes) -> None:
    head, tail = json.dumps([RESULT]).encode().split(b"null")
    found = decode_known(head + result + tail, "array")
    assert found is not None
    ((_, part),) = found.parts()
    assert isinstance(part, ToolResult)
    assert repr(part.result) == repr(json.loads(result))


@pytest.mark.parametrize("key", ["events", "\\u0065vents"])
def test_a_field_may_hold_two_lists_of_events(key: str) -> None:
    head, tail = json.dumps([CALL]).encode().split(b"{}")
    twice = '{"events": 1, "%s": 2}' % key  # noqa: UP031 - it has braces
    found = decode_known(head + twice.encode() + tail, "array")
    assert found is not None
    ((_, part),) = found.parts()
    assert isinstance(part, ToolCall)
    assert part.arguments == {"events": 2}


def test_an_event_of_known_ones_pickles_and_copies() -> None:
    found = known(CALL | {"arguments": {"a": [1]}})
    assert found is not None
    ((_, part),) = found.parts()
    for other in (pickle.loads(pickle.dumps(part)), copy.deepcopy(part)):  # noqa: S301 - our own bytes
        assert other == part == ToolCall("c", "n", {"a": [1]})


def test_a_value_is_had_by_its_position_again_and_again() -> None:
    found = known(TEXT, CALL)
    assert found is not None
    assert [found[1], found[0], found[-1]] == [*DecodedEvents([CALL, TEXT, CALL])]


#: Entries of a history that aren't events, or only nearly.
MALFORMED: st.SearchStrategy[object] = st.sampled_from(
    [
        *(5, None, "text_delta", [], {}, {"type": None}, {"type": []}, {"type": "new"}),
        {"content": "no type"},
        {"type": "text_delta"},
        {"type": "text_delta", "content": None},
        {"type": "thinking_delta", "content": 1},
        {"type": "text_delta", "content": "a", "extra": 1},
        {"content": "b", "type": "text_delta"},
        {"type": "text_delta", "content": "c"},
        {"type": "thinking_delta", "content": "d"},
        {"type": "user_input", "content": "e"},
    ]
)


def calls(session: Session) -> list[Any]:
    spy = Spy()
    ReplayEngine([spy]).replay(session)
    return [
        (name, arguments)
        for name, arguments in spy.calls
        if name not in ("replay_session_start", "replay_session_end")
    ]


@given(histories)
def test_a_recording_is_replayed_as_the_events_it_holds(history: list[Event]) -> None:
    recorded = loads(dumps(Session("s", events=history)))
    built = Session("s", events=list(recorded.events))
    assert transcript(recorded) == transcript(built)
    assert calls(recorded) == calls(built)


@given(st.lists(MALFORMED, max_size=12))
def test_what_is_malformed_is_replayed_in_its_place(entries: list[object]) -> None:
    recorded = loads(json.dumps(entries))
    built = Session("session", events=list(recorded.events))
    assert transcript(recorded) == transcript(built)
    assert calls(recorded) == calls(built)
    spy = Spy()
    ReplayEngine([spy]).replay(recorded)
    replayed = [event.as_object() for event in spy.first_arguments("replay_event")]  # type: ignore[attr-defined]  # events
    assert replayed == entries


def test_deltas_of_one_kind_are_one_part_and_a_malformed_one_ends_no_other() -> None:
    history: list[Event] = [
        *(UserInput("q"), TextDelta("a"), TextDelta("b"), ThinkingDelta("c")),
        *(UnknownEvent({"type": "text_delta"}), TextDelta("d")),
    ]
    session = loads(dumps(Session("s", events=history)))
    for events in history, session.events:
        found = list(parts_of(events))
        assert [index for index, _ in found] == [0, 1, 3, 4, 5]
        texts = [part.text for _, part in found if isinstance(part, Deltas)]
        assert texts == ["ab", "c", "d"]
