"""The store that a location leads to."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO

from replay.errors import BackendError
from replay.masking import secrets_in
from replay.os_errors import os_errors_of
from replay_backends.open_files import open_regular
from replay_backends.remote.archives import Archive
from replay_backends.remote.filesystems import file_system
from replay_backends.remote.locations import Location, parse
from replay_backends.remote.objects import Objects


def open_store(
    location: str, options: Mapping[str, object], *, create: bool
) -> Archive | Objects:
    """Return the objects or members that a location names.

    Args:
        location: A URL, or the path of a zip file, or ``zip://INSIDE::THAT``.
        options: What the file system of a URL is made with.
        create: What is not there is a directory that will be.

    Raises:
        BackendError: It cannot be opened, or is not there.
        DecodeError: It is a broken zip file.
    """
    parsed = parse(location)
    if parsed.scheme is None:
        return _local_archive(parsed, options)
    files = file_system(parsed, options)
    objects = Objects(files, parsed.outer, tuple(secrets_in(options)))
    if parsed.inside is None:
        objects.look(may_be_missing=create)
        return objects
    return _looked_into(partial(objects.stream, ""), parsed)


def _local_archive(parsed: Location, options: Mapping[str, object]) -> Archive:
    for name in options:
        raise BackendError(parsed.outer, f"a file of this machine has no {name}")
    with os_errors_of(parsed.outer):
        path = Path.cwd() / parsed.outer
        path.stat()
    return _looked_into(partial(open_regular, path, parsed.outer), parsed)


def _looked_into(open_file: Callable[[], BinaryIO], parsed: Location) -> Archive:
    archive = Archive(open_file, parsed.outer, str(parsed.inside))
    archive.look()
    return archive
