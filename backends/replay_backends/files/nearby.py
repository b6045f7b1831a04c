"""The files near a recording: the one that it continues may be among them."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from replay.authoring import os_errors_of
from replay_backends.files.directory_scan import open_path, scan
from replay_backends.files.file_access import open_folder, source_below
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.session_file import SessionFile, is_called_for, stem_of

_DATE: Final = re.compile(r"/\d{4}/\d\d/\d\d\Z")


def files_ending(
    folder: Path, options: ReadOptions, pattern: str | None, ending: str
) -> Iterator[SessionFile]:
    """Yield the files in and below a directory whose stems end in a text.

    Args:
        folder: The directory.
        options: How they are read.
        pattern: Pattern for their names; None: that of session files.
        ending: The end of their names without suffixes, such as an id.

    Raises:
        BackendError: The directory cannot be read.
    """
    accepts = partial(_is_called, ending, pattern)
    with open_folder(folder, str(folder)) as root:
        paths = [found.path for found in scan(root, accepts)]
    return (_file(folder, path, options) for path in paths)


def files_beside(
    folder: Path, options: ReadOptions, ending: str
) -> Iterator[SessionFile]:
    """Yield such files that are near a file: in its directory, or in its tree of dates.

    Raises:
        BackendError: The directory cannot be read.
    """
    top = _tree_of_dates(folder)
    if top != folder:
        return files_ending(top, options, None, ending)
    with os_errors_of(str(folder)):
        names = sorted(entry.name for entry in os.scandir(folder))
    found = (name for name in names if _is_called(ending, None, name))
    return (_file(folder, name, options) for name in found)


def open_below(directory: Path, source: str, path: str) -> BinaryIO:
    """Open a file by its path from a scan of a directory that isn't open."""
    with open_folder(directory, source) as root:
        return open_path(root, path)


def _is_called(ending: str, pattern: str | None, name: str) -> bool:
    return stem_of(name).endswith(ending) and is_called_for(name, pattern)


def _file(folder: Path, path: str, options: ReadOptions) -> SessionFile:
    name, source = path.rpartition("/")[2], source_below(str(folder), path)
    opener = partial(open_below, folder, source, path)
    return SessionFile(opener, name, stem_of(name), source, options)


def _tree_of_dates(folder: Path) -> Path:
    """Return the directory that one of a date is in, such as ``2026/11/30``, or itself.

    >>> _tree_of_dates(Path("sessions/2026/11/30")).as_posix()
    'sessions'
    >>> _tree_of_dates(Path("notes/2026")).as_posix()
    'notes/2026'
    """
    is_date = _DATE.search(folder.as_posix())
    return folder.parents[2] if is_date else folder
