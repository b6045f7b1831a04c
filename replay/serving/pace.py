"""When the events of a turn are due."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from replay.events import Event, Stop, Text, TextDelta, Thinking, ThinkingDelta


def due_times(
    events: Sequence[Event], arrivals: Sequence[float] | None, speed: float
) -> Sequence[float]:
    """Return how many seconds after the prompt each event is due, never falling.

    Recorded arrival times count. Where there are none, the turn's ``duration_ms`` is
    shared out by the characters of its deltas, or of its full events where it has no
    deltas; events without characters come at once.

    Args:
        events: Those of one turn.
        arrivals: When each arrived, in seconds after the prompt; None: not recorded.
        speed: Recorded seconds per second.

    Returns:
        An entry for each event; or nothing: all of them are due at once, for nothing
        says how long the turn took.
    """
    if arrivals is None:
        arrivals = _shared_out(events)
    return array("d", (each / speed for each in accumulate(arrivals, max)))


def _shared_out(events: Sequence[Event]) -> Sequence[float]:
    seconds = max(0.0, _duration_ms(events) / 1000)
    weights = _characters(events, _delta) or _characters(events, _full)
    if not seconds or not weights:
        return ()
    total = weights[-1]
    return array("d", (seconds * each / total for each in weights))


def _duration_ms(events: Iterable[Event]) -> float:
    stops = [each for each in events if isinstance(each, Stop)]
    return stops[-1].usage.duration_ms if stops else 0.0


def _characters(
    events: Iterable[Event], count: Callable[[Event], int]
) -> Sequence[float]:
    """Return how many characters there are up to each event; nothing: none at all."""
    sums = array("d", accumulate(map(count, events)))
    return sums if sums and sums[-1] else ()


def _delta(event: Event) -> int:
    return len(event.content) if isinstance(event, TextDelta | ThinkingDelta) else 0


def _full(event: Event) -> int:
    return len(event.content) if isinstance(event, Text | Thinking) else 0
