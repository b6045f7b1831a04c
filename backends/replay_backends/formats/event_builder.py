"""The events of a session, built from what other formats hold."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import attrs

from replay import ConversionReport, Limits
from replay.authoring import parse_json
from replay.errors import DecodeError, LimitExceededError
from replay_backends.formats.recording import Fate, Record

Event = dict[str, Any]  # Any: the JSON values that the codec will check
_Change: TypeAlias = Literal["dropped", "changed", "invented", "moved"]


@attrs.define
class RunUsage:
    """The tokens of a run, summed over its responses."""

    responses: int = 0
    duration_ms: float | None = None  #: None: the recording doesn't say
    tokens: dict[str, int] = attrs.field(factory=dict)  #: by their name in a stop

    def add(self, input_tokens: object, output_tokens: object) -> None:
        """Add a response; what isn't a count is left out."""
        self.responses += 1
        self.add_tokens("total_input_tokens", input_tokens)
        self.add_tokens("total_output_tokens", output_tokens)

    def add_tokens(self, name: str, count: object) -> None:
        """Add to one of the sums."""
        if isinstance(count, int) and not isinstance(count, bool):
            self.tokens[name] = self.tokens.get(name, 0) + count

    def include(self, other: "RunUsage") -> None:
        """Add the responses of another run, but not its duration."""
        self.responses += other.responses
        for name, count in other.tokens.items():
            self.add_tokens(name, count)

    def as_object(self) -> dict[str, object]:
        """Return the usage of a stop; what the recording doesn't say is absent."""
        usage: dict[str, object] = dict(self.tokens)
        if self.responses:
            usage["turns"] = self.responses
        if self.duration_ms is not None:
            usage["duration_ms"] = self.duration_ms
        return usage


