"""Where a source's sessions are on disk, for what is kept beside them."""

from contextlib import suppress
from pathlib import Path


def path_of(location: str) -> Path | None:
    """Return the file or directory that a location names; None: it names neither.

    Args:
        location: As for ``replay.open``.
    """
    for text in (location, location.partition(":")[2]):
        with suppress(OSError, ValueError):
            if text and Path(text).exists():
                return Path(text)
    return None


def folder_of(location: str) -> Path | None:
    """Return the directory that a location names or that holds the file it names."""
    path = path_of(location)
    return path.parent if path is not None and path.is_file() else path
