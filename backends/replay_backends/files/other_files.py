"""Files of other kinds than sessions, counted while a directory is walked."""

import re
from collections import Counter
from pathlib import PurePath
from typing import Final

import attrs

from replay_backends.files.recorder import ARRIVALS

_USUAL: Final = re.compile(r"(?:\.[a-z][a-z0-9_+-]{0,8}){1,2}")
_PACKINGS: Final = (".gz", ".zst")
_SHOWN: Final = 4  # suffixes in a message


@attrs.define(eq=False)
class OtherFiles:
    """The number of files of other kinds, by suffix."""

    _counts: Counter[str] = attrs.field(factory=Counter, init=False)

    def add(self, name: str) -> None:
        """Count a file, unless a recorder writes it beside a session's."""
        if not name.endswith(ARRIVALS):
            self._counts[_suffix_of(name)] += 1

    def __len__(self) -> int:
        """Return how many there are."""
        return self._counts.total()

    def __str__(self) -> str:
        """Return a sentence about them, with the commonest suffixes."""
        count = len(self)
        what = "file of another kind was" if count == 1 else "files of other kinds were"
        named = [each for each in self._counts.most_common() if each[0]][:_SHOWN]
        parts = [f"{number:,} {suffix}" for suffix, number in named]
        rest = count - sum(number for _, number in named)
        if parts and rest:
            parts.append(f"{rest:,} more")
        shown = f" ({', '.join(parts)})" if parts else ""
        return f"{count:,} {what} not read{shown}"


def _suffix_of(name: str) -> str:
    """Return a name's suffix in lower case; empty if it has no usual one.

    >>> _suffix_of("a.b.CSV"), _suffix_of("a.csv.gz"), _suffix_of("log.1")
    ('.csv', '.csv.gz', '')
    """
    path = PurePath(name.lower())
    suffix = path.suffix
    if suffix in _PACKINGS:
        suffix = PurePath(path.stem).suffix + suffix
    return suffix if _USUAL.fullmatch(suffix) else ""
