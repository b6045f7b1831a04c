"""Decoding and checking of sessions in a recording's JSON text, in any shape."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final, TypeAlias

import attrs

from replay.codec.checks import Checks, Where, in_list
from replay.codec.history import (
    DecodedEvents,
    KnownEvents,
    RecordedEvents,
    decode_known,
)
from replay.codec.json_lines import is_filled, records_on
from replay.codec.json_scan import Form, cut
from replay.codec.stored_history import SourceText
from replay.codec.structure import BrokenText, decode_header
from replay.errors import DecodeError, UnrecognizedError
from replay.model.diagnostics import Diagnostic
from replay.model.events import EVENT_CLASSES
from replay.model.json_text import Parsed, parse_json
from replay.model.sessions import Session, Shape, header_fields

_PIECE: Final = 1 << 20  # bytes of a line that are skipped at once
_TRIES: Final = 100  # how many lines of a broken text are tried
_MOST: Final = 10_000  # lines in a group


@attrs.frozen
class Line:
    """A line that isn't blank."""

    number: int  #: from 1, counting blank lines
    text: bytes  #: with its line end
    end: int  #: where it ends, in bytes from the beginning of the text

    @property
    def start(self) -> int:
        """Return where it begins, in bytes from the beginning of the text."""
        return self.end - len(self.text)


def lines(file: BinaryIO, checks: Checks) -> Iterator[Line]:
    """Yield the lines of a file that aren't blank, from its beginning.

    Raises:
        LimitExceededError: One is longer than *checks* allow.
    """
    for line in lines_of_any_length(file, checks.limits.event_bytes):
        check_length(line, checks)
        yield line


def check_length(line: Line, checks: Checks) -> None:
    """Raise LimitExceededError for a line that is longer than it may be."""
    if len(line.text) > checks.limits.event_bytes:
        where = f"line {line.number}"
        raise checks.too_long(where)


def lines_of_any_length(
    file: BinaryIO, longest: int, *, offset: int = 0, before: int = 0
) -> Iterator[Line]:
    """Yield the lines of a file that aren't blank, and those that are too long.

    Args:
        file: At the beginning of a line.
        longest: How long a line may be, in bytes; a longer one is cut after one more.
        offset: Where the first line begins, in bytes from the beginning of the text.
        before: How many lines there are before it.
    """
    at = offset
    read = partial(file.readline, longest + 1)
    for number, text in enumerate(iter(read, b""), before + 1):
        if len(text) > longest or is_filled(text):
            yield Line(number, text, at + len(text))
        at += len(text)
        if len(text) > longest and not text.endswith(b"\n"):
            at += pass_over_rest(file)


def groups(lines: Iterator[Line], block: int) -> Iterator[list[Line]]:
    """Yield groups of consecutive lines, at most 10,000 in each.

    A group spans at most *block* bytes, blank lines included; one line may be longer.
    """
    group: list[Line] = []
    for line in lines:
        is_full = len(group) == _MOST
        if group and (is_full or line.end - group[0].start > block):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def pass_over_rest(file: BinaryIO) -> int:
    """Skip the rest of a line; return its length in bytes."""
    size = 0
    while piece := file.readline(_PIECE):
        size += len(piece)
        if piece.endswith(b"\n"):
            break
    return size


NO_SESSION_HINT: Final = (
    'a session is {"session_id": …, "events": […]}, a list of events, or either '
    "as JSON Lines"
)
_HEADER: Final = frozenset({"session_id", "events"})  # of these, only a session has any
Oddities: TypeAlias = Iterable[tuple[str, str]]


