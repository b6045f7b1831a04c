"""What the body of an answer holds: a session, a long one kept in a file."""

import io
from functools import partial
from typing import BinaryIO

from replay.errors import DecodeError
from replay.sessions import Session
from replay.shapes import read_sessions
from replay.source_text import KEPT, SourceText
from replay_backends.session_files import Reading
from replay_backends.spooling import Spool


def session_of(
    body: BinaryIO, source: str, session_id: str, reading: Reading
) -> Session:
    """Return the session that an answer is.

    Args:
        body: At its beginning, and seekable; it may be closed afterwards.
        source: What messages call it.
        session_id: The session that was asked for.
        reading: How to read it.

    Raises:
        DecodeError: It is something else.
        BackendError: It cannot be kept.
    """
    text = _text(body, source)
    found = read_sessions(
        text, session_id=session_id, strict=reading.strict, limits=reading.limits
    )
    session = next(found)
    if session.shape != "document":
        raise DecodeError(where="$", reason="expected a session document")
    return session


def _text(body: BinaryIO, source: str) -> SourceText:
    data = body.read(KEPT + 1)
    if len(data) <= KEPT:
        return SourceText(partial(io.BytesIO, data), source)
    body.seek(0)
    return SourceText(Spool(body, source).reader, source)
