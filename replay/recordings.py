"""What a recording's JSON values make: sessions, checked, each in its shape."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

import attrs

from replay.codec import check_event, decode_header
from replay.diagnostics import Diagnostic
from replay.errors import DecodeError, LimitExceededError
from replay.events import EVENT_CLASSES
from replay.json_text import Parsed, is_deeper, parse, write
from replay.limits import Limits
from replay.recorded_events import RecordedEvents
from replay.sessions import Session, Shape

NO_SESSION_HINT: Final = (
    'a session is {"session_id": …, "events": […]}, a list of events, or either '
    "as JSON Lines"
)


@attrs.frozen
class Reader:
    """Makes sessions of the values that one recording holds."""

    session_id: str
    strict: bool
    limits: Limits

    def document(self, data: bytes) -> Session:
        """Return the session that the whole of *data* is."""
        session = self.session(parse(data))
        if len(data) > self.limits.event_bytes:
            self._check_sizes(session)
        return session

    def session(self, parsed: Parsed) -> Session:
        """Return the session that one JSON value is."""
        value = parsed.value
        if _is_document(value):
            return self._document(parsed, self.session_id)
        if isinstance(value, list):
            self._check_events("$", value)
            return self._list(value, "list", parsed.oddities)
        if not _is_event(value):
            reason = "no session: the object has no list of events"
            raise DecodeError(where="$", reason=reason, hint=NO_SESSION_HINT)
        self._check_event("$", value)
        return self._list([value], "lines", parsed.oddities)

    def lines(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Session]:
        """Yield the sessions that *lines* hold: one a line, or one in all."""
        parsed = ((number, _parse_line(number, line)) for number, line in lines)
        number, first = next(parsed)
        if _is_document(first.value):
            yield self._on_line(number, first, self.session_id)
            for count, (number, line) in enumerate(parsed, 2):
                yield self._on_line(number, line, f"{self.session_id}-{count}")
        else:
            yield self._events(chain([(number, first)], parsed))

    def _events(self, lines: Iterable[tuple[int, Parsed]]) -> Session:
        values: list[object] = []
        oddities: list[tuple[str, str]] = []
        for number, parsed in lines:
            self._check_event(f"line {number}, $", parsed.value)
            values.append(parsed.value)
            oddities.extend(parsed.oddities)
        return self._list(values, "lines", oddities)

    def _on_line(self, number: int, parsed: Parsed, session_id: str) -> Session:
        if not _is_document(parsed.value):
            where, reason = (
                f"line {number}",
                "no session: the lines before are sessions",
            )
            raise DecodeError(where, reason, hint=NO_SESSION_HINT)
        try:
            return self._document(parsed, session_id)
        except DecodeError as error:
            raise _on_line(number, error) from None

    def _document(self, parsed: Parsed, session_id: str) -> Session:
        document: Any = parsed.value
        values = document["events"]
        recorded = {key: None if key == "events" else document[key] for key in document}
        self._check_depth("$", recorded)
        header = decode_header(recorded, session_id)
        self._check_events("$.events", values)
        return Session(
            header.session_id,
            last_updated_at=header.last_updated_at,
            generated_title=header.generated_title,
            index_ids=header.index_ids,
            job_metadata=header.job_metadata,
            shared_access=header.shared_access,
            recorded=recorded,
            events=RecordedEvents(values),
            diagnostics=_diagnostics(parsed.oddities),
            derived_id=None if "session_id" in recorded else session_id,
        )

    def _list(
        self, values: list[object], shape: Shape, oddities: Iterable[tuple[str, str]]
    ) -> Session:
        return Session(
            self.session_id,
            events=RecordedEvents(values),
            shape=shape,
            diagnostics=_diagnostics(oddities),
        )

    def _check_events(self, where: str, values: list[object]) -> None:
        is_suspect = self.strict or is_deeper(values, self.limits.depth + 2)
        for index, value in enumerate(values if is_suspect else ()):
            self._check_event(f"{where}[{index}]", value)

    def _check_event(self, where: str, value: object) -> None:
        self._check_depth(where, value)
        if self.strict:
            check_event(value, where)

    def _check_depth(self, where: str, value: object) -> None:
        if is_deeper(value, self.limits.depth + 1):
            reason = f"nested deeper than {self.limits.depth} levels"
            raise LimitExceededError(where, reason, hint="raise Limits(depth=…)")

    def _check_sizes(self, session: Session) -> None:
        path = "$.events" if session.shape == "document" else "$"
        for index, event in enumerate(session.events):
            if len(write(event.as_object())) > self.limits.event_bytes:
                where = f"{path}[{index}]"
                raise too_long(where, self.limits)


def _is_document(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("events"), list)


def _is_event(value: object) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in EVENT_CLASSES


def _parse_line(number: int, line: bytes) -> Parsed:
    try:
        return parse(line.rstrip(b"\r\n"))
    except DecodeError as error:
        raise _on_line(number, error) from None


def _on_line(number: int, error: DecodeError) -> DecodeError:
    where = error.where.removeprefix("line 1, ")
    return attrs.evolve(error, where=f"line {number}, {where}")


def too_long(where: str, limits: Limits) -> LimitExceededError:
    """Return the error that says so of what is at *where*."""
    reason = f"longer than {limits.event_bytes} bytes"
    return LimitExceededError(where, reason, hint="raise Limits(event_bytes=…)")


def _diagnostics(oddities: Iterable[tuple[str, str]]) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(code, None, detail) for code, detail in oddities)
