"""A format of one's own: a diary, one note a line, as an agent might write it."""

from collections.abc import Iterator, Mapping
from typing import Any

from replay_backends.formats import (
    Conversion,
    EventBuilder,
    Fate,
    Head,
    Record,
    Recording,
    RunUsage,
)


class Diary:
    """Notes such as ``{"note": 1, "by": "user", "text": "…", "at": "…"}``."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is a diary."""
        return any("note" in each and "by" in each for each in head.records)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its only session is converted."""
        yield Conversion(recording.session_id, recording.lines, _Notes)


class _Notes:
    """A converter of the notes, in order."""

    def __init__(self, build: EventBuilder) -> None:
        self._build = build

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert a note; return what became of it, and its kind."""
        match record.value:
            case {"by": "user", "text": str(text), **rest}:
                self._add("user_input", text, rest)
                return "mapped", "user"
            case {"by": "agent", "text": str(text), **rest}:
                self._add("text", text, rest)
                return "mapped", "agent"
            case {"by": "agent", "done": True}:
                self._build.stop(RunUsage(responses=1))
                return "mapped", "done"
            case {"by": "clock"}:
                return self._build.skip(record, "clock")
        return self._build.keep_whole(record, "note")

    def end(self) -> None:
        """Add what was held back: nothing."""

    def _add(self, kind: str, text: str, rest: Mapping[Any, Any]) -> None:
        time = rest.get("at")
        self._build.see_time(time)
        self._build.say(kind, text, {**rest, "at": None, "timestamp": time})
