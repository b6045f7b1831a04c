"""The files that make up one log."""

import errno
import os
from pathlib import Path

import attrs


def _named(path: str | Path) -> Path:
    found = Path(path)
    if found.name in {"", ".."}:
        number = errno.EISDIR
        raise IsADirectoryError(number, os.strerror(number), str(path))
    return found


@attrs.frozen
class LogFiles:
    """The files of the log at a path; most need not be there.

    Raises:
        IsADirectoryError: The path names no file, such as ``.``.

    >>> LogFiles("audit.jsonl").checkpoint.name
    'audit.jsonl.checkpoint'
    """

    current: Path = attrs.field(converter=_named)  #: the newest records

    @property
    def checkpoint(self) -> Path:
        """Return where the newest checkpoint's note is."""
        return self._beside("checkpoint")

    @property
    def openings(self) -> Path:
        """Return where the values are that records are committed to."""
        return self._beside("openings")

    @property
    def salt(self) -> Path:
        """Return where the key of all digests of content is."""
        return self._beside("salt")

    @property
    def lock(self) -> Path:
        """Return what the writer holds locked."""
        return self._beside("lock")

    def parts(self) -> list[Path]:
        """Return the older files, which were rotated away, oldest first."""
        return self._numbered("")

    def next_part(self) -> Path:
        """Return what the current file is called when it is rotated away."""
        parts = self.parts()
        last = parts[-1].name.rpartition(".")[2] if parts else "0"
        return self._beside(f"{int(last) + 1:06}")

    def torn(self) -> list[Path]:
        """Return where torn ends of the log are kept, oldest first."""
        return self._numbered("torn-")

    def next_torn(self) -> Path:
        """Return where the next torn end of the log is kept."""
        kept = self.torn()
        last = kept[-1].name.rpartition("-")[2] if kept else "0"
        return self._beside(f"torn-{int(last) + 1}")

    def _beside(self, suffix: str) -> Path:
        return self.current.with_name(f"{self.current.name}.{suffix}")

    def _numbered(self, word: str) -> list[Path]:
        """Return the files beside it that are called by a word and a number."""
        begin = f"{self.current.name}.{word}"
        numbered = [
            (int(number), path)
            for path in self.current.parent.iterdir()
            if path.name.startswith(begin)
            and (number := path.name.removeprefix(begin)).isdecimal()
            and number.isascii()
        ]
        return [path for _, path in sorted(numbered)]
