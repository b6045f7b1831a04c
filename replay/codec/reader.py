"""The shapes of a recording: a document, a list of events, JSON Lines of either."""

import io
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, starmap
from typing import Final

from replay.codec.checks import Checks
from replay.codec.documents import (
    NO_SESSION_HINT,
    Line,
    Reader,
    hold_sessions,
    lines,
    lines_of_any_length,
    parse_line,
    session_on,
)
from replay.codec.error_places import ENOUGH_TO_SHOW, LATER
from replay.codec.json_scan import BLANKS, blank_end, value_start
from replay.codec.large_reader import FollowedByLines, LargeReader
from replay.codec.stored_history import SourceText
from replay.codec.structure import name_of_type
from replay.errors import DecodeError, UnrecognizedError, wrong_type
from replay.model.json_text import decode_text, parse_json
from replay.model.limits import Limits
from replay.model.sessions import Session

_LIMITS: Final = Limits()
_READS_FILES: Final = "replay.load reads a file"


def loads(
    data: bytes | str, *, strict: bool = False, limits: Limits = _LIMITS
) -> Session:
    """Return the only session in *data*.

    Args:
        data: A session document, a list of events, or JSON Lines of either.
        strict: Refuse events that are unknown or malformed, which otherwise become
            :class:`~replay.UnknownEvent`.
        limits: Limits on sizes and depth.

    Raises:
        DecodeError: It isn't a session, or holds several.
        TypeError: *data* isn't text.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
    elif not isinstance(data, bytes | bytearray | memoryview):
        raise wrong_type(data, "JSON text", _advice(data))
    sessions = read_sessions(
        SourceText(partial(io.BytesIO, data)),
        session_id="session",
        strict=strict,
        limits=limits,
    )
    first = next(sessions)
    if second := next(sessions, None):
        reason = f"several sessions: {first.session_id!a}, then {second.session_id!a}"
        hint = "read them with replay.open"
        raise DecodeError(where="$", reason=reason, hint=hint)
    return first


def _advice(data: object) -> str:
    if isinstance(data, dict | list):
        return "loads(json.dumps(…)), or Session.from_events takes a list of events"
    return _READS_FILES


def read_sessions(
    text: SourceText,
    *,
    session_id: str,
    is_lines: bool | None = None,
    strict: bool = False,
    limits: Limits = _LIMITS,
) -> Iterator[Session]:
    """Yield the sessions in a text, one at a time; at least one.

    On a line that isn't a record, what is whole is an event, and the rest an
    :class:`~replay.UnknownEvent`. If lines are sessions, an error is raised for each
    line that isn't one; the iterator can be asked for the next one.

    A large text isn't kept in memory: the events of its session are read from it again
    whenever they are iterated.

    Args:
        text: JSON in UTF-8.
        session_id: The session's id if the recording gives none.
        is_lines: Whether it is JSON Lines, one value a line; None: detect it.
        strict: Refuse events that are unknown or malformed.
        limits: Limits on sizes and depth.

    Raises:
        DecodeError: It isn't a session; the sessions before that have been yielded.
    """
    if not isinstance(text, SourceText):
        raise wrong_type(text, "a SourceText", "SourceText(lambda: io.BytesIO(data))")
    if not isinstance(limits, Limits):
        raise wrong_type(limits, "limits", "replay.Limits(depth=…)")
    return chain.from_iterable(
        _read(text, Reader(session_id, Checks(strict, limits)), is_lines=is_lines)
    )


def _read(
    text: SourceText, reader: Reader, *, is_lines: bool | None
) -> Iterator[Iterable[Session]]:
    with text.named():
        with text.opened() as file:
            kept: bytes | None = file.read(text.kept + 1)
        is_lines = is_lines or text.is_stream()
        if kept and not is_lines and b"\0" in kept[:4]:
            decode_text(kept[:4])  # it names the encoding
        if kept and len(kept) > text.kept:
            kept = None  # gives its memory back
        large = LargeReader(reader, text)
        beginning = large.beginning() if kept is None else kept[value_start(kept) :]
        if not beginning:
            raise _empty()
        if not (is_lines or _begins_with_a_line(beginning, text)):
            try:
                session = large.session(kept, is_list=beginning.startswith(b"["))
            except FollowedByLines:
                pass
            else:
                yield [session]
                return
        yield from _of_lines(large if kept is None else large.in_memory(kept), kept)


def _of_lines(large: LargeReader, kept: bytes | None) -> Iterator[Iterable[Session]]:
    """Yield the sessions in an iterable that can go on after one that isn't read."""
    reader, text = large.reader, large.text
    longest = reader.checks.limits.event_bytes
    with text.opened() as file:
        are_sessions = hold_sessions(file, longest)
    with text.opened() as file:
        if are_sessions:
            numbered = enumerate(lines_of_any_length(file, longest), 1)
            yield starmap(partial(_session, text, reader), numbered)
            return
        waiting = lines(file, reader.checks)
        if are_sessions is None and not text.is_stream():
            for first in waiting:
                parse_line(first)  # says what is wrong with it
            raise _empty()  # a byte order mark isn't a line
        if kept is not None and (known := reader.known_lines(kept)):
            yield [known]
        else:
            yield [large.from_lines(waiting)]


def _session(text: SourceText, reader: Reader, number: int, line: Line) -> Session:
    return session_on(text, reader, line, reader.id_of(number))


def _empty() -> DecodeError:
    return DecodeError(where="", reason="empty", hint=NO_SESSION_HINT)


def _begins_with_a_line(text: bytes, whole: SourceText) -> bool:
    """Tell whether the first line is an object by itself, and others follow.

    Args:
        text: The text from its first value on, as far as it is known.
        whole: The whole text.

    Raises:
        DecodeError: What begins there is neither an object nor a list.
    """
    end = text.find(b"\n") + 1 or len(text)
    if text[:1] not in (b"{", b"["):
        kind = _kind_of(_whole_characters(text[:end]))
        reason = f"expected an object or a list, got {kind}"
        file = "" if whole.source else f"; {_READS_FILES}"
        raise UnrecognizedError(where="$", reason=reason, hint=NO_SESSION_HINT + file)
    if blank_end(text, end) == len(text):
        return False
    line = text[:end].rstrip(BLANKS)
    return line.endswith(b"}") and _is_object(line)


def _whole_characters(text: bytes) -> bytes:
    """Return the beginning of a text, enough of it to be shown."""
    if len(text) < ENOUGH_TO_SHOW:
        return text
    cut = text[:ENOUGH_TO_SHOW]
    return cut[: len(cut.rstrip(LATER)) - 1]


def _kind_of(line: bytes) -> str:
    """Return what a line holds, without quoting it: it may be a secret."""
    decode_text(line)  # says what is wrong if it isn't text
    try:
        return name_of_type(parse_json(line).value)
    except DecodeError:
        return "other text"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(parse_json(line).value, dict)
    except DecodeError:
        return False
