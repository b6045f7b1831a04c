"""A source of sessions, as users see it, and the choice of its backend."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from itertools import repeat
from pathlib import Path
from typing import Any, Final, NoReturn, Self, TypeVar

import attrs

from replay.errors import (
    BackendError,
    SessionNotFoundError,
    UnknownNameError,
    UnsupportedError,
    os_errors_of,
    wrong_type,
)
from replay.model.conversion_report import ConversionReport
from replay.model.diagnostics import Diagnostic
from replay.model.events import ImageAttachment
from replay.model.sessions import Session, SessionLike, SessionSummary
from replay.registry import (
    Factory,
    call_factory,
    can_do_without_location,
    did_you_mean,
    guarded,
    load_all,
    names,
    nearest,
)
from replay.registry import load as load_registered
from replay.security.masking import masked
from replay.sources.live_stream import LiveBackend, LiveStream, Rewrite
from replay.sources.portions import id_digest, portions_of, stored_of
from replay.sources.protocols import (
    AttachmentBackend,
    Backend,
    BulkBackend,
    Portion,
    PortionedBackend,
    Stored,
    WritableBackend,
)
from replay.sources.unreadable import ReadError, readable

_Item = TypeVar("_Item")


@attrs.define(eq=False)
class RepeatedIds:
    """The ids seen so far, to mark sessions that repeat one."""

    _seen: set[bytes] = attrs.field(factory=set, init=False)
    _repetitions: Counter[bytes] = attrs.field(factory=Counter, init=False)

    def marked(self, session: Session) -> Session:
        """Return *session*, with a diagnostic if an earlier one has its id."""
        digest = id_digest(session.session_id)
        if digest not in self._seen:
            self._seen.add(digest)
            return session
        self._repetitions[digest] += 1
        return repeated(session, self._repetitions[digest])


def repeated(session: Session, repetition: int) -> Session:
    """Return *session*, marked as having the same id as *repetition* earlier ones."""
    detail = f"an earlier session is called {session.session_id!a}"
    diagnostic = Diagnostic("repeated-session-id", None, detail)
    diagnostics = (*session.diagnostics, diagnostic)
    return attrs.evolve(session, diagnostics=diagnostics, repetition=repetition)


def _readable(
    items: Iterator[_Item], unreadable: Callable[[ReadError], object] | None
) -> Iterator[_Item]:
    if unreadable is None:
        return items
    if not callable(unreadable):
        advice = "it is called with each error, such as errors.append"
        raise wrong_type(unreadable, "a function", advice)
    return readable(items, unreadable)


@attrs.define(eq=False)
class Source:
    """An opened backend; iterating it yields every session.

    It is closed at the end of a ``with`` statement.
    """

    backend: Backend
    location: str  #: as the user gave it, for messages
    #: the options that :func:`open` gave to the backend; they may hold a key
    options: Mapping[str, object] = attrs.field(factory=dict, kw_only=True, repr=False)
    #: all locations, if it reads several as one
    locations: tuple[str, ...] = attrs.field(
        default=attrs.Factory(lambda self: (self.location,), takes_self=True),
        kw_only=True,
        repr=False,
    )

    def summaries(
        self, *, unreadable: Callable[[ReadError], object] | None = None
    ) -> Iterator[SessionSummary]:
        """Yield the header of each session, in a stable order.

        Args:
            unreadable: As for :meth:`sessions`.
        """
        return _readable(self._served(self.backend.summaries), unreadable)

    def session(self, session_id: str) -> Session:
        """Return one session, its events oldest first.

        Args:
            session_id: An id that :meth:`summaries` yields. If several sessions have
                it, the first is returned.

        Raises:
            SessionNotFoundError: This source has no such session.
            DecodeError: What the source holds isn't a session.
        """
        with self._blamed():
            return self.backend.session(session_id)

    def report(self, session_id: str) -> ConversionReport | None:
        """Return what became of a session's records when it was converted.

        Args:
            session_id: As for :meth:`session`.

        Returns:
            None: it is a session as the service writes it.

        Raises:
            SessionNotFoundError, DecodeError: As from :meth:`session`.
        """
        return self.session(session_id).report

    def sessions(
        self, *, unreadable: Callable[[ReadError], object] | None = None
    ) -> Iterator[Session]:
        """Yield every session, in the order of :meth:`summaries`.

        A session with the same id as an earlier one has a diagnostic that says so.

        Args:
            unreadable: Called with the error of each file, line or session that cannot
                be read; the others are yielded. None: the error is raised.

        Raises:
            DecodeError, BackendError: Something cannot be read; with *unreadable*, only
                if nothing else could be, as without a key.
            TypeError: *unreadable* cannot be called.
        """
        return _readable(map(RepeatedIds().marked, self._sessions()), unreadable)

    def __iter__(self) -> Iterator[Session]:
        return self.sessions()

    def portions(self) -> Iterator[Portion]:
        """Yield the portions, in the order of :meth:`sessions`.

        This is cheap if the backend has portions, such as files or ranges of lines.
        Otherwise there is one for each of :meth:`summaries`.

        Raises:
            UnsupportedError: No other process can read this source.
        """
        if self._portioned is None:
            return self._served(partial(portions_of, self.backend))
        return self._served(self._portioned.portions)

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion, in order, not decoded yet.

        Args:
            portion: One that :meth:`portions` yielded, here or in another process.

        Raises:
            BackendError: The rest of it cannot be read.
            DecodeError: The rest of it cannot be read.
        """
        if self._portioned is None:
            one = partial(stored_of, self.backend, portion, self.location)
        else:
            one = partial(self._portioned.stored, portion)
        return map(self._readable, self._served(one))

    def write(self, session: Session) -> None:
        """Store a session, replacing what was written under its id before.

        What somebody else stored under that id, such as in a file of another name, may
        stay, and be what :meth:`session` returns.

        Raises:
            UnsupportedError: This source cannot be written to.
            BackendError: It could not be stored; what was stored before is unchanged.
        """
        if not isinstance(self.backend, WritableBackend):
            self._refuse_to("write sessions")
        with self._blamed():
            self.backend.write(session)

    def stream(  # noqa: PLR0913 - the options of a turn
        self,
        session_id: str,
        prompt: str,
        index_ids: Sequence[str],
        *,
        require_all_indexes: bool = False,
        record_to: str | os.PathLike[str] | None = None,
        rewrite: Rewrite | None = None,
    ) -> LiveStream:
        """Send a prompt once, and return the events of its turn as they arrive.

        Args:
            session_id: The session that the turn is added to.
            prompt: The user's prompt, at most 1,000 characters.
            index_ids: The indexes to ask, 1 to 10.
            require_all_indexes: Fail the turn if one of them cannot be asked.
            record_to: A directory of fixtures that gets each event before the caller
                does; None: nothing is written.
            rewrite: A function, such as a plugin's ``replay_rewrite``, that takes a
                session whose events come as they arrive, and returns the session that
                the caller and the directory get instead. None: they get what arrives.

        Raises:
            UnsupportedError: This source is a recording.
            InvalidRequestError: The service would refuse it; nothing was sent.
            BackendError: It was refused, or could not be sent or recorded.
        """
        if not isinstance(self.backend, LiveBackend):
            self._refuse_to("send a turn")
        options: dict[str, Any] = {} if rewrite is None else {"rewrite": rewrite}
        with self._blamed():
            return self.backend.stream(
                session_id,
                prompt,
                index_ids,
                require_all_indexes=require_all_indexes,
                record_to=record_to,
                **options,  # a backend that cannot rewrite need not know of it
            )

    def attachment(self, image: ImageAttachment) -> bytes:
        """Return the page image that a tool result names.

        Raises:
            UnsupportedError: This source has no images.
        """
        if not isinstance(self.backend, AttachmentBackend):
            self._refuse_to("serve page images")
        with self._blamed():
            return self.backend.attachment(image)

    def close(self) -> None:
        """Close files and sockets. Calling it twice is harmless."""
        with self._blamed():
            self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _portioned(self) -> PortionedBackend | None:  # the check is slow
        return self.backend if isinstance(self.backend, PortionedBackend) else None

    def _blamed(self) -> AbstractContextManager[None]:
        """Name the backend in any error of the block that isn't this library's."""
        name = type(self.backend).__name__
        return guarded("backend", name, f"cannot serve {masked(self.location)}")

    def _served(self, items: Callable[[], Iterator[_Item]]) -> Iterator[_Item]:
        """Return the backend's items; see :meth:`_blamed` for its errors."""
        with self._blamed():
            served = iter(items())
        # A generator could not go on past an item that cannot be read.
        return map(self._next, repeat(served))

    def _next(self, served: Iterator[_Item]) -> _Item:
        with self._blamed():
            for item in served:
                return item
        raise StopIteration  # which ends the map

    def _readable(self, stored: Stored) -> Stored:
        return Stored(stored.name, stored.digest, partial(self._read, stored))

    def _read(self, stored: Stored) -> Session:
        with self._blamed():
            return stored.read()

    def _refuse_to(self, action: str) -> NoReturn:
        reason = f"{type(self.backend).__name__} cannot {action}"
        raise UnsupportedError(self.location, reason)

    def _sessions(self) -> Iterator[Session]:
        if isinstance(self.backend, BulkBackend):
            return self._served(self.backend.sessions)
        # A generator could not go on past a session that cannot be read.
        return map(self.session, map(_id_of, self.summaries()))


