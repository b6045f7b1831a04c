"""A session's header with its secrets replaced."""

from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from replay.codec import decode_header
from replay.errors import DecodeError
from replay.sessions import Session
from replay_plugins.redact.replacing import Redacted
from replay_plugins.redact.walking import Walker


class MakesWalkers(Protocol):
    """What replaces secrets."""

    def __call__(self, *, keeps_numbers: bool = False) -> Walker:
        """Return a new walker."""


def with_redacted_header(
    session: Session, session_id: str, new_walker: MakesWalkers
) -> tuple[Session, Sequence[Redacted]]:
    """Return a session with another header, and what was replaced in it.

    Args:
        session: The session; its events and diagnostics stay as they are.
        session_id: What it is to be called.
        new_walker: Makes what replaces secrets.
    """
    recorded = session.as_object()
    walker = new_walker()
    value: Any = walker.value(recorded, "$")  # an object gives an object
    if walker.has_numbers and not _is_header(value, session_id):
        walker = new_walker(keeps_numbers=True)
        value = walker.value(recorded, "$")
    if not walker.entries and session_id == session.session_id:
        return session, ()
    header = decode_header(value, session_id)
    redacted = attrs.evolve(
        session,
        session_id=session_id,
        last_updated_at=header.last_updated_at,
        generated_title=header.generated_title,
        index_ids=header.index_ids,
        job_metadata=header.job_metadata,
        shared_access=header.shared_access,
        recorded=value,
        derived_id=None if session.derived_id is None else session_id,
    )
    return redacted, walker.entries


def _is_header(value: Any, session_id: str) -> bool:  # noqa: ANN401 - a JSON object
    try:
        decode_header(value, session_id)
    except DecodeError:
        return False
    return True
