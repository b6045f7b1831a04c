"""What a file of sessions holds, whatever it is called and however it is packed."""

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import islice
from typing import BinaryIO, Final

import attrs

from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.errors import BackendError
from replay.model.diagnostics import Diagnostic
from replay.model.events import EVENT_CLASSES
from replay.model.limits import Limits
from replay.model.sessions import Session, SessionSummary, Shape
from replay.security.file_names import file_name, session_id_of
from replay_backends.files.byte_streams import decompressed, whole_lines

_JSON: Final = ".json"


def file_to_keep(session: Session) -> tuple[str, Session]:
    """Return the name of the file that keeps a session, and what is to stand in it.

    Read from that file, it is the same session again.
    """
    session_id = session.session_id
    stem = file_name(session_id)
    is_named = session_id_of(stem) == session_id
    kept = attrs.evolve(
        session,
        shape=shape_to_keep(session, is_named=is_named),
        derived_id=session.derived_id if is_named else None,
    )
    return stem + _JSON, kept


def shape_to_keep(session: Session, *, is_named: bool) -> Shape:
    """Return the session's shape, or a document's where that alone would do.

    Args:
        session: What is to be written.
        is_named: Whether the file's name says the session's id.
    """
    has_header = session.summary() != SessionSummary(session.session_id)
    if has_header or not is_named:
        return "document"
    if session.shape == "lines" and not _are_known_as_lines(session):
        return "document"
    return session.shape


def _are_known_as_lines(session: Session) -> bool:
    """Tell whether the first lines say what they are, with no name to help."""
    match [event.as_object() for event in islice(session.events, 2)]:
        case [{"events": [*_]}, *_]:
            return False  # it would be taken for a session
        case [dict(), _]:
            return True
        case [{"type": str(kind)}]:
            return kind in EVENT_CLASSES
        case _:
            return False


#: What the name of a recording that is under way, or was killed, ends in.
PART: Final = ".jsonl.part"
#: What the name of a file of sessions ends in, in any case.
SUFFIXES: Final = (
    *(
        form + packing
        for form in (".json", ".jsonl", ".ndjson")
        for packing in ("", ".gz", ".zst")
    ),
    PART,
)
_LINES: Final = tuple(each for each in SUFFIXES if each[:6] in (".jsonl", ".ndjso"))
_SUFFIX: Final = re.compile(
    r"(\.jsonl\.part|(\.(json|jsonl|ndjson))?(\.(gz|zst))?)\Z", re.IGNORECASE
)


@attrs.frozen
class Reading:
    """How files are read."""

    strict: bool
    limits: Limits


def is_called_for(name: str, pattern: str | None) -> bool:
    """Tell whether a file is one of sessions, by its name.

    Args:
        name: Its name, without the directory.
        pattern: What such files are called, such as ``*.json``; None: what ends in
            one of :data:`SUFFIXES`, in any case.
    """
    if pattern is not None:
        return fnmatchcase(name, pattern)
    return name.lower().endswith(SUFFIXES)


def stem_of(name: str) -> str:
    """Return a file's name without the suffixes that say what it holds.

    >>> stem_of("a.b.jsonl.gz")
    'a.b'
    """
    return _SUFFIX.sub("", name, count=1) or name


def says_lines(name: str) -> bool:
    """Tell whether a file's name says that it is JSON Lines."""
    return name.lower().endswith(_LINES)


def says_part(name: str) -> bool:
    """Tell whether it says that the file's writer may have been killed in a line."""
    return name.lower().endswith(PART)


def sessions_in(
    open_file: Callable[[], BinaryIO],
    name: str,
    session_id: str,
    source: str,
    reading: Reading,
) -> Iterator[Session]:
    """Yield the sessions that a file holds, at least one.

    Args:
        open_file: Opens the file at its beginning, seekable. Where the file is large,
            that is done again whenever the events are walked.
        name: Its name, which may say that it is JSON Lines.
        session_id: What a session is called that does not say so itself.
        source: What messages call the file.
        reading: How to read it.

    Raises:
        DecodeError: It holds something else.
        BackendError: It cannot be read to its end.
    """
    text = Unchanged(open_file, source, is_part=says_part(name))
    for session in read_sessions(
        SourceText(text, source),
        session_id=session_id,
        is_lines=says_lines(name) or None,
        strict=reading.strict,
        limits=reading.limits,
    ):
        yield marked_torn(session, text.torn)


@attrs.frozen
class SessionFile:
    """A file of sessions."""

    #: Opens it at its beginning, seekable. Where it is large, that is done again
    #: whenever the events are walked.
    open_file: Callable[[], BinaryIO]
    name: str  #: which may say that it is JSON Lines
    session_id: str  #: what a session is called that does not say so itself
    source: str  #: what messages call it
    reading: Reading

    def lenient(self) -> "SessionFile":
        """Return the file, to be read whatever its events are."""
        return attrs.evolve(self, reading=attrs.evolve(self.reading, strict=False))

    def unchanged(self) -> "Unchanged":
        """Return what opens it, unpacked, as long as it stays the same."""
        return Unchanged(self.open_file, self.source, is_part=says_part(self.name))

    def sessions(self) -> Iterator[Session]:
        """Yield the sessions that it holds, as :func:`sessions_in` does."""
        return sessions_in(
            self.open_file, self.name, self.session_id, self.source, self.reading
        )


def check_replaceable(held: Iterator[Session], session_id: str, source: str) -> None:
    """Refuse to replace a file that holds another session.

    Args:
        held: What the file holds.
        session_id: Whose file it should be.
        source: What messages call it.

    Raises:
        BackendError: It holds a session of another id.
    """
    for other in {each.session_id for each in held} - {session_id}:
        reason = f"it holds another session, {other!a}"
        raise BackendError(source, reason, hint="rename it")


@attrs.define(eq=False)
class Unchanged:
    """Opens a file, decompressed, and refuses one that has changed since.

    Args:
        open_file: Opens it, as it is.
        source: What messages call it.
        is_part: Whether its writer may have been killed within a line.
    """

    _open_file: Callable[[], BinaryIO]
    _source: str
    _is_part: bool = attrs.field(kw_only=True)
    torn: int = attrs.field(default=0, init=False)  #: bytes left out at its end
    _stamp: tuple[int, ...] | None = attrs.field(default=None, init=False)

    def __call__(self) -> BinaryIO:
        """Open the file at its beginning.

        Raises:
            BackendError: It cannot be opened, or is not the same as the first time.
        """
        file = self._open_file()
        stamp = _stamp(file)
        if self._stamp not in (None, stamp):
            file.close()
            reason = "it has changed since it was first read"
            raise BackendError(self._source, reason, hint="open it again")
        self._stamp = stamp
        if self._is_part:
            file, self.torn = whole_lines(file)
        return decompressed(file)


def _stamp(file: BinaryIO) -> tuple[int, ...]:
    try:
        status = os.fstat(file.fileno())
    except OSError:  # it is no file of the system's
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def marked_torn(session: Session, count: int) -> Session:
    """Return a session that says so where bytes at its file's end were left out."""
    if not count:
        return session
    torn = Diagnostic("torn-line", None, f"{count} bytes at the end are no whole line")
    return attrs.evolve(session, diagnostics=(*session.diagnostics, torn))
