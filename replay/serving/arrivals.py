"""When the events of a recorded session arrived.

That stands in a file beside the session, called as the session's file is, with the
suffix ``.arrivals``: a line for each event, a number, the seconds since the prompt, or
``null`` where nobody knows.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Final

import attrs

import replay
from replay.errors import ReplayError
from replay.events import UserInput
from replay.serving.places import path_of
from replay.serving.turns import Span
from replay.sessions import Session

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
