"""Portions of a file of sessions: ranges of lines, and the sessions stored in each."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import partial
from hashlib import blake2b
from typing import BinaryIO, Final

import attrs

from replay import Portion, Session, Stored
from replay.authoring import (
    KEPT_IN_MEMORY,
    LineRange,
    SessionLines,
    SourceText,
    os_errors_of,
)
from replay.errors import BackendError, DecodeError, UnrecognizedError
from replay_backends.files.byte_streams import is_compressed
from replay_backends.files.event_stream import is_event_stream
from replay_backends.files.session_file import SessionFile
from replay_backends.files.stable_opener import StableOpener

_PIECE: Final = 1 << 20  # bytes hashed at once


@attrs.frozen
class FileKey:
    """The key of a file as it was listed, or of some of its lines."""

    path: str
    size: int  #: in bytes
    modified: int  #: time of the last change, in nanoseconds
    lines: LineRange | None = None  #: None: the whole file

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FileKey":
        """Return the key of a whole file."""
        return cls(path, status.st_size, status.st_mtime_ns)

    def portion(self, sessions: int = 1) -> Portion:
        """Return the portion with this key, of about *sessions* sessions."""
        whole = self.path, self.size, self.modified
        if self.lines is None:
            return Portion(whole, self.size, sessions)
        lines = attrs.astuple(self.lines)
        return Portion((*whole, *lines), self.lines.end - self.lines.start, sessions)


def file_key(portion: Portion, source: str) -> FileKey:
    """Return a portion's key; the caller must check that its path is safe.

    Args:
        portion: A portion that need not be trusted.
        source: The name of its source in messages.

    Raises:
        BackendError: It isn't a portion of a file.
    """
    match portion.key:
        case (str(path), int(size), int(modified)):
            return FileKey(path, size, modified)
        case (
            str(path),
            int(size),
            int(modified),
            int(start),
            int(end),
            int(lines),
            int(filled),
        ) if 0 <= start <= end <= size and 0 <= filled <= lines:
            span = LineRange(start, end, lines, filled)
            return FileKey(path, size, modified, span)
    raise no_portion(source, portion)


def no_portion(source: str, portion: Portion) -> BackendError:
    """Return the error for a portion that a source doesn't have."""
    return BackendError(source, f"it has no portion {portion.key!a}")


def portions_in(file: SessionFile, key: FileKey) -> Iterator[Portion]:
    """Yield the portions of a file: ranges of lines, or all of it.

    It is split if its lines are sessions, by reading it once. A compressed file, or a
    recording that may be under way, isn't split.

    Raises:
        BackendError: It cannot be read to its end.
    """
    listed = _as_listed(file, key)
    if not _can_be_cut(listed):
        yield key.portion()
        return
    for lines, filled in _lines(file, listed.open_file).ranges():
        if filled:
            yield attrs.evolve(key, lines=lines).portion(filled)


def stored_in(
    file: SessionFile, key: FileKey, *, is_one_of_many: bool = False
) -> Iterator[Stored]:
    """Yield the sessions of a portion; see :func:`stored_in_all`.

    If lines are sessions, a digest is of the unpacked line without its line end, or of
    its beginning if the line is too long. Otherwise it is of the file's bytes; a file
    that cannot hold a session isn't read for that.

    Raises:
        BackendError: The file cannot be read, or has changed since it was listed.
        DecodeError: It is compressed, and its next data is corrupt.
    """
    listed = _as_listed(file, key)
    if key.lines:
        yield from _stored_lines(listed, key.lines)
        return
    if key.size <= KEPT_IN_MEMORY:
        with os_errors_of(file.source), listed.open_file() as opened:
            listed = attrs.evolve(file, open_file=partial(io.BytesIO, opened.read()))
    yield from stored_in_all(listed, is_one_of_many=is_one_of_many)


