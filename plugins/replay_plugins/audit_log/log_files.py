"""The files that make up one log."""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs


@attrs.frozen
class LogFiles:
    """The files of the log at a path; most need not be there.

    >>> LogFiles("audit.jsonl").checkpoint.name
    'audit.jsonl.checkpoint'
    """

    current: Path = attrs.field(converter=Path)  #: the newest records

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
        numbered = ((_number(suffix), path) for suffix, path in self._suffixes("[0-9]"))
        return [path for number, path in sorted(numbered) if number]

    def next_part(self) -> Path:
        """Return what the current file is called when it is rotated away."""
        parts = self.parts()
        last = parts[-1].name.rpartition(".")[2] if parts else "0"
        return self._beside(f"{int(last) + 1:06}")

    def next_torn(self) -> Path:
        """Return where the next torn end of the log is kept."""
        numbers = (
            _number(suffix.removeprefix("torn-"))
            for suffix, _ in self._suffixes("torn-")
        )
        return self._beside(f"torn-{max(numbers, default=0) + 1}")

    def _beside(self, suffix: str) -> Path:
        return self.current.with_name(f"{self.current.name}.{suffix}")

    def _suffixes(self, pattern: str) -> Iterator[tuple[str, Path]]:
        """Yield what comes after the log's name, where it begins with a pattern."""
        begin = f"{self.current.name}."
        for path in self.current.parent.iterdir():
            suffix = path.name.removeprefix(begin)
            if path.name.startswith(begin) and re.match(pattern, suffix):
                yield suffix, path


def _number(text: str) -> int:
    """Return a file's number; 0: that is none."""
    return int(text) if text.isascii() and text.isdigit() else 0
