"""A source shared out: its sessions by way of its portions."""

import pickle
from collections.abc import Iterator

from replay import Portion, PortionedBackend, Session, Stored


def all_stored(backend: PortionedBackend) -> Iterator[Stored]:
    """Yield what is stored in all portions, each sent through a pickle."""
    for portion in backend.portions():
        sent: Portion = pickle.loads(pickle.dumps(portion))  # noqa: S301 - our own
        yield from backend.stored(sent)


def shown(session: Session) -> tuple[object, ...]:
    """Return a session, and what is no part of its equality."""
    return session, session.shape, session.diagnostics, session.derived_id
