"""The protocols of a backend: the one it must follow, and those it may."""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import blake2b
from typing import ClassVar, Protocol, Self, TypeAlias, runtime_checkable

import attrs

from replay.codec.writer import hash_session
from replay.model.events import ImageAttachment
from replay.model.sessions import Session, SessionSummary

PortionKey: TypeAlias = tuple[str | int, ...]


@attrs.frozen
class Portion:
    """A group of a source's sessions that can be read apart from the rest.

    It is small, can be pickled, and means the same in another process.
    """

    key: PortionKey  #: what the backend finds them by
    size: int  #: about how many bytes are read for them
    sessions: int = 1  #: about how many there are


@attrs.frozen
class Stored:
    """A stored session, known by its digest and not decoded yet."""

    digest_size: ClassVar[int] = 16  #: bytes
    name: str  #: its id if its recording gives none
    digest: bytes  #: BLAKE2b of what is stored, of :attr:`digest_size` bytes
    #: Returns the session; raises DecodeError or BackendError if it isn't one.
    read: Callable[[], Session]

    @classmethod
    def of(cls, session: Session, name: str) -> Self:
        """Return a session in memory; its digest is that of :func:`replay.dumps`."""
        hashed = blake2b(digest_size=cls.digest_size)
        hash_session(session, hashed)
        return cls(name, hashed.digest(), partial(_same, session))


def _same(session: Session) -> Session:
    return session


@runtime_checkable
class PortionedBackend(Protocol):
    """A backend whose sessions can be read in portions, by several processes."""

    def portions(self) -> Iterator[Portion]:
        """Yield the portions, cheaply, in the order of ``sessions()``."""

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion, in order.

        A session that cannot be decoded fails only when it is read: those after it are
        still yielded.

        Raises:
            BackendError, DecodeError: The rest of this portion cannot be read.
        """


@runtime_checkable
class Backend(Protocol):
    """A source of sessions. Three methods; nothing to inherit from."""

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session, in a stable order."""

    def session(self, session_id: str) -> Session:
        """Return one session, its events oldest first.

        Args:
            session_id: An id that :meth:`summaries` yielded. If it did so more than
                once, the first of these sessions is meant.

        Raises:
            SessionNotFoundError: This source has no such session.
            DecodeError: What the source holds isn't a session.
        """

    def close(self) -> None:
        """Close files and sockets. Calling it twice is harmless."""


@runtime_checkable
class BulkBackend(Protocol):
    """A backend that can yield all sessions faster than one by one."""

    def sessions(self) -> Iterator[Session]:
        """Yield every session, in the order of ``summaries()``."""


@runtime_checkable
class WritableBackend(Protocol):
    """A backend that can store sessions."""

    def write(self, session: Session) -> None:
        """Store a session, replacing what was written under its id before.

        What somebody else stored under that id, such as in a file of another name, may
        stay, and be what :meth:`session` returns.

        Raises:
            BackendError: It could not be stored; what was stored before is unchanged.
        """


@runtime_checkable
class AttachmentBackend(Protocol):
    """A backend that serves the page images that tool results name."""

    def attachment(self, image: ImageAttachment) -> bytes:
        """Return the image."""
