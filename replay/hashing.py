"""The hash of what a session is written as, of which nothing is kept."""

import io
from typing import TYPE_CHECKING, Final, Protocol

from replay.sessions import Session
from replay.writing import dump

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BLOCK: Final = 1 << 20  # bytes that are hashed at once


class Hash(Protocol):
    """A hash of :mod:`hashlib`."""

    def update(self, data: "ReadableBuffer", /) -> None:
        """Take in some bytes."""


def hash_session(session: Session, into: Hash) -> None:
    """Hash what :func:`replay.dump` writes of a session.

    Args:
        session: The session; it need not be in memory.
        into: Takes in the bytes.

    Raises:
        EncodeError, DecodeError, BackendError: As from :func:`replay.dump`.
    """
    with io.BufferedWriter(_Hashing(into), _BLOCK) as file:
        dump(session, file)


class _Hashing(io.RawIOBase):
    """A file that keeps nothing of what is written but its hash."""

    def __init__(self, into: Hash) -> None:
        self._into = into

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        self._into.update(data)
        return memoryview(data).nbytes
