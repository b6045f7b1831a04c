"""The end of a turn, held back until the next turn begins."""

from collections.abc import Mapping
from typing import Final

import attrs

from replay_backends.formats.event_builder import Event, EventBuilder, RunUsage

_OPENING: Final = ("user_input", "text", "thinking", "tool_call")


@attrs.define
class HeldStop:
    """The last stop, and the unknown events after it.

    A run may say nothing, such as one that only compacts the session. Its stop would be
    another one of the turn before, of which only the last counts. So that turn's stop
    gets its tokens, and what else it says as one of ``imported.further_runs``.

    Args:
        build: Takes the events.
    """

    _build: EventBuilder
    _events: list[Event] = attrs.field(factory=list)  # the stop is the first of them
    _usage: RunUsage = attrs.field(factory=RunUsage)

    def stop(
        self,
        usage: RunUsage,
        error: str | None = None,
        imported: Mapping[str, object] | None = None,
    ) -> None:
        """End a run: add a stop, or what it says to the stop that is held back."""
        self.hold()
        if not self._events:
            self._usage = RunUsage(duration_ms=usage.duration_ms)
            self._usage.include(usage)
            self._build.stop(usage, error, imported)
            return
        self._usage.include(usage)
        stop = self._events[0]
        stop["usage"] = self._usage.as_object()
        told = {**(imported or {}), "error": error}
        further = {key: value for key, value in told.items() if value is not None}
        stop.setdefault("imported", {}).setdefault("further_runs", []).append(further)

    def hold(self) -> None:
        """Hold back what was added since the last stop, unless it opens a turn."""
        build, events = self._build, self._events + self._build.events
        kinds = [event["type"] for event in events]
        if "stop" not in kinds:
            return
        opened = max((n for n, kind in enumerate(kinds) if kind in _OPENING), default=0)
        stops = (n for n, kind in enumerate(kinds) if kind == "stop" and n >= opened)
        start = next(stops, len(kinds))
        build.events, self._events = events[:start], events[start:]

    def release(self) -> None:
        """Add what is held back, after the last record."""
        self._build.events, self._events = self._events + self._build.events, []