def _id_of(summary: SessionSummary) -> str:
    return summary.session_id


_STANDARD_INPUT: Final = "-"
_NAME: Final = re.compile(r"([A-Za-z][\w.+-]+):(//)?", re.ASCII)  # C: is a drive
_IN_FILE: Final = re.compile(r"(?P<name>.+?\.py::\w+):?(?P<rest>.*)", re.DOTALL)


def open_backend(
    location: str | os.PathLike[str], options: Mapping[str, object]
) -> Any:  # noqa: ANN401 - whatever the backend's author wrote
    """Open the backend that serves a location.

    Args:
        location: ``-`` for standard input, ``NAME:location`` for the backend or the
            format of that name, ``FILE.py::CLASS:location`` for a class in a file, a
            URL for the backend of its scheme, or a path.
        options: Options for the backend, by name; strings are converted to the
            annotated types.

    Raises:
        UnknownNameError: There is no such backend, or it has no such option.
        BackendError: There is no such file, or the backend cannot be used.
    """
    if isinstance(location, str) and (found := _format_of(location)):
        name, rest = found
        return open_backend(rest, {"format": name, **options})
    name, factory, rest = _choice(location)
    return call_factory(partial(factory, rest), options, "backend", name, convert=True)


def _format_of(location: str) -> tuple[str, str] | None:
    """Return the format that a location names, and the rest; None: it names none."""
    if in_file := _IN_FILE.fullmatch(location):
        is_format = hasattr(load_registered("backend", in_file["name"]), "conversions")
        return (in_file["name"], in_file["rest"]) if is_format else None
    prefix = _NAME.match(location)
    if not prefix or prefix[2] or prefix[1] not in names("format"):
        return None
    return prefix[1], location[prefix.end() :]