@attrs.frozen
class Reader:
    """A decoder of the sessions in one recording's text."""

    session_id: str  #: the base of the ids of sessions that give none
    checks: Checks

    def document(self, data: bytes) -> Session:
        """Return the session in *data*."""
        session = self._known(data, self.session_id)
        return session or self._any(parse_json(data), data, self.session_id)

    def known(self, data: bytes) -> Session | None:
        """Return the session in *data* if all of its events are known; None: not so."""
        return self._known(data, self.session_id)

    def known_lines(self, data: bytes) -> Session | None:
        """Return the session of lines that are a known event each; None: not so."""
        try:
            events = self._checked(data, "lines", in_list("$"))
        except DecodeError:
            return None  # reading line by line says which
        return None if events is None else self.without_header(events, "lines", ())

    def id_of(self, number: int) -> str:
        """Return the id for the session on a line that gives none.

        Args:
            number: The line's, from 1, not counting blank lines.
        """
        return self.session_id if number == 1 else f"{self.session_id}-{number}"

    def on_line(self, line: Line, session_id: str) -> Session:
        """Return the session on a line of a text whose lines are sessions.

        Raises:
            DecodeError: The line isn't a session.
            LimitExceededError: It is too long.
        """
        check_length(line, self.checks)
        with _numbered(line.number):
            session = self._known(line.text, session_id)
            if session is not None and session.shape == "document":
                return session
            parsed = parse_json(line.text.rstrip(b"\r\n"))
            if is_document(parsed.value):
                return self._any(parsed, line.text, session_id)
        where = f"line {line.number}"
        reason = "not a session, as the lines before are"
        raise DecodeError(where, reason, hint=NO_SESSION_HINT)

    def events(
        self, lines: Sequence[Line], first: int = 0
    ) -> tuple[KnownEvents | DecodedEvents, Oddities]:
        """Return the events on some consecutive lines, one each, and any oddities.

        The first of them has the index *first*.

        Raises:
            DecodeError: A line fails the checks, which if strict includes being JSON.
        """
        text = b"\n".join(line.text for line in lines)
        if (known := decode_known(text, "lines")) is not None:
            numbers = [line.number for line in lines]
            known.check(self.checks, _on_lines(numbers, first), first)
            return known, ()
        read = parse_line if self.checks.strict else _records_of
        numbers = []
        values: list[object] = []
        oddities: list[tuple[str, str]] = []
        events = DecodedEvents(values)
        try:
            for line in lines:
                for record in read(line):
                    numbers.append(line.number)
                    values.append(record.value)
                    oddities += record.oddities
        finally:  # the first error is told
            events.check(self.checks, _on_lines(numbers, first), first)
        return events, oddities

    def with_header(
        self,
        header: Mapping[str, object],
        events: RecordedEvents,
        oddities: Oddities,
        session_id: str,
    ) -> Session:
        """Return a document's session from its header, null for events, and its events.

        Raises:
            DecodeError: A field of the header is wrong.
        """
        self.checks.header(header)
        known = decode_header(header, session_id)
        return Session(
            **header_fields(known),
            recorded=header,
            events=events,
            diagnostics=_diagnostics(oddities),
            derived_id=None if "session_id" in header else session_id,
        )

    def without_header(
        self, events: RecordedEvents, shape: Shape, oddities: Oddities
    ) -> Session:
        """Return a session of events that have no header."""
        diagnostics = _diagnostics(oddities)
        return Session(
            self.session_id, events=events, shape=shape, diagnostics=diagnostics
        )

    def _known(self, data: bytes, session_id: str) -> Session | None:
        """Return the session if its layout is as expected and all events are known."""
        if data.startswith(b"["):
            events = self._checked(data, "array", in_list("$"))
            return None if events is None else self.without_header(events, "list", ())
        if (found := cut(data)) is None:
            return None
        events = self._checked(found.array, "array", in_list("$.events"))
        if events is None:
            return None
        return self.with_header(found.header, events, found.oddities, session_id)

    def _checked(self, text: bytes, form: Form, where: Where) -> KnownEvents | None:
        if len(text) > self.checks.limits.event_bytes:
            return None
        events = decode_known(text, form)
        if events is not None:
            events.check(self.checks, where)
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
            is_ours = isinstance(value, dict) and not _HEADER.isdisjoint(value)
            kind = DecodeError if is_ours else UnrecognizedError
            reason = "not a session: the object has no list of events"
            raise kind(where="$", reason=reason, hint=NO_SESSION_HINT)
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


def parse_line(line: Line) -> list[Parsed]:
    """Return the JSON value of a line; a DecodeError names the line by its number."""
    with _numbered(line.number):
        return [parse_json(line.text.rstrip(b"\r\n"))]


def _records_of(line: Line) -> list[Parsed]:
    with _numbered(line.number):
        found = records_on(line.text)
    if len(found) > 1 and not any(isinstance(each.value, BrokenText) for each in found):
        glued = ("bad-line", f"line {line.number} holds {len(found)} records")
        found[0] = attrs.evolve(found[0], oddities=(*found[0].oddities, glued))
    return found


def hold_sessions(file: BinaryIO, longest: int) -> bool | None:
    """Tell whether each line holds a session; the first that can be read decides.

    Args:
        file: At its beginning.
        longest: How long a line may be, in bytes.

    Returns:
        None: none of the first hundred lines can be read.
    """
    tried = islice(lines_of_any_length(file, longest), _TRIES)
    found = (_holds_session(line, longest) for line in tried)
    return next((each for each in found if each is not None), None)


def _holds_session(line: Line, longest: int) -> bool | None:
    if len(line.text) > longest:
        return None
    try:
        value = records_on(line.text)[0].value
    except DecodeError:
        return None
    return None if isinstance(value, BrokenText) else is_document(value)


def session_on(
    text: SourceText, reader: Reader, line: Line, session_id: str
) -> Session:
    """Return the session on a line of a text; errors name the text."""
    with text.named():
        return reader.on_line(line, session_id)


def _on_lines(numbers: Sequence[int], first: int) -> Where:
    """Return a function from the index of an event to its place.

    Args:
        numbers: The number of the line of each event.
        first: The index of the first of them.
    """
    return lambda index: f"line {numbers[index - first]}, $"


def _is_event(value: object) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in EVENT_CLASSES


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Add a line's number to a DecodeError raised within the block."""
    try:
        yield
    except DecodeError as error:
        within = error.where.removeprefix("line 1, ")
        where = f"line {number}, {within}".removesuffix(", ")
        raise attrs.evolve(error, where=where) from None


def _diagnostics(oddities: Oddities) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(code, None, detail) for code, detail in oddities)