@attrs.define
class EventBuilder:
    """A list of events that grows as records are converted, and the session's header.

    Args:
        report: What the conversion did.
        keeps_all: Keep bookkeeping, too.
        prefix: The beginning of the types of unknown events; empty: the format's name.
        limits: Size limits.
    """

    report: ConversionReport
    keeps_all: bool = False
    prefix: str = ""
    limits: Limits = attrs.field(factory=Limits)
    title: str | None = None  #: None: the recording has none
    last_updated_at: datetime | None = None  #: in UTC; None: there are no times
    parent: dict[str, object] | None = None  #: what links it to another session
    tools: dict[str, str] = attrs.field(factory=dict)  #: their names, by call id
    events: list[Event] = attrs.field(factory=list)
    at: str = ""  #: the place of the record that is being converted
    _held: list[Event] = attrs.field(factory=list, init=False)
    _added: int = attrs.field(default=0, init=False)  # events of the record

    def begin(self, record: Record) -> None:
        """Take what is added from now on for events of a record."""
        self.at, self._added = record.at, 0

    def header(self) -> dict[str, object]:
        """Return the members of the session's document before its events."""
        updated = self.last_updated_at
        without_zone = updated and updated.replace(tzinfo=None)
        found = {
            "session_id": self.report.session_id,
            "last_updated_at": without_zone
            and without_zone.isoformat(timespec="microseconds"),
            "generated_title": self.title,
            "imported": self.parent and {"parent": self.parent},
        }
        return {key: value for key, value in found.items() if value is not None}

    def see_time(self, recorded: object) -> None:
        """Take in a record's time, an ISO text or seconds since 1970; others aren't."""
        if (time := time_of(recorded)) and (
            self.last_updated_at is None or time > self.last_updated_at
        ):
            self.last_updated_at = time

    def note(self, code: str, what: _Change = "changed", detail: str = "") -> None:
        """Note in the report what is done to the content of the record."""
        self.report.note(code, self.at, what, detail=detail)

    def skip(self, record: Record, kind: str) -> tuple[Fate, str]:
        """Leave out a record that is bookkeeping, unless all is kept."""
        return self.keep_whole(record, kind) if self.keeps_all else ("skipped", kind)

    def keep_whole(self, record: Record, kind: str) -> tuple[Fate, str]:
        """Keep a record as an unknown event."""
        self.keep(kind, record.value)
        return "kept", kind

    def add(
        self, kind: str, imported: Mapping[str, object] | None = None, **fields: object
    ) -> Event:
        """Add an event; return it.

        Args:
            kind: Its type.
            imported: What else its record held; None values are left out.
            fields: Its fields.

        Raises:
            LimitExceededError: The record gave as many events as it may.
        """
        most = self.limits.record_events
        if self._added == most:
            reason = f"more than {most} events in one record"
            hint = "raise Limits(record_events=…)"
            raise LimitExceededError(self.at, reason, hint=hint)
        self._added += 1
        event: Event = {"type": kind, **fields}
        if imported and (kept := {k: v for k, v in imported.items() if v is not None}):
            event["imported"] = kept
        self.events.append(event)
        return event

    def say(
        self, kind: str, content: object, imported: Mapping[str, object] | None = None
    ) -> Event | None:
        """Add a text, thinking or a delta of one, unless it is empty; return it."""
        if content == "":
            return None
        return self.add(kind, imported, content=content)

    def call(
        self,
        call_id: str,
        name: str,
        arguments: object,
        imported: Mapping[str, object] | None = None,
    ) -> Event:
        """Add a tool call.

        Args:
            call_id: Its id.
            name: The tool.
            arguments: An object or its JSON text; None and an empty text mean ``{}``,
                anything else is kept under ``_raw``, and noted.
            imported: What else its record held.
        """
        self.tools[call_id] = name
        known, is_raw = arguments_of(arguments)
        kept = dict(imported or {})
        if is_raw:
            kept["arguments"] = "raw"
            self.note("arguments-raw")
        return self.add("tool_call", kept, call_id=call_id, name=name, arguments=known)

    def result(
        self,
        call_id: str,
        result: object,
        imported: Mapping[str, object] | None = None,
        name: str | None = None,
    ) -> Event:
        """Add a tool's result; a list of one text is that text.

        Args:
            call_id: The id of its call.
            result: What the tool returned.
            imported: What else its record held.
            name: The tool; None: that of the call, or an empty name if there is none.
        """
        if name is None:
            name = self.tools.get(call_id, "")
        match result:
            case [{"type": "text" | "input_text" | "output_text", "text": str(text)}]:
                result = text
        return self.add(
            "tool_result", imported, call_id=call_id, name=name, result=result
        )

    def stop(
        self,
        usage: RunUsage,
        error: str | None = None,
        imported: Mapping[str, object] | None = None,
    ) -> Event:
        """Add the end of a run, failed if there is an *error*."""
        return self.add(
            "stop",
            imported,
            usage=usage.as_object(),
            is_error=error is not None,
            error=error,
        )

    def keep(self, kind: str, record: object) -> Event:
        """Add an unknown event of a *kind* of the format, with the record as it was."""
        return self.add(f"{self.prefix or self.report.format}/{kind}", record=record)

    def keep_usage(self, usage: Mapping[str, object]) -> None:
        """Keep the tokens of a run without a stop with the last event, if there is one.

        A converter that calls this has held back the events of earlier records.
        """
        last = [*self._held, *self.events][-1:]
        for event in last:
            event.setdefault("imported", {})["usage"] = usage
        self.note("usage-without-stop", "moved" if last else "dropped")

    def hold(self) -> None:
        """Hold back what a record added until another record adds something."""
        if self.events:
            self.events, self._held = self._held, self.events

    def release(self) -> None:
        """Add what was held back, after the last record."""
        self.events, self._held = self._held + self.events, []

    def drain(self) -> list[Event]:
        """Return the events so far, and forget them."""
        events, self.events = self.events, []
        return events


def keep_with(event: Event, kept: Mapping[str, object]) -> None:
    """Keep more of what a record held with an event; what is there already stays.

    None values are left out.
    """
    if known := {key: value for key, value in kept.items() if value is not None}:
        event["imported"] = {**known, **event.get("imported", {})}


_NO_ARGUMENTS: Final = (None, "")


def arguments_of(recorded: object) -> tuple[dict[str, Any], bool]:
    """Return a call's arguments, and whether they were no JSON object.

    >>> arguments_of('{"x": 1}')
    ({'x': 1}, False)
    >>> arguments_of("not json")
    ({'_raw': 'not json'}, True)
    """
    value = recorded
    if recorded in _NO_ARGUMENTS:
        value = {}
    elif isinstance(recorded, str):
        try:
            value = parse_json(recorded.encode("utf-8", "surrogatepass")).value
        except (DecodeError, UnicodeError):
            value = None
    if isinstance(value, dict):
        return value, False
    return {"_raw": recorded}, True


def time_of(recorded: object) -> datetime | None:
    """Return a recorded time in UTC; None: it isn't one.

    Args:
        recorded: ISO text, in which a zone may be missing, or seconds since 1970.
    """
    try:
        if isinstance(recorded, str):
            time = datetime.fromisoformat(recorded)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        if isinstance(recorded, int | float) and not isinstance(recorded, bool):
            return datetime.fromtimestamp(recorded, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
