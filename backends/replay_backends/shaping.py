"""Which shape a session can keep in a file so that it is read back as it was."""

from itertools import islice

from replay.events import EVENT_CLASSES
from replay.sessions import Session, SessionSummary, Shape


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
