"""The files below a directory, in the same order on every system."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import PureWindowsPath
from typing import BinaryIO, Final

import attrs

from replay.authoring import os_errors_of, os_failure
from replay.errors import BackendError
from replay_backends.files.file_access import Folder

_DEEPEST: Final = 100  # each level holds a descriptor
_PART_SUFFIX: Final = ".part"  # of a recording's name until it is complete


@attrs.frozen
class FoundFile:
    """A file found by a scan."""

    path: str  #: relative to the scanned directory, with slashes
    folder: Folder
    entry: "os.DirEntry[str]"

    def stat(self) -> os.stat_result:
        """Return its status, as of the first call.

        For a link, this is the status of the link itself.
        """
        try:
            return self.entry.stat(follow_symlinks=False)
        except OSError as error:
            raise os_failure(self.folder.source_of(self.entry.name), error) from error


def scan(folder: Folder, accepts: Callable[[str], bool]) -> Iterator[FoundFile]:
    """Yield the files in and below a directory, ordered by the bytes of their paths.

    Hidden files and directories, and those left behind by editors, are skipped.

    Args:
        folder: The directory to start from.
        accepts: Tells from its name whether a file is wanted; links, pipes and so on
            are yielded too if their names match, but cannot be opened.

    Raises:
        BackendError: A directory cannot be read.
    """
    return _scan(folder, "", accepts, _DEEPEST)


def is_safe(path: str, accepts: Callable[[str], bool]) -> bool:
    """Tell whether a stored path is one that a scan could yield.

    A path that might lead elsewhere, on any system, isn't safe.
    """
    parts = path.split("/")
    return all(map(_is_safe_name, parts)) and accepts(parts[-1])


def open_path(folder: Folder, path: str) -> BinaryIO:
    """Open a file by its path from a scan.

    Raises:
        BackendError: It cannot be opened, or a part of its path is a link.
    """
    *parents, name = path.split("/")
    with ExitStack() as opened:
        for parent in parents:
            folder = opened.enter_context(folder.enter(parent))
        return folder.open(name)


def has_part_file(
    name: str, there: Collection[str], accepts: Callable[[str], bool]
) -> bool:
    """Tell whether a recording that continues a file's lines is there, too."""
    part = name + _PART_SUFFIX
    return part in there and accepts(part)


def is_ignored(name: str) -> bool:
    """Tell whether a file or directory is hidden, or left behind by an editor."""
    is_autosave = name.startswith("#") and name.endswith("#")
    return name.startswith(".") or name.endswith("~") or is_autosave


def is_file_name(part: str) -> bool:
    """Tell whether a part of a path is a plain file name, on any system."""
    return part not in ("", "..") and PureWindowsPath(part).name == part


def _scan(
    folder: Folder, prefix: str, accepts: Callable[[str], bool], depth: int
) -> Iterator[FoundFile]:
    if not depth:
        reason = f"nested deeper than {_DEEPEST} directories"
        raise BackendError(folder.source, reason)
    entries = _entries(folder)
    there = {entry.name for entry in entries}
    entries.reverse()
    while entries:
        entry = entries.pop()  # its cached status is released with it
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            with folder.enter(entry.name) as below:
                yield from _scan(below, f"{path}/", accepts, depth - 1)
        elif accepts(entry.name) and not has_part_file(entry.name, there, accepts):
            yield FoundFile(path, folder, entry)


def _entries(folder: Folder) -> list["os.DirEntry[str]"]:
    where = str(folder.path) if folder.descriptor is None else folder.descriptor
    with os_errors_of(folder.source), os.scandir(where) as entries:
        kept = [entry for entry in entries if not is_ignored(entry.name)]
        return sorted(kept, key=_order)


def _order(entry: "os.DirEntry[str]") -> bytes:
    name = os.fsencode(entry.name)
    return name + b"/" if entry.is_dir(follow_symlinks=False) else name


def _is_safe_name(part: str) -> bool:
    return is_file_name(part) and not is_ignored(part)
