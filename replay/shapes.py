"""The shapes of a recording: a document, a list of events, JSON Lines of either."""

import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO, Final

from replay.errors import DecodeError
from replay.json_text import Parsed, decode_text, parse
from replay.limits import Limits
from replay.recordings import NO_SESSION_HINT, Reader, too_long
from replay.sessions import Session

_LIMITS: Final = Limits()


def loads(
    data: bytes | str, *, strict: bool = False, limits: Limits = _LIMITS
) -> Session:
    """Return the one session that *data* holds.

    Args:
        data: A session document, a list of events, or JSON Lines of either.
        strict: Refuse events that are not known or malformed, which otherwise become
            :class:`~replay.UnknownEvent`.
        limits: How large things may be.

    Raises:
        DecodeError: It is no session, or holds several.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
    sessions = read_sessions(
        io.BytesIO(data), session_id="session", strict=strict, limits=limits
    )
    first = next(sessions)
    if second := next(sessions, None):
        reason = f"several sessions: {first.session_id!a}, then {second.session_id!a}"
        hint = "read them with replay.open"
        raise DecodeError(where="$", reason=reason, hint=hint)
    return first


def read_sessions(
    file: BinaryIO,
    *,
    session_id: str,
    is_lines: bool | None = None,
    strict: bool = False,
    limits: Limits = _LIMITS,
) -> Iterator[Session]:
    """Yield the sessions that *file* holds, one at a time; at least one.

    Args:
        file: JSON in UTF-8, from its first byte on.
        session_id: What the session is called where the recording does not say.
        is_lines: Whether it is JSON Lines, a value a line; None: find out.
        strict: Refuse events that are not known or malformed.
        limits: How large things may be.

    Raises:
        DecodeError: It is no session; the sessions before that have been yielded.
    """
    reader = Reader(session_id, strict, limits)
    before, first = _first_line(file, limits)
    lines = _lines(file, limits, before.count(b"\n") + 1, first)
    if is_lines:
        yield from reader.lines(lines)
        return
    _check_beginning(first)
    whole = _whole_object(before + first)
    if whole is None:
        yield reader.document(before + first + file.read())
        return
    both = list(islice(lines, 2))
    if len(both) == 1:
        yield reader.session(whole)
    else:
        yield from reader.lines(chain(both, lines))


def _first_line(file: BinaryIO, limits: Limits) -> tuple[bytes, bytes]:
    """Return what is blank at the file's beginning, and the first line that is not."""
    before = bytearray()
    line = file.readline(limits.event_bytes + 1)
    while line and not _stripped(line):
        before += line
        line = file.readline(limits.event_bytes + 1)
    if not line:
        raise DecodeError(where="$", reason="empty", hint=NO_SESSION_HINT)
    return bytes(before), line


def _stripped(line: bytes) -> bytes:
    """Return *line* without what may stand around a JSON value."""
    return line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")


def _check_beginning(line: bytes) -> None:
    if not _stripped(line).startswith((b"{", b"[")):
        text = decode_text(line).strip()
        reason = f"expected an object or a list, got {text[:20]!a}"
        raise DecodeError(where="$", reason=reason, hint=NO_SESSION_HINT)


def _whole_object(line: bytes) -> Parsed | None:
    """Return the object that *line* is, or None where it is none by itself."""
    if not _stripped(line).endswith(b"}"):
        return None
    try:
        parsed = parse(line)
    except DecodeError:
        return None
    return parsed if isinstance(parsed.value, dict) else None


def _lines(
    file: BinaryIO, limits: Limits, number: int, line: bytes
) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, from *line* on, which bears *number*."""
    while line:
        if len(line) > limits.event_bytes:
            where = f"line {number}"
            raise too_long(where, limits)
        if _stripped(line):
            yield number, line
        line = file.readline(limits.event_bytes + 1)
        number += 1
