"""What a portion of a file is found by: the file as it was listed, and some lines."""

import os

import attrs

from replay.errors import BackendError
from replay.line_ranges import LineRange
from replay.portions import Portion


@attrs.frozen
class FileKey:
    """A file as it was listed, or some of its lines."""

    path: str
    size: int  #: in bytes
    modified: int  #: when, in nanoseconds, as the system says
    lines: LineRange | None = None  #: None: the whole file

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FileKey":
        """Return the key of a whole file."""
        return cls(path, status.st_size, status.st_mtime_ns)

    def portion(self, sessions: int = 1) -> Portion:
        """Return the portion that the key is found in.

        Args:
            sessions: About how many sessions it is.
        """
        whole = self.path, self.size, self.modified
        if self.lines is None:
            return Portion(whole, self.size, sessions)
        start, end = self.lines.start, self.lines.end
        before = self.lines.lines_before, self.lines.filled_before
        return Portion((*whole, start, end, *before), end - start, sessions)


def file_key(portion: Portion, source: str) -> FileKey:
    """Return what a portion's key says; whether its path is safe is for others to tell.

    Args:
        portion: It may have been made by anyone.
        source: What messages call its source.

    Raises:
        BackendError: It is none of a file's.
    """
    match portion.key:
        case (str(path), int(size), int(modified)):
            return FileKey(path, size, modified)
        case (
            str(path),
            int(size),
            int(modified),
            int(start),
            int(end),
            int(lines),
            int(filled),
        ) if 0 <= start <= end <= size and 0 <= filled <= lines:
            span = LineRange(start, end, lines, filled)
            return FileKey(path, size, modified, span)
    raise no_portion(source, portion)


def no_portion(source: str, portion: Portion) -> BackendError:
    """Return the error that says that a source has no such portion."""
    return BackendError(source, f"it has no portion {portion.key!a}")