def names_backend(location: str) -> bool:
    """Tell whether a location names its backend, by name, class or URL scheme."""
    prefix = _NAME.match(location)
    is_known = bool(prefix and prefix[1] in names("backend"))
    return is_known or bool(_IN_FILE.fullmatch(location))


def _choice(location: str | os.PathLike[str]) -> tuple[str, Factory, str]:
    text = os.fspath(location)
    if not text:
        reason = "a file name is needed"
        raise BackendError(repr(text), reason)
    if text == _STANDARD_INPUT:
        return "json_file", load_registered("backend", "json_file"), text
    prefix = _NAME.match(text) if isinstance(location, str) else None
    known = names("backend")
    if prefix and prefix[1] in known:
        rest = text if prefix[2] else text[prefix.end() :]
        return _named(prefix[1], rest, text)
    if isinstance(location, str) and (in_file := _IN_FILE.fullmatch(text)):
        return _named(in_file["name"], in_file["rest"], text)
    with os_errors_of(text):
        if prefix and not Path(text).exists():
            shown = masked(text)
            reason = f"{shown}: there is no such file, and no backend {prefix[1]!r}"
            of_formats = nearest(prefix[1], names("format"))
            hint = of_formats or did_you_mean(prefix[1], known)
            raise UnknownNameError(reason, hint)
        Path(text).stat()
    return (*_claiming(text), text)


