"""Files that are written whole, or not at all."""

from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex


def write_whole(path: Path, pieces: Iterable[str]) -> None:
    """Write *pieces*; until all of it is written, *path* is as it was.

    A link is replaced, and not followed.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{token_hex(8)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
