"""A file of sessions: its name, its content, and rules for writing it."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from typing import BinaryIO, Final
from weakref import WeakSet

import attrs

from replay import Session, SessionSummary, UnknownEvent
from replay.authoring import (
    NO_SESSION_HINT,
    Shape,
    SourceText,
    file_name,
    read_sessions,
    session_id_of,
)
from replay.errors import BackendError, DecodeError, UnrecognizedError
from replay_backends.files.byte_streams import (
    Spool,
)
from replay_backends.files.likeness import likeness
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.stable_opener import StableOpener
from replay_backends.formats.conversion import ConvertedText
from replay_backends.formats.head import SIZE as HEAD_SIZE
from replay_backends.formats.head import Head, holds_session
from replay_backends.formats.recognition import (
    OWN_STREAM,
    conversions_of,
    failures_of,
    format_called,
    format_of,
)
from replay_backends.formats.recording import Recording

_SPOOLS: Final = 64  # temporary files at once, of sessions that are in use
_spools: Final[WeakSet[Spool]] = WeakSet()
#: The suffix of a recording that is under way, or was killed.
PART: Final = ".jsonl.part"
_PACKINGS: Final = ("", ".gz", ".zst")


def _packed(*forms: str) -> tuple[str, ...]:
    return tuple(form + packing for form in forms for packing in _PACKINGS)


_LINES: Final = (*_packed(".jsonl", ".ndjson", ".sse"), PART)
#: The suffixes of session files; letter case doesn't matter.
SUFFIXES: Final = (*_packed(".json", ".eval", ".traj"), *_LINES)
_PERHAPS: Final = _packed(".txt", ".log", ".yaml", ".yml")  # of other files, too
_ALL: Final = (*SUFFIXES, *_PERHAPS)
_SUFFIX: Final = re.compile(
    r"(\.jsonl\.part|(\.(json|jsonl|ndjson|sse|eval|traj))?(\.(gz|zst))?)\Z",
    re.IGNORECASE,
)


def is_called_for(name: str, pattern: str | None) -> bool:
    """Tell from its name whether a file is one of sessions.

    Args:
        name: Its name, without the directory.
        pattern: Pattern for such names, such as ``*.json``; None: any name that ends
            in one of :data:`SUFFIXES`, or may be one of sessions.
    """
    if pattern is not None:
        return fnmatchcase(name, pattern)
    return name.lower().endswith(_ALL)


def is_uncertain(name: str, pattern: str | None) -> bool:
    """Tell whether only its content says if a file is one of sessions.

    Args:
        name: A name that :func:`is_called_for` accepts.
        pattern: As for :func:`is_called_for`.
    """
    return pattern is None and name.lower().endswith(_PERHAPS)


def stem_of(name: str) -> str:
    """Return a file's name without the suffixes of its format.

    >>> stem_of("a.b.jsonl.gz")
    'a.b'
    """
    return _SUFFIX.sub("", name, count=1) or name


@attrs.frozen
class SessionFile:
    """A file of sessions."""

    #: Opens it at its beginning, seekable. A large file is reopened each time its
    #: events are walked.
    open_file: Callable[[], BinaryIO]
    name: str  #: its suffix may say that it is JSON Lines
    session_id: str  #: the id of a session without one of its own
    source: str  #: its name in messages
    options: ReadOptions
    #: Opens a file of another name beside it, but no link; None: there are none.
    open_sibling: Callable[[str], BinaryIO] | None = None
    folder: str = ""  #: the name of its directory; empty: it's in none
    #: Finds the files in its tree whose names, without suffixes, end in a text.
    find: Callable[[str], Iterable["SessionFile"]] | None = None
    is_uncertain: bool = False  #: it is refused unless something in it is recognized

    @property
    def says_lines(self) -> bool:
        """Tell whether its name says that it is read as JSON Lines."""
        return self.name.lower().endswith(_LINES)

    @property
    def says_part(self) -> bool:
        """Tell whether its name says that its writer may have been killed mid-line."""
        return self.name.lower().endswith(PART)

    def lenient(self) -> "SessionFile":
        """Return the file, to be read with ``strict`` off."""
        return attrs.evolve(self, options=attrs.evolve(self.options, strict=False))

    def stable_opener(self) -> "StableOpener":
        """Return an opener that unpacks it, and fails once it has changed."""
        return StableOpener(
            self.open_file,
            self.source,
            self.options,
            is_part=self.says_part,
            may_grow=self.says_lines,
        )

    def sessions(self) -> Iterator[Session]:
        """Yield its sessions, at least one.

        Raises:
            UnrecognizedError: It isn't a recording.
            DecodeError: It is broken.
            BackendError: It cannot be read to its end.
        """
        return chain.from_iterable(map(SessionFile._found, (self,)))  # when asked

    def is_converted(self) -> bool:
        """Tell whether it is in another format.

        Raises:
            UnrecognizedError: It isn't a recording.
            DecodeError, BackendError: It cannot be read, or several formats fit.
        """
        _, head = self._begun(self.stable_opener())
        name = self._format_of(head)
        if name is None and head.layout == "object" and not _shows_events(head):
            next(self.sessions())  # only the whole of it tells
        return name not in (None, OWN_STREAM)

    def _begun(self, opener: "StableOpener") -> tuple[SourceText, Head]:
        """Return its text, and the beginning of it."""
        text = SourceText(opener, self.source, is_stream=opener.is_stream)
        try:
            with text.opened() as file:
                head = Head.read(file, is_stream=opener.is_stream())
        except (BackendError, DecodeError) as error:
            if not self.is_uncertain:
                raise
            where, reason, source = "", error.reason, self.source
            raise UnrecognizedError(where, reason, source) from error
        return text, head

    def _format_of(self, head: Head) -> str | None:
        """Return the format that it is in; None: the one of stored sessions."""
        if named := self.options.format:
            is_fit = not self.is_uncertain or format_called(named).recognizes(head)
            reason = None if is_fit else f"not of the format {named}"
        elif holds_session(head):
            return OWN_STREAM if head.is_stream else None
        else:
            named = format_of(head, self.source)
            reason = None if named else self._reason_against(head)
        if reason:
            hint = NO_SESSION_HINT
            raise UnrecognizedError(
                where="", reason=reason, source=self.source, hint=hint
            )
        return named

    def _reason_against(self, head: Head) -> str | None:
        """Return why it holds no session, of no known format; None: it may hold one."""
        is_lines = self.says_lines or head.is_stream
        if found := likeness(head, is_lines=is_lines):
            return f"not a session: it looks like {found}"
        if is_lines and not head.text:
            return "empty"
        return "not a session" if self.is_uncertain else None

    def _found(self) -> Iterator[Session]:
        opener = self.stable_opener()
        text, head = self._begun(opener)
        if head.is_whole:
            text = attrs.evolve(text, open_file=partial(io.BytesIO, head.data))
        name = self._format_of(head)
        found = self._read(name, text, head) if name else self._decoded(text)
        return map(opener.with_diagnostics, found)

    def _read(self, name: str, text: SourceText, head: Head) -> Iterator[Session]:
        """Return the sessions of a recording in a format that has a name."""
        options, called = self.options, name.rpartition("::")[2]  # of FILE.py::CLASS
        limits, imports = options.limits, options.imports
        recording = Recording(
            text,
            head,
            self.session_id,
            limits,
            imports,
            self._beside,
            self.folder,
            self._near,
        )
        found = format_called(name)
        if name == OWN_STREAM:
            found.conversions(recording)  # which refuses what isn't a stream
            yield from map(partial(attrs.evolve, format=name), self._decoded(text))
            return
        prefix = getattr(found, "prefix", "")
        with text.named():
            for conversion in conversions_of(found, name, recording):
                converted = ConvertedText(
                    called, conversion, self.source, imports.keep, prefix, _spooled
                )
                with failures_of(name):
                    session = converted.session(strict=options.strict, limits=limits)
                yield session

    def _decoded(self, text: SourceText) -> Iterator[Session]:
        """Return the sessions of a recording as the service writes it."""
        return read_sessions(
            text,
            session_id=self.session_id,
            is_lines=self.says_lines or None,
            strict=self.options.strict,
            limits=self.options.limits,
        )

    def _beside(self, suffix: str) -> bytes | None:
        """Return what is in the file beside it that has another suffix, if it is small.

        Its name is made from this file's name, not from anything that is recorded.
        """
        if self.open_sibling is None:
            return None
        try:
            with self.open_sibling(stem_of(self.name) + suffix) as file:
                data = file.read(HEAD_SIZE + 1)
        except BackendError:  # it isn't there, or isn't a file
            return None
        return data if len(data) <= HEAD_SIZE else None

    def _near(self, ending: str) -> Iterator[SourceText]:
        """Yield the texts of other files near it whose stems end so.

        What they are called comes from directories, never from anything recorded.
        """
        with suppress(BackendError):  # a directory cannot be read
            for file in self.find(ending) if self.find else ():
                opener = file.stable_opener()
                yield SourceText(opener, file.source, is_stream=opener.is_stream)


def _spooled(stream: BinaryIO, source: str) -> Callable[[], BinaryIO]:
    """Store a stream, and return what opens it.

    Raises:
        BackendError: It cannot be stored, or enough are: each keeps a file open.
    """
    if len(_spools) >= _SPOOLS:
        raise BackendError(source, "too many temporary files")
    spool = Spool(stream, source)
    _spools.add(spool)
    return spool.reader


def _shows_events(head: Head) -> bool:
    """Tell whether an object has a list of events near its beginning, or is short."""
    return head.is_whole or holds_session(head)


def prepare_to_write(session: Session) -> tuple[str, Session]:
    """Return the name of a session's file, and the session to write to it.

    Reading that file gives the same session again.
    """
    session_id = session.session_id
    stem = file_name(session_id)
    is_named = session_id_of(stem) == session_id
    kept = attrs.evolve(
        session,
        shape=_shape_to_write(session, is_named=is_named),
        derived_id=session.derived_id if is_named else None,
    )
    return f"{stem}.json", kept


def _shape_to_write(session: Session, *, is_named: bool) -> Shape:
    """Return the session's shape, or a document's if nothing else will do."""
    has_header = session.summary() != SessionSummary(session.session_id)
    if has_header or not is_named:
        return "document"
    return session.shape if _is_known_by_its_events(session) else "document"


def _is_known_by_its_events(session: Session) -> bool:
    """Tell whether it is recognized without a header, whatever the file's name."""
    match next(iter(session.events), None):
        case None:
            return session.shape == "list"
        case UnknownEvent():
            return False
        case first:  # with a list of events, a line would be taken for a session
            document = isinstance(first.extra.get("events"), list)
            return session.shape == "list" or not document


def check_replaceable(file: SessionFile, session_id: str) -> None:
    """Refuse to replace a file that holds another session.

    Raises:
        DecodeError: It holds something else.
        BackendError: It holds a session of another id, or cannot be read.
    """
    hint = "rename or remove that file"
    try:
        held = {each.session_id for each in file.lenient().sessions()}
    except DecodeError as error:
        raise attrs.evolve(error, hint=hint) from error.__cause__
    for other in held - {session_id}:
        reason = f"it holds another session, {other!a}"
        raise BackendError(file.source, reason, hint=hint)
