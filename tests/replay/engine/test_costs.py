"""The cost of a replay: calls and memory for each event, counted without a clock.

A change that doubles a cost fails here. Each budget is about 1.5 times the count when
it was set.
"""

import io
import json
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType

import pytest

import replay
from replay import Event, TextDelta, ThinkingDelta
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText

FEW, MANY = 1_000, 5_000


def recording(deltas: int) -> bytes:
    """Return a session of turns, each of 200 deltas, a full event and a stop."""
    contents = [f"{number} pieces " for number in range(200)]
    delta = [{"type": "text_delta", "content": content} for content in contents]
    turn = [
        {"type": "user_input", "content": "What?"},
        *delta,
        {"type": "text", "content": "".join(contents)},
        {"type": "stop", "usage": {"turns": 1}, "is_error": False, "error": None},
    ]
    return json.dumps({"events": turn * (deltas // 200)}).encode()


def calls_of(work: Callable[[], object]) -> int:
    """Return the number of calls to Python and C functions: work, not time."""
    count = 0

    def note(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def growth(work: Callable[[int], Callable[[], object]]) -> float:
    """Return the number of calls that each further delta costs."""
    few, many = work(FEW), work(MANY)
    few()  # what is made once, is made now
    return (calls_of(many) - calls_of(few)) / (MANY - FEW)


class Listener:
    def replay_text_delta(self, event: TextDelta) -> None:
        """Do nothing."""


def transcribe(size: int) -> Callable[[], object]:
    data = recording(size)
    return lambda: replay.transcript(replay.loads(data))


def walk(plugins: Sequence[object], size: int) -> Callable[[], object]:
    data, engine = recording(size), replay.ReplayEngine(plugins)
    return lambda: engine.replay(replay.loads(data))


def coalesce(size: int) -> Callable[[], object]:
    kinds: list[type[TextDelta | ThinkingDelta]] = [TextDelta] * 99 + [ThinkingDelta]
    events: list[Event] = [cls("a") for cls in kinds * (size // 100)]
    return lambda: sum(1 for _ in replay.coalesce(events))


def dump(size: int) -> Callable[[], object]:
    session = replay.loads(recording(size))
    return lambda: replay.dumps(session)


@pytest.mark.parametrize(
    ("work", "budget"),
    [
        pytest.param(transcribe, 0.7, id="bytes to transcript"),
        pytest.param(partial(walk, []), 0.95, id="bytes through an engine"),
        pytest.param(partial(walk, [Listener()]), 2.5, id="one listener"),
        pytest.param(partial(walk, [Listener(), Listener()]), 4.0, id="two listeners"),
        pytest.param(coalesce, 5.2, id="coalescing"),
        pytest.param(dump, 3.0, id="dumps"),
    ],
)
def test_a_delta_costs_few_calls(
    work: Callable[[int], Callable[[], object]], budget: float
) -> None:
    cost = growth(work)
    assert budget / 2 < cost < budget, cost


def peak(work: Callable[[], object]) -> int:
    """Return the peak number of bytes held, beyond those held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_session_takes_little_more_memory_than_its_text() -> None:
    data = recording(50_000)
    assert peak(lambda: replay.loads(data)) < 6 * len(data)


@pytest.mark.slow
def test_a_large_session_takes_no_more_memory_than_a_small_one() -> None:
    def walk_all(deltas: int) -> Callable[[], object]:
        data = recording(deltas)
        text = SourceText(partial(io.BytesIO, data), kept=0, block=1 << 16)

        def work() -> None:
            (session,) = read_sessions(text, session_id="large")
            replay.ReplayEngine([Listener()]).replay(session)

        return work

    few, many = peak(walk_all(20_000)), peak(walk_all(200_000))
    assert many < few + (1 << 20)