def stored_in_all(
    file: SessionFile, *, is_one_of_many: bool = False
) -> Iterator[Stored]:
    """Yield the sessions of a whole file, wherever it is, as :func:`stored_in` does.

    Args:
        file: The file.
        is_one_of_many: Whether it has no session if it isn't a recording; otherwise one
            that cannot be read.

    Raises:
        BackendError: The file cannot be read.
        DecodeError: It is compressed, and its next data is corrupt.
    """
    try:
        is_converted = file.is_converted()
    except (BackendError, DecodeError) as error:  # reading it fails at once
        if is_one_of_many and isinstance(error, UnrecognizedError):
            return
        yield Stored(file.session_id, bytes(Stored.digest_size), partial(_only, file))
        return
    if is_converted:
        passed_over = suppress(UnrecognizedError) if is_one_of_many else nullcontext()
        with passed_over:
            yield from _stored_converted(file)
    elif not _may_hold_a_session(file):  # so does this
        yield Stored(file.session_id, bytes(Stored.digest_size), partial(_only, file))
    elif _holds_session_lines(file):
        yield from _stored_lines(file)
    else:
        digest = _hashed(file).digest()
        yield Stored(file.session_id, digest, partial(_only, file))


def _stored_converted(file: SessionFile) -> Iterator[Stored]:
    """Yield the sessions of a file in another format; they are converted first.

    A digest is of the file's bytes and of the session's place in it.
    """
    hashed = _hashed(file)
    for number, session in enumerate(file.sessions()):
        hashing = hashed.copy()
        hashing.update(number.to_bytes(8, "big"))
        yield Stored(session.session_id, hashing.digest(), partial(_same, session))


def _hashed(file: SessionFile) -> blake2b:
    hashing = blake2b(digest_size=Stored.digest_size)
    with os_errors_of(file.source), file.open_file() as opened:
        for block in iter(partial(opened.read, _PIECE), b""):
            hashing.update(block)
    return hashing


def _only(file: SessionFile) -> Session:
    return next(file.sessions())


def _same(session: Session) -> Session:
    return session


def _as_listed(file: SessionFile, key: FileKey) -> SessionFile:
    """Return a file that cannot be opened if it has changed since it was listed."""
    return attrs.evolve(file, open_file=partial(_open_as_listed, file, key))


def _open_as_listed(file: SessionFile, key: FileKey) -> BinaryIO:
    opened = file.open_file()
    found = FileKey.of(key.path, os.fstat(opened.fileno()))
    if (found.size, found.modified) != (key.size, key.modified):
        opened.close()
        reason = "it has changed since it was listed"
        raise BackendError(file.source, reason, hint="list it again")
    return opened


def _can_be_cut(file: SessionFile) -> bool:
    if file.says_part or file.options.nan:
        return False
    try:
        with os_errors_of(file.source), file.open_file() as opened:
            is_stored_otherwise = is_compressed(opened) or is_event_stream(opened)
        return not is_stored_otherwise and _holds_session_lines(file)
    except BackendError:  # raised again when it is read
        return False


def _holds_session_lines(file: SessionFile) -> bool:
    return _lines(file, file.stable_opener()).are_sessions(is_lines=file.says_lines)


def _may_hold_a_session(file: SessionFile) -> bool:
    lines = _lines(file, file.stable_opener())
    return file.says_lines or lines.begins_as_a_session()


def _lines(file: SessionFile, open_file: Callable[[], BinaryIO]) -> SessionLines:
    text = SourceText(open_file, file.source)
    options = file.options
    return SessionLines(text, file.session_id, options.strict, options.limits)


def _stored_lines(
    file: SessionFile, within: LineRange | None = None
) -> Iterator[Stored]:
    opener = file.stable_opener()
    for stored in _lines(file, opener).stored(within):
        if opener.may_diagnose:
            read = partial(_diagnosed, opener, stored.read)
            yield attrs.evolve(stored, read=read)
        else:
            yield stored


def _diagnosed(opener: StableOpener, read: Callable[[], Session]) -> Session:
    return opener.with_diagnostics(read())
