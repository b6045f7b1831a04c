"""What a file of sessions holds, whatever it is called and however it is packed."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import attrs

from replay.diagnostics import Diagnostic
from replay.errors import DecodeError
from replay.limits import Limits
from replay.os_errors import os_failure
from replay.sessions import Session
from replay.shapes import read_sessions
from replay_backends.decompression import decompressed
from replay_backends.torn_lines import whole_lines

#: What the name of a recording that is under way, or was killed, ends in.
PART: Final = ".jsonl.part"
#: What the name of a file of sessions ends in, in any case.
SUFFIXES: Final = (
    *(
        form + packing
        for form in (".json", ".jsonl", ".ndjson")
        for packing in ("", ".gz", ".zst")
    ),
    PART,
)
_LINES: Final = tuple(each for each in SUFFIXES if each[:6] in (".jsonl", ".ndjso"))
_SUFFIX: Final = re.compile(
    r"(\.jsonl\.part|(\.(json|jsonl|ndjson))?(\.(gz|zst))?)\Z", re.IGNORECASE
)


@attrs.frozen
class Reading:
    """How files are read."""

    strict: bool
    limits: Limits


def stem_of(name: str) -> str:
    """Return a file's name without the suffixes that say what it holds.

    >>> stem_of("a.b.jsonl.gz")
    'a.b'
    """
    return _SUFFIX.sub("", name, count=1) or name


def sessions_in(
    file: BinaryIO, name: str, session_id: str, source: str, reading: Reading
) -> Iterator[Session]:
    """Yield the sessions that a file holds, at least one.

    Args:
        file: At its beginning, and seekable.
        name: Its name, which may say that it is JSON Lines.
        session_id: What a session is called that does not say so itself.
        source: What messages call the file.
        reading: How to read it.

    Raises:
        DecodeError: It holds something else.
        BackendError: It cannot be read to its end.
    """
    torn = 0
    if name.lower().endswith(PART):
        file, torn = whole_lines(file)
    try:
        for session in read_sessions(
            decompressed(file),
            session_id=session_id,
            is_lines=name.lower().endswith(_LINES) or None,
            strict=reading.strict,
            limits=reading.limits,
        ):
            yield _marked_torn(session, torn) if torn else session
    except DecodeError as error:
        raise attrs.evolve(error, source=source) from error.__cause__
    except OSError as error:
        raise os_failure(source, error) from error


def _marked_torn(session: Session, count: int) -> Session:
    torn = Diagnostic("torn-line", None, f"{count} bytes at the end are no whole line")
    return attrs.evolve(session, diagnostics=(*session.diagnostics, torn))
