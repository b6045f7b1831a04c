"""Portions for a backend that has none of its own, one for each session."""

from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from typing import Final

from replay.errors import BackendError
from replay.model.sessions import Session
from replay.sources.protocols import Backend, Portion, Stored

#: The size assumed for a session, in bytes, since it is unknown until it is fetched.
_GUESSED_SIZE: Final = 1 << 16


def portions_of(backend: Backend) -> Iterator[Portion]:
    """Yield a portion for each session that a backend lists."""
    seen: set[bytes] = set()
    for summary in backend.summaries():
        digest = id_digest(summary.session_id)
        is_first = digest not in seen
        seen.add(digest)
        key = (summary.session_id,) if is_first else (summary.session_id, "again")
        yield Portion(key, _GUESSED_SIZE)


def id_digest(session_id: str) -> bytes:
    """Return a digest of an id, which may be long."""
    identity = session_id.encode("utf-8", "surrogatepass")
    return blake2b(identity, digest_size=Stored.digest_size).digest()


def stored_of(backend: Backend, portion: Portion, source: str) -> Iterator[Stored]:
    """Fetch and yield the one session of a portion.

    Args:
        backend: The backend that has the session.
        portion: One that :func:`portions_of` yielded.
        source: The backend's name in messages.

    Raises:
        SessionNotFoundError: The session is gone.
        BackendError, DecodeError: The session cannot be read.
    """
    match portion.key:
        case (str(session_id),):
            session = backend.session(session_id)
            yield Stored.of(session, session_id)
        case (str(session_id), "again"):
            yield Stored(
                session_id,
                bytes(Stored.digest_size),
                partial(_refuse, source, session_id),
            )
        case key:
            raise BackendError(source, f"it has no portion {key!a}")


def _refuse(source: str, session_id: str) -> Session:
    reason = f"an earlier session is called {session_id!a} too, so this one is hidden"
    hint = "give each session an id of its own"
    raise BackendError(source, reason, hint)
