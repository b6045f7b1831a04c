"""The cost of a plugin that listens."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

import replay
from benchmarks import inputs, peers
from benchmarks.cases.direct_calls import plain_loop, pluggy_loop
from benchmarks.cases.documents import TARGET_EVENTS
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, difference, figure
from benchmarks.plan import Plan


class Listener:
    """A plugin that listens to every delta, and does nothing."""

    def replay_text_delta(self, event: replay.TextDelta) -> None:
        """Do nothing."""

    def replay_thinking_delta(self, event: replay.ThinkingDelta) -> None:
        """Do nothing."""


def bytes_to_engine(plan: Plan) -> Iterator[Figure]:
    """Compare decoding and replaying with decoding alone.

    A program makes an engine once and replays many sessions. So engines are made
    beforehand, except in the case that shows the cost of a new engine for each session.
    """
    for events in plan.sessions:
        data = inputs.document(events)
        floor, one, two, new = time_in_turn(
            partial(peers.loads()["orjson.loads"], data),
            partial(_decode_and_replay, _engine(1), data),
            partial(_decode_and_replay, _engine(2), data),
            partial(_decode_and_replay_anew, data),
            seconds=plan.seconds,
        )
        for case, ours, aim in (
            ("one-listener", one, "at most 3.3"),
            ("two-listeners", two, ""),
            ("second-listener", difference(two, one), "at most 0.4"),
            ("new-engine", new, ""),
        ):
            yield figure(
                f"bytes-to-engine/{case}",
                "orjson.loads",
                ours,
                floor,
                events=events,
                aim=aim if events == TARGET_EVENTS else "",
            )


def hook_call(plan: Plan) -> Iterator[Figure]:
    """Compare a hook's call with a loop that calls the function, and with pluggy.

    A call in the engine can't be timed by itself: it is the extra time that a replay of
    nothing but deltas takes with one listener over none, or with two over one.
    """
    events = min(plan.sessions[-1], TARGET_EVENTS)
    deltas = tuple(map(replay.TextDelta, islice(inputs.pieces(), events)))
    session = replay.Session("hook-call", events=deltas)
    loop, through_pluggy, none, one, two = (
        [taken / events for taken in each]
        for each in time_in_turn(
            plain_loop(Listener().replay_text_delta, deltas),
            pluggy_loop(deltas),
            *(partial(_engine(listeners).replay, session) for listeners in (0, 1, 2)),
            seconds=plan.seconds,
        )
    )
    row = partial(figure, events=events)
    first, second = difference(one, none), difference(two, one)
    case, other_case = "hook-call/first-listener", "hook-call/second-listener"
    yield row(case, "a loop of calls", first, loop, aim="at most 2")
    yield row(other_case, "a loop of calls", second, loop)
    yield row(case, "pluggy itself", first, through_pluggy)
    yield row(other_case, "pluggy itself", second, through_pluggy)


def _engine(listeners: int) -> replay.ReplayEngine:
    return replay.ReplayEngine([Listener() for _ in range(listeners)])


def _decode_and_replay(engine: replay.ReplayEngine, data: bytes) -> None:
    engine.replay(replay.loads(data))


def _decode_and_replay_anew(data: bytes) -> None:
    _decode_and_replay(_engine(1), data)
