"""When the events of a recorded session arrived.

That stands in a file beside the session, called as the session's file is, with the
suffix ``.arrivals``: a line for each event, a number, the seconds since the prompt, or
``null`` where nobody knows.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, chain, pairwise
from math import isfinite
from pathlib import Path
from typing import Final

import attrs

import replay
from replay.engine.engine import ReplayEngine
from replay.engine.hookspecs import Context
from replay.errors import ReplayError
from replay.model.events import (
    Delta,
    Event,
    FullEvent,
    Stop,
    UserInput,
)
from replay.model.sessions import Session


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
    return len(event.content) if isinstance(event, Delta) else 0


def _full(event: Event) -> int:
    return len(event.content) if isinstance(event, FullEvent) else 0


def path_of(location: str) -> Path | None:
    """Return the file or directory that a location names; None: it names neither.

    Args:
        location: As for ``replay.open``.
    """
    for text in (location, location.partition(":")[2]):
        with suppress(OSError, ValueError):
            if text and Path(text).exists():
                return Path(text)
    return None


def folder_of(location: str) -> Path | None:
    """Return the directory that a location names or that holds the file it names."""
    path = path_of(location)
    return path.parent if path is not None and path.is_file() else path


@attrs.frozen
class Span:
    """The events of a turn, its ``user_input`` aside: ``events[start:stop]``."""

    prompt: str | None  #: what the user asked; None: the turn has no ``user_input``
    start: int
    stop: int


def spans_of(session: Session) -> tuple[Span, ...]:
    """Return the turns of *session*, as the engine counts them.

    A history in which no turn opens, though it has events, is one turn.
    """
    opened: list[tuple[int, UserInput | None]] = []

    def note(user_input: UserInput | None, context: Context) -> None:
        if context.index < end:  # at the end, it opens one for unknown events alone
            opened.append((context.index, user_input))

    end = len(session.events)
    ReplayEngine([{"turn_start": note}]).replay(session)
    if not opened and end:
        opened.append((0, None))
    starts = chain([index for index, _ in opened], [end])
    return tuple(
        _span(asked, begin, stop)
        for (begin, stop), (_, asked) in zip(pairwise(starts), opened, strict=True)
    )


def _span(asked: UserInput | None, begin: int, stop: int) -> Span:
    if asked is None:
        return Span(None, begin, stop)
    return Span(asked.content, begin + 1, stop)


def choose(spans: Sequence[Span], prompt: str, replayed: Iterable[int]) -> int | None:
    """Return the number of the turn that answers a prompt.

    That is one with this prompt, or any where there is none; among them the first
    that was not replayed yet, or the first of all.

    Args:
        spans: The turns to choose from.
        prompt: What the user asks.
        replayed: The numbers of the turns that were chosen before.

    Returns:
        None: there is no turn at all.
    """
    matching = [n for n, each in enumerate(spans) if each.prompt == prompt]
    candidates = matching or range(len(spans))
    before = frozenset(replayed)
    fresh = [number for number in candidates if number not in before]
    return next(iter(fresh or candidates), None)


SUFFIX: Final = ".arrivals"
_SESSION_FILE: Final = re.compile(
    r"(.+)\.(?:json|jsonl|ndjson)(?:\.(?:gz|zst|part))?", re.IGNORECASE
)


@attrs.define(eq=False)
class Arrivals:
    """Finds the arrival times of sessions.

    Args:
        location: Where the sessions are, as for ``replay.open``.
    """

    location: str
    _paths: dict[str, Path] | None = attrs.field(default=None, init=False)

    def of_turn(self, session: Session, span: Span) -> Sequence[float] | None:
        """Return when each event of a turn arrived, in seconds since the prompt.

        A file may have a line for each ``user_input`` too, or for none of them.

        Returns:
            None: that was not recorded, or not for each event.
        """
        times = self._times(session.session_id)
        skipped = 0
        if times is not None and len(times) != len(session.events):
            inputs = [isinstance(each, UserInput) for each in session.events]
            skipped = sum(inputs[: span.start])
            if len(times) != len(inputs) - sum(inputs):
                return None
        if times is None:
            return None
        turn = times[span.start - skipped : span.stop - skipped]
        known = [each for each in turn if each is not None]
        return known if len(known) == len(turn) else None

    def _times(self, session_id: str) -> list[float | None] | None:
        if self._paths is None:
            self._paths = dict(_paths(self.location))
        path = self._paths.get(session_id)
        if path is None:
            return None
        with suppress(OSError, ValueError):
            lines = path.read_text("ascii").splitlines()
            times = [None if line == "null" else float(line) for line in lines]
            return times if all(isfinite(each or 0.0) for each in times) else None
        return None


def _paths(location: str) -> Iterator[tuple[str, Path]]:
    """Yield each session that has arrival times, and the file that holds them."""
    for session_file, path in _pairs(path_of(location)):
        with suppress(ReplayError), replay.open(session_file) as source:
            yield from ((each.session_id, path) for each in source.summaries())


def _pairs(place: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield each file of sessions that has arrival times beside it, and their file.

    None of the two is a pipe, which would be waited for; the times are no link.
    """
    if place is None:
        return
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        match = _SESSION_FILE.fullmatch(path.name)
        arrivals = match and path.with_name(match[1] + SUFFIX)
        is_there = arrivals and arrivals.is_file() and not arrivals.is_symlink()
        if arrivals and is_there and path.is_file():
            yield path, arrivals
