"""What the files of a directory held when they were last read, for quick listing.

An entry counts only while its file's size, times and inode are what they were. One
that changed so shortly before it was read that a later change might bear the same time
is not kept.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import attrs

from replay.codec import decode_header
from replay.errors import BackendError, DecodeError
from replay.json_text import write
from replay.sessions import SessionSummary
from replay_backends.folders import Folder
from replay_backends.replacing import replaced
from replay_backends.scanning import FoundFile

NAME: Final = ".chat-replay-index.json"
FORMAT: Final = "chat-replay-index-1"
TICK_NS = 2_000_000_000  #: the coarsest clock of a file system, FAT's, in nanoseconds
_LENGTH: Final = 5  # of an entry: a stamp's four numbers, and a list of headers
FEWEST = 1000  #: files, below which reading them all is quick enough
_OWNER_ONLY: Final = 0o600  # titles may be private where the sessions are


@attrs.define
class Index:
    """A directory's index: what was known, and what is known after this scan."""

    _known: dict[str, object]
    _found: dict[str, object] = attrs.field(factory=dict, init=False)
    _count: int = attrs.field(default=0, init=False)
    _began: int = attrs.field(factory=time.time_ns, init=False)

    @classmethod
    def read(cls, folder: Folder) -> "Index":
        """Return a directory's index; an empty one where it has none of ours."""
        return cls(_files(folder))

    def paths(self) -> Iterator[tuple[str, str]]:
        """Yield each session's id and its file's path, as they were known."""
        for path, entry in self._known.items():
            for header in _headers(entry):
                yield str(header["session_id"]), path

    def known(self, found: FoundFile) -> list[SessionSummary] | None:
        """Return the headers of a file's sessions; None: read them."""
        self._count += 1
        stamp = _stamp(found.stat())
        entry = self._known.get(found.path)
        try:
            known = [decode_header(header, "") for header in _headers(entry, stamp)]
        except DecodeError:
            return None
        if known:
            self._found[found.path] = entry
        return known or None

    def remember(self, found: FoundFile, summaries: list[SessionSummary]) -> None:
        """Take in what was read from a file after :meth:`known` had looked at it."""
        status = found.stat()
        if max(status.st_mtime_ns, status.st_ctime_ns) + TICK_NS < self._began:
            headers = [summary.as_object() for summary in summaries]
            self._found[found.path] = [*_stamp(status), headers]

    def write(self, folder: Folder) -> None:
        """Keep what is known now, where that is worth it and the directory lets us."""
        is_worth_it = self._count >= FEWEST and self._found != self._known
        if not is_worth_it or folder.is_read_only():
            return
        with suppress(BackendError), replaced(folder, NAME, _OWNER_ONLY) as file:
            file.write(write({"format": FORMAT, "files": self._found}))


def _files(folder: Folder) -> dict[str, object]:
    try:
        with folder.open(NAME) as file:
            index = json.load(file)
    except (BackendError, OSError, ValueError, RecursionError):
        return {}
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        return {}
    files = index.get("files")
    return files if isinstance(files, dict) else {}


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _headers(entry: object, stamp: list[int] | None = None) -> list[dict[str, object]]:
    """Return the headers in an entry; none where it is no entry, or another stamp's."""
    if not isinstance(entry, list) or len(entry) != _LENGTH:
        return []
    *found, headers = entry
    if not isinstance(headers, list) or not all(map(_is_header, headers)):
        return []
    return headers if stamp in (None, found) else []


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("session_id"), str)
