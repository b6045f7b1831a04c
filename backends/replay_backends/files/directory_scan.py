"""The files below a directory, in the same order on every system."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack
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

    path: str  #: relative to the scanned directory, with slashes; see :func:`scan`
    folder: Folder
    entry: "os.DirEntry[str]"

    @property
    def is_directory(self) -> bool:
        """Tell whether it is a directory that cannot be read."""
        return self.path.endswith("/")

    @property
    def is_regular(self) -> bool:
        """Tell whether it is a regular file, not a link to one."""
        return self.entry.is_file(follow_symlinks=False)

    def stat(self) -> os.stat_result:
        """Return its status, as of the first call.

        For a link, this is the status of the link itself.
        """
        try:
            return self.entry.stat(follow_symlinks=False)
        except OSError as error:
            raise os_failure(self.folder.source_of(self.entry.name), error) from error


def _ignore(_: str) -> None:
    pass


def scan(
    folder: Folder,
    accepts: Callable[[str], bool],
    unwanted: Callable[[str], object] = _ignore,
) -> Iterator[FoundFile]:
    """Yield the files in and below a directory, ordered by the bytes of their paths.

    Hidden files and directories, and those left behind by editors, are skipped. A
    directory below it that cannot be read is yielded like a file, with a path that ends
    in a slash; opening that path tells why.

    Args:
        folder: The directory to start from.
        accepts: Tells from its name whether a file is wanted; links, pipes and so on
            are yielded too if their names match, but cannot be opened.
        unwanted: Called with the name of each other file that isn't skipped.

    Raises:
        BackendError: The directory cannot be read.
    """
    return _scan(folder, "", accepts, unwanted)


def is_safe(path: str, accepts: Callable[[str], bool]) -> bool:
    """Tell whether a stored path is one that a scan could yield.

    A path that might lead elsewhere, on any system, isn't safe.
    """
    *parents, name = path.split("/")
    is_directory = bool(parents) and not name
    is_wanted = is_directory or (_is_safe_name(name) and accepts(name))
    return is_wanted and all(map(_is_safe_name, parents))


def open_path(folder: Folder, path: str) -> BinaryIO:
    """Open a file by its path from a scan.

    Raises:
        BackendError: It cannot be opened, is a directory, or a part of its path is a
            link.
    """
    *parents, name = path.split("/")
    with ExitStack() as opened:
        for depth, parent in enumerate(parents, 1):
            folder = opened.enter_context(_entered(folder, parent, depth))
        if not name:
            _entries(folder)
            reason = "it could not be read when it was listed"
            raise BackendError(folder.source, reason, hint="list it again")
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
    folder: Folder,
    prefix: str,
    accepts: Callable[[str], bool],
    unwanted: Callable[[str], object],
) -> Iterator[FoundFile]:
    entries = _entries(folder)
    there = {entry.name for entry in entries}
    entries.reverse()
    while entries:
        entry = entries.pop()  # its cached status is released with it
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _scan_below(
                FoundFile(f"{path}/", folder, entry), accepts, unwanted
            )
        elif not accepts(entry.name):
            if entry.is_file(follow_symlinks=False):
                unwanted(entry.name)
        elif not has_part_file(entry.name, there, accepts):
            yield FoundFile(path, folder, entry)


def _scan_below(
    found: FoundFile,
    accepts: Callable[[str], bool],
    unwanted: Callable[[str], object],
) -> Iterator[FoundFile]:
    """Yield the files below a directory, or the directory if it cannot be read."""
    depth = found.path.count("/")
    try:
        with _entered(found.folder, found.entry.name, depth) as below:
            yield from _scan(below, found.path, accepts, unwanted)
    except BackendError:  # of this directory, before anything in it was yielded
        yield found


def _entered(folder: Folder, name: str, depth: int) -> AbstractContextManager[Folder]:
    """Open a directory in another one, at a depth below the scanned one."""
    if depth >= _DEEPEST:
        reason = f"nested deeper than {_DEEPEST} directories"
        raise BackendError(folder.source_of(name), reason)
    return folder.enter(name)


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
