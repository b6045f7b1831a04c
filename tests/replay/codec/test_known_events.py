"""What is decoded the short way is what the long way gives."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import nested
from recorded_sessions import recorded_events, typed_events
from replay.codec.checks import Checks, in_list
from replay.codec.history import DecodedEvents, KnownEvents, decode_known
from replay.codec.parts import Deltas
from replay.errors import DecodeError, LimitExceededError
from replay.model.events import (
    Event,
    ImageAttachment,
    Stop,
    ToolCall,
    ToolResult,
    Usage,
)
from replay.model.limits import Limits

TEXT = {"type": "text", "content": "a"}
CALL = {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {}}
RESULT = {"type": "tool_result", "call_id": "c", "name": "n", "result": None}
STOP = {"type": "stop", "usage": {}, "is_error": False, "error": None}
IMAGE = {"source_id": "s", "attachment_name": "a.png"}
CHECKS = Checks(strict=False, limits=Limits())


def known(*values: object) -> KnownEvents | None:
    return decode_known(json.dumps(values).encode(), "array")


def told(parts: Any) -> list[Any]:  # noqa: ANN401 - parts with their indices
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
        assert told(found.parts()) == told(slow.parts())
        assert found == slow
        assert len(found) == len(values)


@given(st.lists(recorded_events, max_size=4))
def test_lines_are_decoded_as_an_array_is(values: list[object]) -> None:
    lines = b"\n".join(json.dumps(each).encode() for each in values)
    one, other = decode_known(lines, "lines"), known(*values)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert told(one.parts()) == told(other.parts())


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (CALL, ToolCall("c", "n", {})),
        (CALL | {"arguments": {"a": [1]}}, ToolCall("c", "n", {"a": [1]})),
        (RESULT, ToolResult("c", "n", None)),
        (RESULT | {"result": 1.5e3}, ToolResult("c", "n", 1500.0)),
        (RESULT | {"result": "é"}, ToolResult("c", "n", "é")),
        (RESULT | {"image_attachment": None}, ToolResult("c", "n", None)),
        (
            RESULT | {"image_attachment": IMAGE},
            ToolResult("c", "n", None, ImageAttachment("s", "a.png")),
        ),
        (STOP, Stop(Usage(), is_error=False)),
        (
            STOP | {"usage": {"turns": 1, "duration_ms": 12}, "error": "x"},
            Stop(Usage(turns=1, duration_ms=12), is_error=False, error="x"),
        ),
        (STOP | {"skipped_index_ids": None}, Stop(Usage(), is_error=False)),
        (
            STOP | {"skipped_index_ids": ["i"]},
            Stop(Usage(), is_error=False, skipped_index_ids=("i",)),
        ),
    ],
)
def test_an_event_is_known_and_keeps_what_it_had(
    value: dict[str, object], event: Event
) -> None:
    found = known(value)
    assert found is not None
    ((_, part),) = found.parts()
    assert part == event
    assert isinstance(part, ToolCall | ToolResult | Stop)
    assert part.as_object() == value


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


@pytest.mark.parametrize("levels", [199, 200])
def test_a_field_as_deep_as_the_limit_passes(levels: int) -> None:
    found = known(CALL | {"arguments": {"x": nested(levels - 1)}})
    assert found is not None
    found.check(CHECKS, in_list("$"))


@pytest.mark.parametrize("width", [0, 300])
def test_a_field_past_the_limit_is_refused_by_its_event(width: int) -> None:
    deep = {"x": [nested(200), *[[]] * width]}
    found = known(TEXT, RESULT | {"result": deep})
    assert found is not None
    with pytest.raises(LimitExceededError) as caught:
        found.check(CHECKS, in_list("$.events"), 7)
    assert caught.value.where == "$.events[8]"


def test_a_field_that_is_wide_and_not_deep_passes() -> None:
    found = known(RESULT | {"result": [{"a": [1]}] * 300})
    assert found is not None
    found.check(CHECKS, in_list("$"))


@pytest.mark.parametrize("key", ["events", "\\u0065vents"])
def test_a_field_may_hold_two_lists_of_events(key: str) -> None:
    head, tail = json.dumps([CALL]).encode().split(b"{}")
    twice = '{"events": 1, "%s": 2}' % key  # noqa: UP031 - it has braces
    found = decode_known(head + twice.encode() + tail, "array")
    assert found is not None
    ((_, part),) = found.parts()
    assert isinstance(part, ToolCall)
    assert part.arguments == {"events": 2}


def test_strict_checks_pass_what_is_known() -> None:
    found = known(TEXT, CALL, RESULT, STOP)
    assert found is not None
    found.check(Checks(strict=True, limits=Limits()), in_list("$"))


def test_known_events_pickle_and_copy() -> None:
    found = known(TEXT, CALL | {"arguments": {"a": 1}})
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):  # noqa: S301 - our own bytes
        assert other == found


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


def test_what_was_found_wrong_by_the_judge_is_told() -> None:
    with pytest.raises(DecodeError):
        DecodedEvents([{"type": "odd"}]).check(
            Checks(strict=True, limits=Limits()), in_list("$")
        )
