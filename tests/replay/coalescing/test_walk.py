"""Histories of any length are walked in time that grows as they do."""

import sys
from collections.abc import Iterator
from types import FrameType

import pytest

from replay import (
    Event,
    Session,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    Usage,
    UserInput,
    transcript,
)
from replay.codec.history import DecodedEvents

END = Stop(Usage(), is_error=False)


def calls_to_walk(events: list[Event]) -> int:
    """Return how many Python and C functions a transcript calls: work, not time."""
    count = 0

    def note(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    session = Session("s", events=events)
    sys.setprofile(note)
    try:
        transcript(session)
    finally:
        sys.setprofile(None)
    return count


def interleaved(size: int) -> list[Event]:
    return [TextDelta("ab"), ThinkingDelta("x")] * size


def repeated(times: int, *events: Event) -> list[Event]:
    return [*events] * times


CALL, RESULT = ToolCall("c", "f", {}), ToolResult("c", "f", None)
RUNS = TextDelta("ab"), ThinkingDelta("x")

#: Histories made of parts, each of which is repeated.
HOSTILE: dict[str, list[tuple[Event, ...]]] = {
    "deltas": [(TextDelta("a"),)],
    "turns": [(UserInput("q"), Text("a"), END)],
    "calls of one id": [(CALL,), (RESULT,)],
    "calls of one id, left open turn after turn": [(CALL, UserInput("q")), (RESULT,)],
    "runs, then a full event for each": [RUNS, (Text("ab"), Thinking("x"))],
    "runs, then full events that differ": [RUNS, (Text("ax"),)],
    "runs, then full events that take a part": [RUNS, (Text("a"),)],
    "late full events": [(TextDelta("a"), END, Text("a"))],
    "late full events that go on": [(TextDelta("a"), END, Text("ab"))],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_history_is_about_twice_the_work(name: str) -> None:
    once, twice = (
        calls_to_walk(
            [event for part in HOSTILE[name] for event in repeated(size, *part)]
        )
        for size in (200, 400)
    )
    assert twice < 2.2 * once


def test_one_full_event_for_many_runs_is_about_twice_the_work_for_twice_as_many() -> (
    None
):
    once, twice = (
        calls_to_walk([*repeated(size, *RUNS), Text("ab" * size)])
        for size in (200, 400)
    )
    assert twice < 2.2 * once


MALFORMED: dict[str, list[object]] = {
    "nulls": [None],
    "deltas without content": [
        {"type": "text_delta", "content": "a"},
        {"type": "text_delta", "content": None},
    ],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_entries_cost_hardly_more_than_others(name: str) -> None:
    """Counting the entries that are looked at, again and again or once."""
    looked = []
    for size in 1000, 2000:
        values = Counted(MALFORMED[name] * size)
        list(DecodedEvents(values).parts())
        looked.append(values.looked_at / len(values))
    assert looked[1] < looked[0] + 8


class Counted(list[object]):
    """Counts the entries that are looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[object]:
        for value in super().__iter__():
            self.looked_at += 1
            yield value
