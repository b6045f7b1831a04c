"""Locations of stores, and the files that a store lists."""

from collections.abc import Callable
from typing import BinaryIO, Final, TypeAlias

import attrs

from replay.authoring import masked
from replay.errors import BackendError

#: The schemes of URLs, each with the package that fsspec needs for it, if any.
SCHEMES: Final = {
    "abfs": "adlfs",
    "az": "adlfs",
    "gcs": "gcsfs",
    "gs": "gcsfs",
    "memory": "",
    "s3": "s3fs",
}
_ZIP: Final = "zip://"
_EVERYTHING: Final = ("", "*", "**")


@attrs.frozen
class Location:
    """The parts of a location."""

    outer: str  #: a URL, or a path on this machine
    scheme: str | None  #: of the URL; None: it is a path
    inside: str | None  #: the path in the zip file; None: it isn't a zip file


def parse(location: str) -> Location:
    """Return the parts of a location.

    Args:
        location: A URL such as ``s3://bucket/directory``; a URL or path of a zip file;
            or ``zip://INSIDE::THAT``; *INSIDE* is a directory or a file in it,
            and empty or ``*`` for all of it.

    Raises:
        BackendError: It is none of these, or contains a secret.
    """
    shown = masked(location)
    if "://" in location and shown != location:
        reason = "a password or signature must not be part of a location"
        hint = "put keys where the store's own tools look for them"
        raise BackendError(shown, reason, hint)
    outer, inside = location, None
    if location.lower().startswith(_ZIP):
        outer, inside = _chain(location)
    scheme = _scheme(outer)
    if scheme is not None:
        outer = scheme + outer[len(scheme) :]  # fsspec knows only lower case
    if scheme is None or outer.lower().endswith(".zip"):
        inside = inside or ""
    return Location(outer, scheme, inside)


def _chain(location: str) -> tuple[str, str]:
    rest = location[len(_ZIP) :]
    inside, separator, outer = rest.partition("::")
    if not separator:
        inside, outer = "", rest
    inside = "" if inside in _EVERYTHING else inside.strip("/")
    if "*" in inside:
        hint = 'name a directory in it, and say pattern="…"'
        reason = "only * by itself stands for all of a zip file"
        raise BackendError(location, reason, hint)
    if not outer:
        hint = "write zip://sessions.zip, or zip://*::s3://bucket/sessions.zip"
        raise BackendError(location, "the zip file is not named", hint)
    return outer, inside


def _scheme(outer: str) -> str | None:
    scheme, separator, path = outer.partition("://")
    if not separator:
        return None
    if scheme.lower() not in SCHEMES or "::" in outer:
        hint = f"use {', '.join(SCHEMES)}, or zip://INSIDE::URL"
        raise BackendError(outer, "that isn't the URL of a store", hint)
    if scheme.lower() != "memory" and not path.strip("/"):
        reason = "a bucket or container is needed after the scheme"
        raise BackendError(outer, reason)
    return scheme.lower()


#: Opens a file at its beginning, seekable; it can be called repeatedly.
Opener: TypeAlias = Callable[[], BinaryIO]


@attrs.frozen
class Item:
    """A file in a store's listing."""

    path: str  #: relative to the store's root, with slashes; empty: the root itself
    size: int  #: in bytes; for a member of a zip file, unpacked

    def order(self) -> bytes:
        """Return the key that a store's files are sorted by."""
        return self.path.encode("utf-8", "surrogatepass")
