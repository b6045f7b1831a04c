"""What a session becomes in a file so that it is read back as it was."""

from itertools import islice
from typing import Final

import attrs

from replay.events import EVENT_CLASSES
from replay.file_names import file_name, session_id_of
from replay.sessions import Session, SessionSummary, Shape

_SUFFIX: Final = ".json"


def file_to_keep(session: Session) -> tuple[str, Session]:
    """Return the name of the file that keeps a session, and what is to stand in it.

    Read from that file, it is the same session again.
    """
    session_id = session.session_id
    stem = file_name(session_id)
    is_named = session_id_of(stem) == session_id
    kept = attrs.evolve(
        session,
        shape=shape_to_keep(session, is_named=is_named),
        derived_id=session.derived_id if is_named else None,
    )
    return stem + _SUFFIX, kept


def shape_to_keep(session: Session, *, is_named: bool) -> Shape:
    """Return the session's shape, or a document's where that alone would do.

    Args:
        session: What is to be written.
        is_named: Whether the file's name says the session's id.
    """
    has_header = session.summary() != SessionSummary(session.session_id)
    if has_header or not is_named:
        return "document"
    if session.shape == "lines" and not _are_known_as_lines(session):
        return "document"
    return session.shape


def _are_known_as_lines(session: Session) -> bool:
    """Tell whether the first lines say what they are, with no name to help."""
    match [event.as_object() for event in islice(session.events, 2)]:
        case [{"events": [*_]}, *_]:
            return False  # it would be taken for a session
        case [dict(), _]:
            return True
        case [{"type": str(kind)}]:
            return kind in EVENT_CLASSES
        case _:
            return False
