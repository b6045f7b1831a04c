"""A source of sessions, as its author writes it: what it must do, and what it may."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from replay.events import ImageAttachment
from replay.sessions import Session, SessionSummary


@runtime_checkable
class Backend(Protocol):
    """A source of sessions. Three methods; nothing to inherit from."""

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield what each session is, without its events, in a stable order."""

    def session(self, session_id: str) -> Session:
        """Return one session, its events oldest first.

        Args:
            session_id: An id that :meth:`summaries` yielded. Where it did so more
                than once, the first of these sessions is meant.

        Raises:
            SessionNotFoundError: This source has no such session.
            DecodeError: What the source holds is not a session.
        """

    def close(self) -> None:
        """Let go of files and sockets. Calling it twice is harmless."""


@runtime_checkable
class BulkBackend(Protocol):
    """A backend that has a quicker way to all its sessions than one by one."""

    def sessions(self) -> Iterator[Session]:
        """Yield every session, in the order of ``summaries()``."""


@runtime_checkable
class WritableBackend(Protocol):
    """A backend that can keep sessions."""

    def write(self, session: Session) -> None:
        """Keep a session, in place of one that has the same id.

        Raises:
            BackendError: It could not be kept; what was kept before is as it was.
        """


@runtime_checkable
class AttachmentBackend(Protocol):
    """A backend that has the page images that tool results name."""

    def attachment(self, image: ImageAttachment) -> bytes:
        """Return the image."""
