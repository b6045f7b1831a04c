"""The sessions of a backend, read through its portions."""

import pickle
from collections.abc import Iterator

from replay import Portion, PortionedBackend, Session, Stored


def all_stored(backend: PortionedBackend) -> Iterator[Stored]:
    """Yield the stored sessions of all portions, each sent through a pickle."""
    for portion in backend.portions():
        sent: Portion = pickle.loads(pickle.dumps(portion))  # noqa: S301 - our own
        yield from backend.stored(sent)


def with_all_attributes(session: Session) -> tuple[object, ...]:
    """Return a session, and the attributes that its equality leaves out."""
    return session, session.shape, session.diagnostics, session.derived_id
