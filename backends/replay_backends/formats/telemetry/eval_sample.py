"""A sample of an evaluation's log: its messages, its events, its result."""

from collections.abc import Iterator
from typing import Any, Final

import attrs

from replay import ConversionReport, Limits
from replay.errors import LimitExceededError
from replay_backends.formats.members import list_in, member
from replay_backends.formats.recording import Record, check_depth, records_in

#: What a reference to a sample's attachments begins with; the second until 2024.
_REFERENCES: Final = ("attachment://", "tc://")
#: What isn't kept of a sample, since its messages have it.
_REPEATED: Final = frozenset(
    {
        "attachments", "events", "events_data", "input", "message_pool", "messages",
        "output", "transcript",
    }
)  # fmt: skip


_SAID: Final = ("input", "messages", "output")  # kept if there are no messages
_FINISH_REASON: Final = ("output", "choices", 0, "stop_reason")


@attrs.frozen
class LoggedSample:
    """A sample of a log."""

    at: str  #: its place, as a JSON Pointer; in a zip file, its member's name
    value: Any
    limits: Limits

    @property
    def events(self) -> list[Any]:
        """Return the events, which were elsewhere until 2024."""
        found = member(self.value, "events")
        if found is None:
            found = member(self.value, "transcript", "events")
        return found if isinstance(found, list) else []

    def records(self, _: ConversionReport) -> Iterator[Record]:
        """Yield the messages, the events, and the sample without them."""
        at, value = self.at, self.value
        if not isinstance(value, dict):
            yield Record(at, value)
            return
        attached = self.attachments()
        messages = list_in(value, "messages")
        yield from map(attached.put_back, records_in(messages, f"{at}/messages"))
        yield from records_in(self.events, f"{at}/events")
        kept = {
            key: item
            for key, item in value.items()
            if key not in _REPEATED or (key in _SAID and not messages)
        }
        kept["finish_reason"] = member(value, *_FINISH_REASON)
        yield attached.put_back(Record(at, kept))

    def attachments(self) -> "Attachments":
        """Return its attachments."""
        return Attachments(self.value, self.limits)

    def times(self) -> dict[str, str]:
        """Return when messages and results were recorded, by the ids of these."""
        found: dict[str, str] = {}
        for each in self.events:
            time = member(each, "completed") or member(each, "timestamp")
            if member(each, "event") == "model":
                key = member(each, "output", "choices", 0, "message", "id")
            else:
                key = member(each, "id") if member(each, "event") == "tool" else None
            if isinstance(key, str) and isinstance(time, str):
                found[key] = time
        return found


class Attachments:
    """The long texts of a sample, which its messages only refer to."""

    def __init__(self, sample: object, limits: Limits) -> None:
        found = member(sample, "attachments")
        if found is None:
            found = member(sample, "transcript", "content")
        self._texts = found if isinstance(found, dict) else {}
        self._limits = limits
        self._left = limits.response_bytes

    def put_back(self, record: Record) -> Record:
        """Return a record with the texts that it refers to.

        Raises:
            LimitExceededError: It is nested too deep, or the texts are too long.
        """
        check_depth(record, self._limits)
        return attrs.evolve(record, value=self._put_back(record.value))

    def _put_back(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        match value:
            case str() if value.startswith(_REFERENCES):
                text = self._texts.get(value.partition("://")[2])
                return self._counted(text) if isinstance(text, str) else value
            case list():
                return [self._put_back(each) for each in value]
            case dict():
                return {key: self._put_back(each) for key, each in value.items()}
        return value

    def _counted(self, text: str) -> str:
        self._left -= len(text)
        if self._left < 0:
            where, reason = "$", "attachments are referred to too often"
            hint = "raise Limits(response_bytes=…)"
            raise LimitExceededError(where, reason, hint=hint)
        return text