def _named(name: str, rest: str, location: str) -> tuple[str, Factory, str]:
    factory = load_registered("backend", name)
    if not rest and not can_do_without_location(factory):
        reason = "a location is needed after the colon"
        raise BackendError(location, reason)
    return name, factory, rest


def _claiming(path: str) -> tuple[str, Factory]:
    for name, factory in load_all("backend"):
        if _claims(name, factory, path):
            return name, factory
    reason = f"{path}: no backend reads this"
    raise UnknownNameError(reason, did_you_mean("", names("backend")))


def _claims(name: str, factory: Factory, path: str) -> bool:
    claims = getattr(factory, "claims", None)
    if claims is None:
        return False
    try:
        with guarded("backend", name, "cannot tell what it reads"):
            return bool(claims(path))
    except BackendError:
        return False  # nobody asked for it by name, so its failure must not matter


def session_of(recording: SessionLike) -> Session:
    """Return the session of a recording.

    Args:
        recording: A session, the location of one as for :func:`load`, or a list of
            events as for :meth:`replay.Session.from_events`.

    Raises:
        BackendError, DecodeError: As from :func:`load`.
        TypeError: It is none of these.
    """
    if isinstance(recording, Session):
        return recording
    if isinstance(recording, str | os.PathLike):
        return load(recording)
    if isinstance(recording, Iterable) and not isinstance(recording, Source | Mapping):
        return Session.from_events(recording)
    advice = "replay.load returns the session at a location, replay.open all of them"
    if isinstance(recording, Mapping):
        advice = "replay.loads(json.dumps(…)) makes a session of a document"
    raise wrong_type(recording, "a session, its events or its location", advice)


def open(  # noqa: A001 - replay.open, as promised
    location: str | os.PathLike[str], **options: object
) -> Source:
    """Open the source of sessions at *location*.

    Args:
        location: A file, a directory, ``-`` for standard input, a URL, or
            ``NAME:location`` for the backend of that name.
        options: Options for the backend; strings are converted to the annotated types.

    Raises:
        UnknownNameError: There is no such backend, or it has no such option.
        BackendError: There is nothing there, or it cannot be read.
        TypeError: *location* is neither a string nor a path.
    """
    if not isinstance(location, str | os.PathLike):
        advice = "replay.loads reads a text, Session.from_events takes events"
        raise wrong_type(location, "a path or a URL", advice)
    backend = open_backend(location, options)
    if not isinstance(backend, Backend):
        reason = f"{type(backend).__name__} lacks a method that a backend needs"
        raise BackendError(os.fspath(location), reason)
    return Source(backend, os.fspath(location), options=options)


def load(location: str | os.PathLike[str], **options: object) -> Session:
    """Load the only session at *location*.

    Sessions of sub-agents do not count if the session that they belong to is there.

    Args:
        location: As for :func:`open`.
        options: As for :func:`open`.

    Raises:
        SessionNotFoundError: There is no session.
        BackendError: There are several, or the location cannot be read.
        DecodeError: What is there isn't a session.
    """
    with open(location, **options) as source:
        sessions = _main_sessions(source)
    if not sessions:
        raise SessionNotFoundError(source.location, "there is no session")
    if len(sessions) > 1:
        first = ", ".join(f"{each.session_id!a}" for each in sessions[:3])
        rest = ", …" if sessions[3:] else ""
        hint = "read them with replay.open"
        raise BackendError(source.location, f"several sessions: {first}{rest}", hint)
    return sessions[0]


_SEVERAL: Final = 4


def _main_sessions(source: Source) -> list[Session]:
    """Return the first sessions, without those of sub-agents of sessions there."""
    known: set[str] = set()
    found: list[Session] = []
    of_agents: list[tuple[Session, str]] = []
    for session in source:
        known.add(session.session_id)
        if parent := _parent_of(session):
            of_agents.append((session, parent))
        else:
            found.append(session)
        if len(found) == _SEVERAL:
            return found
    found += [session for session, parent in of_agents if parent not in known]
    return found or [session for session, _ in of_agents]


def _parent_of(session: Session) -> str | None:
    """Return the id of the session to whose agent this one's belongs, or None."""
    match session.extra.get("imported"):
        case {"parent": {"session_id": str(parent)} as link} if (
            link.get("as") != "fork"
        ):
            return parent
    return None
