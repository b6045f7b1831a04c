"""The page images that tool results name: from a folder, or made up."""

import mimetypes
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import attrs

from replay.serving.places import folder_of

_FOLDER: Final = "attachments"
_SIDE: Final = 16  # pixels of an image that is made up


@attrs.frozen
class Image:
    """An image, or another file that is attached to a source's file."""

    data: bytes
    media_type: str


@attrs.frozen(eq=False)
class Images:
    """Finds images in the folder ``attachments`` beside the sessions.

    Args:
        location: Where the sessions are, as for ``replay.open``.
    """

    location: str

    def image(self, source_id: str, name: str) -> Image | None:
        """Return the image at ``attachments/SOURCE_ID/NAME``; None: there is none."""
        path = self._path(source_id, name)
        if path is None:
            return None
        kind, _ = mimetypes.guess_type(name)
        return Image(path.read_bytes(), kind or "application/octet-stream")

    def names(self, source_id: str) -> Iterator[str]:
        """Yield the names of all that the folder has for a source's file, sorted."""
        root = self._root()
        folder = root and _within(root, source_id)
        for path in sorted(folder.rglob("*") if folder else ()):
            if path.is_file() and root and path.resolve().is_relative_to(root):
                yield path.relative_to(folder).as_posix()  # type: ignore[arg-type]  # there is a path in it

    def _path(self, source_id: str, name: str) -> Path | None:
        root = self._root()
        path = root and _within(root, f"{source_id}/{name}")
        return path if path is not None and path.is_file() else None

    def _root(self) -> Path | None:
        """Return the folder's place, which may itself be missing, or a link."""
        folder = folder_of(self.location)
        return folder and folder.resolve() / _FOLDER


def _within(root: Path, relative: str) -> Path | None:
    """Return what lies at a path below *root*; None: nothing, or it leads elsewhere."""
    with suppress(OSError, RuntimeError, ValueError):  # RuntimeError: a loop of links
        path = (root / relative).resolve(strict=True)
        return path if path != root and path.is_relative_to(root) else None
    return None


def made_up_image(source_id: str, name: str) -> Image:
    """Return a small image of one colour, which depends on the names."""
    digest = sha256(f"{source_id}\0{name}".encode("utf-8", "surrogatepass")).digest()
    rows = (b"\0" + digest[:3] * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)
    return Image(data, "image/png")


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
