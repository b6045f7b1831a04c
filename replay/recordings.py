"""What a recording's JSON text makes: sessions, checked, each in its shape."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import attrs

from replay.checking import Checks, Where, in_list
from replay.codec import decode_header
from replay.cutting import cut
from replay.decoded_events import DecodedEvents
from replay.diagnostics import Diagnostic
from replay.errors import DecodeError
from replay.events import EVENT_CLASSES
from replay.json_text import Parsed, parse
from replay.known_events import KnownEvents, decode_known
from replay.line_reading import Line
from replay.recorded_events import RecordedEvents
from replay.sessions import Session, Shape

NO_SESSION_HINT: Final = (
    'a session is {"session_id": …, "events": […]}, a list of events, or either '
    "as JSON Lines"
)
Oddities: TypeAlias = Iterable[tuple[str, str]]


@attrs.frozen
class Reader:
    """Makes sessions of the text of one recording."""

    session_id: str  #: what a session is called that does not say so itself
    checks: Checks

    def document(self, data: bytes) -> Session:
        """Return the session that the whole of *data* is."""
        session = self._known(data, self.session_id)
        return session or self._any(parse(data), data, self.session_id)

    def sessions(self, lines: Iterable[Line]) -> Iterator[Session]:
        """Yield the sessions that *lines* hold, a document each."""
        for number, line in enumerate(lines, 1):
            yield self.on_line(line, self.id_of(number))

    def id_of(self, number: int) -> str:
        """Return what the session on a line is called that does not say so itself.

        Args:
            number: How many lines there are up to it, itself included, blank ones not.
        """
        return self.session_id if number == 1 else f"{self.session_id}-{number}"

    def on_line(self, line: Line, session_id: str) -> Session:
        """Return the session that a line holds.

        Args:
            line: One of a text whose lines are sessions.
            session_id: What it is called where it does not say so.

        Raises:
            DecodeError: It holds something else.
        """
        with _numbered(line.number):
            session = self._known(line.text, session_id)
            if session is not None and session.shape == "document":
                return session
            parsed = parse(line.text.rstrip(b"\r\n"))
            if is_document(parsed.value):
                return self._any(parsed, line.text, session_id)
        where = f"line {line.number}"
        reason = "no session: the lines before are sessions"
        raise DecodeError(where, reason, hint=NO_SESSION_HINT)

    def events(
        self, lines: Sequence[Line], first: int = 0
    ) -> tuple[KnownEvents | DecodedEvents, Oddities]:
        """Return the events that *lines* hold, one each, and what is odd about them.

        Args:
            lines: Some lines of the recording that follow each other.
            first: The index of the first event.

        Raises:
            DecodeError: A line is no JSON, or does not pass the checks.
        """

        def where(index: int) -> str:
            return f"line {lines[index - first].number}, $"

        text = b"\n".join(line.text for line in lines)
        if (known := decode_known(text, "lines")) is not None:
            known.check(self.checks, where, first)
            return known, ()
        parsed = [parse_line(line) for line in lines]
        events = DecodedEvents([each.value for each in parsed])
        events.check(self.checks, where, first)
        return events, [oddity for each in parsed for oddity in each.oddities]

    def with_header(
        self,
        header: Mapping[str, object],
        events: RecordedEvents,
        oddities: Oddities,
        session_id: str,
    ) -> Session:
        """Return the session that a document is.

        Args:
            header: Its object, with null for its events.
            events: What stood there.
            oddities: What was odd about its text.
            session_id: What it is called where it does not say so.

        Raises:
            DecodeError: A field of the header is wrong.
        """
        self.checks.header(header)
        known = decode_header(header, session_id)
        return Session(
            known.session_id,
            last_updated_at=known.last_updated_at,
            generated_title=known.generated_title,
            index_ids=known.index_ids,
            job_metadata=known.job_metadata,
            shared_access=known.shared_access,
            recorded=header,
            events=events,
            diagnostics=_diagnostics(oddities),
            derived_id=None if "session_id" in header else session_id,
        )

    def without_header(
        self, events: RecordedEvents, shape: Shape, oddities: Oddities
    ) -> Session:
        """Return the session that events by themselves are."""
        diagnostics = _diagnostics(oddities)
        return Session(
            self.session_id, events=events, shape=shape, diagnostics=diagnostics
        )

    def _known(self, data: bytes, session_id: str) -> Session | None:
        """Return the session where it is laid out as expected, and all is known."""
        if data.startswith(b"["):
            events = self._checked(data, in_list("$"))
            return None if events is None else self.without_header(events, "list", ())
        if (found := cut(data)) is None:
            return None
        events = self._checked(found.array, in_list("$.events"))
        if events is None:
            return None
        return self.with_header(found.header, events, found.oddities, session_id)

    def _checked(self, array: bytes, where: Where) -> KnownEvents | None:
        events = decode_known(array, "array")
        if events is None:
            return None
        events.check(self.checks, where)
        if len(array) > self.checks.limits.event_bytes:
            self.checks.sizes(events.values(), where)
        return events

    def _any(self, parsed: Parsed, data: bytes, session_id: str) -> Session:
        value: Any = parsed.value
        if is_document(value):
            header = {key: None if key == "events" else value[key] for key in value}
            events = self._decoded(value["events"], in_list("$.events"), data)
            return self.with_header(header, events, parsed.oddities, session_id)
        if isinstance(value, list):
            events = self._decoded(value, in_list("$"), data)
            return self.without_header(events, "list", parsed.oddities)
        if not _is_event(value):
            reason = "no session: the object has no list of events"
            raise DecodeError(where="$", reason=reason, hint=NO_SESSION_HINT)
        events = self._decoded([value], lambda _: "$", data)
        return self.without_header(events, "lines", parsed.oddities)

    def _decoded(
        self, values: list[object], where: Where, data: bytes
    ) -> DecodedEvents:
        events = DecodedEvents(values)
        events.check(self.checks, where)
        if len(data) > self.checks.limits.event_bytes:
            self.checks.sizes(values, where)
        return events


def is_document(value: object) -> bool:
    """Tell whether a JSON value is a session's document."""
    return isinstance(value, dict) and isinstance(value.get("events"), list)


def parse_line(line: Line) -> Parsed:
    """Return the JSON value of a line.

    Raises:
        DecodeError: It is none; the error names the line by its number.
    """
    with _numbered(line.number):
        return parse(line.text.rstrip(b"\r\n"))


def _is_event(value: object) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in EVENT_CLASSES


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Let an error of the one line that is read within the block bear its number."""
    try:
        yield
    except DecodeError as error:
        where = error.where.removeprefix("line 1, ")
        raise attrs.evolve(error, where=f"line {number}, {where}") from None


def _diagnostics(oddities: Oddities) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(code, None, detail) for code, detail in oddities)
