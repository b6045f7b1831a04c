"""The door to fsspec: the file system that a URL leads to."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import attrs

from replay.errors import BackendError
from replay.masking import secrets_in
from replay_backends.remote.failures import remote_errors_of
from replay_backends.remote.locations import SCHEMES, Location

_EXTRA: Final = "chat-replay[remote]"
_IN_THE_EXTRA: Final = ("", "s3fs")


@attrs.frozen
class FileSystem:
    """A file system of fsspec, and a place in it."""

    calls: Any  #: fsspec's object, which has no types
    root: str  #: the place, as the object calls it


def file_system(location: Location, options: Mapping[str, object]) -> FileSystem:
    """Return the file system that a URL leads to. Nothing is sent yet.

    Args:
        location: It has a URL.
        options: What the file system is made with.

    Raises:
        BackendError: A package is missing, or the options are not what it takes.
    """
    core = _core(location)
    with remote_errors_of(location.outer, tuple(secrets_in(options))):
        # A listing that is kept would not show what others write meanwhile.
        calls, root = core.url_to_fs(
            location.outer, **{"use_listings_cache": False, **options}
        )
    return FileSystem(calls, root.rstrip("/"))


def _core(location: Location) -> Any:  # noqa: ANN401 - it has no types
    package = SCHEMES[str(location.scheme)]
    try:
        core = import_module("fsspec.core")
        if package:
            import_module(package)
    except ImportError as error:
        wanted = _EXTRA if package in _IN_THE_EXTRA else package
        reason = f"{package or 'fsspec'} is needed, and cannot be imported"
        hint = f'pip install "{wanted}"'
        raise BackendError(location.outer, reason, hint) from error
    return core
