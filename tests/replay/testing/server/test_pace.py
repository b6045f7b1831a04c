"""When events are due."""

import pytest

from replay import Stop, Text, TextDelta, ThinkingDelta, ToolCall, Usage
from replay.model.events import Event
from replay.testing.server.timing import due_times

STOP = Stop(Usage(duration_ms=2000.0), is_error=False)
CALL = ToolCall("c", "find", {})


def due(*events: Event, speed: float = 1.0) -> list[float]:
    return list(due_times(events, None, speed))


def test_a_turns_time_is_shared_out_by_the_characters_of_its_deltas() -> None:
    events = (ThinkingDelta("xxx"), CALL, TextDelta("x"), Text("x"), STOP)
    assert due(*events) == [1.5, 1.5, 2.0, 2.0, 2.0]


def test_without_deltas_full_events_share_the_time() -> None:
    assert due(Text("x"), CALL, Text("xxx"), STOP) == [0.5, 0.5, 2.0, 2.0]


def test_twice_the_speed_is_half_the_wait() -> None:
    assert due(Text("x"), STOP, speed=2) == [1.0, 1.0]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [CALL, STOP],
        [Text("x")],
        [Text("x"), Stop(Usage(), is_error=False)],
        [Text("x"), Stop(Usage(duration_ms=-5.0), is_error=False)],
    ],
)
def test_where_nothing_tells_the_time_nothing_waits(events: list[Event]) -> None:
    assert due(*events) == []


def test_recorded_times_come_before_all_else() -> None:
    assert list(due_times([Text("x"), STOP], [0.5, 9.0], 2.0)) == [0.25, 4.5]


def test_times_never_fall() -> None:
    assert list(due_times([CALL] * 3, [0.5, 0.2, 0.7], 1.0)) == [0.5, 0.5, 0.7]
