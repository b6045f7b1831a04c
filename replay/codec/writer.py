"""Encoding of sessions as JSON, in the shape in which they were recorded."""

import io
from collections.abc import Iterator
from itertools import chain, repeat
from operator import add
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from replay.codec.history import RecordedEvents
from replay.errors import wrong_type
from replay.model.json_text import write_decoded, write_json
from replay.model.sessions import Session

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def dumps(session: Session) -> bytes:
    """Return *session* as JSON in UTF-8, one event a line.

    A loaded session comes back as the same JSON value, including unknown events and
    keys, key order and large integers.

    Raises:
        EncodeError: It was built by hand with a value that JSON cannot hold.
    """
    file = io.BytesIO()
    dump(session, file)
    return file.getvalue()


def dump(session: Session, file: BinaryIO) -> None:
    """Write *session* to *file*, as :func:`dumps` would return it.

    Args:
        session: The session to write.
        file: A file open for writing bytes.

    Raises:
        EncodeError: It was built by hand with a value that JSON cannot hold; everything
            before that value is written.
    """
    if not isinstance(session, Session):
        advice = "Session.from_events makes one of a list of events"
        raise wrong_type(session, "a session", advice)
    if isinstance(file, io.TextIOBase) or not hasattr(file, "write"):
        advice = 'with open(path, "wb") as file: replay.dump(session, file)'
        raise wrong_type(file, "a file open for writing bytes", advice)
    if session.shape == "lines":
        file.writelines(line + b"\n" for line in _events(session))
        return
    if session.shape == "list":
        _write_list(session, file)
    else:
        _write_document(session, file)
    file.write(b"\n")


def _write_document(session: Session, file: BinaryIO) -> None:
    header = session.as_object()
    header.setdefault("events", None)
    for number, (key, value) in enumerate(header.items()):
        file.write((b"," if number else b"{") + write_json(key) + b":")
        if key == "events":
            _write_list(session, file)
        else:
            file.write(write_json(value))
    file.write(b"}")


def _write_list(session: Session, file: BinaryIO) -> None:
    file.write(b"[")
    commas = chain([b"\n"], repeat(b",\n"))
    file.writelines(map(add, commas, _events(session)))
    file.write(b"\n]")


def _events(session: Session) -> Iterator[bytes]:
    if isinstance(session.events, RecordedEvents):
        return map(write_decoded, session.events.values())
    return (write_json(event.as_object()) for event in session.events)


_BLOCK: Final = 1 << 20  # bytes that are hashed at once


class Hash(Protocol):
    """A hash of :mod:`hashlib`."""

    def update(self, data: "ReadableBuffer", /) -> None:
        """Take in some bytes."""


def hash_session(session: Session, into: Hash) -> None:
    """Hash the bytes that :func:`replay.dump` writes for a session.

    Args:
        session: The session; it need not be in memory.
        into: The hash to update.

    Raises:
        EncodeError, DecodeError, BackendError: As from :func:`replay.dump`.
    """
    with io.BufferedWriter(_Hashing(into), _BLOCK) as file:
        dump(session, file)


class _Hashing(io.RawIOBase):
    """A file that only hashes what is written to it."""

    def __init__(self, into: Hash) -> None:
        self._into = into

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        self._into.update(data)
        return memoryview(data).nbytes
