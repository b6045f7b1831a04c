"""Sessions where they are stored: what can be shared out before it is read."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeAlias, runtime_checkable

import attrs

from replay.sessions import Session

PortionKey: TypeAlias = tuple[str | int, ...]
DIGEST_SIZE: Final = 16  #: bytes


@attrs.frozen
class Portion:
    """Some sessions of a source that stand together, to be read apart from the rest.

    It is small, can be pickled, and means the same to the same backend in another
    process.
    """

    key: PortionKey  #: what the backend finds them by
    size: int  #: about how many bytes are read for them
    sessions: int = 1  #: about how many there are


@attrs.frozen
class Stored:
    """A session where it is stored: known by what is stored, not decoded yet."""

    name: str  #: what it is called where its recording does not say
    digest: bytes  #: 16 bytes; BLAKE2b of what is stored
    #: Returns the session; raises DecodeError or BackendError where it is none.
    read: Callable[[], Session]


@runtime_checkable
class PortionedBackend(Protocol):
    """A backend whose sessions can be read in portions, by several processes."""

    def portions(self) -> Iterator[Portion]:
        """Yield where the sessions are, cheaply, in the order of ``sessions()``."""

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion, in order.

        One that cannot be decoded fails when it is read, and only then: those after it
        are yielded all the same.

        Raises:
            BackendError, DecodeError: No more can be had of this portion.
        """
