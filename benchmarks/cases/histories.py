"""Coalescing of deltas in memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from typing import Final

import replay
from benchmarks import inputs
from benchmarks.cases.accumulators import ACCUMULATORS
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan

MESSAGE: Final = 200  # deltas in a message
MESSAGES: Final = 20
NORMAL: Final = 10_000  # deltas: the size that growth is compared with


def coalescing(plan: Plan) -> Iterator[Figure]:
    """Compare `coalesce` with other libraries, then with itself at another size."""
    yield from _against_accumulators(plan.seconds)
    for deltas in plan.histories:
        if deltas != NORMAL:
            yield _growth(deltas, plan.seconds)


def messages() -> list[list[str]]:
    """Return the deltas of each message, the same for all libraries."""
    pieces = inputs.pieces()
    return [list(islice(pieces, MESSAGE)) for _ in range(MESSAGES)]


def history(texts: Iterable[Iterable[str]]) -> list[replay.Event]:
    """Return typed events: the deltas of each message, and a stop."""
    stop = replay.Stop(replay.Usage(), is_error=False)
    events: list[replay.Event] = []
    for deltas in texts:
        events += [*map(replay.TextDelta, deltas), stop]
    return events


def _against_accumulators(seconds: float) -> Iterator[Figure]:
    deltas, events = messages(), history(messages())
    for name, accumulate in ACCUMULATORS.items():
        ours, theirs = time_in_turn(
            lambda: _exhaust(replay.coalesce(events)),
            accumulate(deltas),
            seconds=seconds,
        )
        yield figure(
            "coalescing/peers",
            name,
            _per(ours, MESSAGE * MESSAGES),
            _per(theirs, MESSAGE * MESSAGES),
            events=MESSAGE * MESSAGES,
            aim="at most 0.14" if name.startswith("pydantic-ai") else "",
        )


def _growth(deltas: int, seconds: float) -> Figure:
    ours, theirs = time_in_turn(_one_run(deltas), _one_run(NORMAL), seconds=seconds)
    return figure(
        "coalescing/growth",
        f"the same, {NORMAL:,} deltas",
        _per(ours, deltas),
        _per(theirs, NORMAL),
        events=deltas,
    )


def _one_run(deltas: int) -> Callable[[], object]:
    """Return a function that coalesces one message, made of a few repeated deltas."""
    few = [*map(replay.TextDelta, islice(inputs.pieces(), 1_000))]
    return lambda: _exhaust(replay.coalesce(islice(cycle(few), deltas)))


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _per(times: Iterable[float], deltas: int) -> list[float]:
    return [taken / deltas for taken in times]
