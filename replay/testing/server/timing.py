"""The pace of a stream: the times at which recorded events are due.

Arrival times are in a file beside the session's, with the same name and the suffix
``.arrivals``: a line for each event, with the seconds since the prompt as a number, or
``null`` if unknown.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Final

import attrs

import replay
from replay.errors import ReplayError
from replay.model.events import (
    Delta,
    Event,
    FullEvent,
    Stop,
    UserInput,
)
from replay.model.sessions import Session

_SESSION_FILE: Final = re.compile(
    r"(.+)\.(?:json|jsonl|ndjson)(?:\.(?:gz|zst|part))?", re.IGNORECASE
)


def due_times(
    events: Sequence[Event], arrivals: Sequence[float] | None, speed: float
) -> Sequence[float]:
    """Return the due time of each event, in seconds after the prompt, never falling.

    Without recorded arrival times, the turn's ``duration_ms`` is shared out by the
    characters of its deltas, or of its full events if it has no deltas; events without
    characters come at once. If the duration is unknown, the result is empty.

    Args:
        events: The events of one turn.
        arrivals: Their arrival times in seconds after the prompt; None: not recorded.
        speed: Recorded seconds per second.
    """
    if arrivals is None:
        arrivals = _shared_out(events)
    return array("d", (each / speed for each in accumulate(arrivals, max)))


def _shared_out(events: Sequence[Event]) -> Sequence[float]:
    stops = [each for each in events if isinstance(each, Stop)]
    seconds = stops[-1].usage.duration_ms / 1000 if stops else 0.0
    weights = _characters(events, Delta) or _characters(events, FullEvent)
    if seconds <= 0 or not weights:
        return ()
    return array("d", (seconds * each / weights[-1] for each in weights))


def _characters(events: Iterable[Event], kinds: UnionType) -> Sequence[float]:
    """Return the number of characters up to each event; empty if there are none."""
    lengths = (len(e.content) if isinstance(e, kinds) else 0 for e in events)
    sums = array("d", accumulate(lengths))
    return sums if sums and sums[-1] else ()


@attrs.define(eq=False)
class Arrivals:
    """The recorded arrival times of sessions."""

    location: str  #: the sessions' location, as for ``replay.open``
    _paths: dict[str, Path] | None = attrs.field(default=None, init=False)

    def of_turn(
        self, session: Session, start: int, stop: int
    ) -> Sequence[float] | None:
        """Return the arrival times of ``events[start:stop]``; None: one is unknown.

        A file may have a line for each ``user_input`` too, or for none of them.
        """
        times = self._times(session.session_id)
        if times is None:
            return None
        inputs = [isinstance(each, UserInput) for each in session.events]
        if len(times) == len(inputs):
            turn = times[start:stop]
        elif len(times) == len(inputs) - sum(inputs):
            before = sum(inputs[:start])
            turn = times[start - before : stop - before]
        else:
            return None
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
    """Yield the id of each session with arrival times, and the file that holds them."""
    for session_file, path in _pairs(path_of(location)):
        with suppress(ReplayError), replay.open(session_file) as source:
            yield from ((each.session_id, path) for each in source.summaries())


def _pairs(place: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield each session file that has arrival times beside it, and their file.

    Neither is a pipe, on which reading would block; the times aren't a link.
    """
    if place is None:
        return
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        match = _SESSION_FILE.fullmatch(path.name)
        arrivals = match and path.with_name(f"{match[1]}.arrivals")
        is_there = arrivals and arrivals.is_file() and not arrivals.is_symlink()
        if arrivals and is_there and path.is_file():
            yield path, arrivals


def path_of(location: str) -> Path | None:
    """Return the file or directory that a location names, or None."""
    for text in (location, location.partition(":")[2]):
        with suppress(OSError, ValueError):
            if text and Path(text).exists():
                return Path(text)
    return None


def folder_of(location: str) -> Path | None:
    """Return the directory that a location names, or that of the file it names."""
    path = path_of(location)
    return path.parent if path is not None and path.is_file() else path
