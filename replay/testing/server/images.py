"""The attachment endpoints, and the images that their URLs lead to.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/beta/attachments``.
"""

import hmac
import mimetypes
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlencode

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from replay.testing.server.chat import json_answer, next_page
from replay.testing.server.settings import ServerSettings
from replay.testing.server.store import Store
from replay.testing.server.timing import folder_of
from replay.testing.server.validation import PAGE, SOURCE, validated_query

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


@attrs.frozen
class Signer:
    """Signs the names of attachments.

    Args:
        secret: What only the server knows.
    """

    secret: bytes = attrs.field(repr=False)

    def query(self, source_id: str, name: str, expires: int) -> str:
        """Return the query of a URL that is good until *expires*, in Unix time."""
        signature = self._signature(source_id, name, str(expires))
        return urlencode({"expires": expires, "signature": signature})

    def is_good(
        self, source_id: str, name: str, expires: str, signature: str, now: float
    ) -> bool:
        """Tell whether a URL was given out, and has not expired."""
        expected = self._signature(source_id, name, expires)
        is_ours = hmac.compare_digest(expected.encode(), signature.encode())
        return is_ours and now < int(expires)

    def _signature(self, source_id: str, name: str, expires: str) -> str:
        text = f"{source_id}\0{name}\0{expires}"
        message = text.encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, message, sha256).hexdigest()


_LIST: Final = "/api/v1/beta/attachments"
_FILES: Final = "/attachments"


@attrs.frozen(eq=False)
class Attachments:
    """Answers requests about attachments."""

    store: Store
    settings: ServerSettings
    images: Images
    signer: Signer

    def routes(self) -> list[Route]:
        """Return which request each method answers."""
        return [
            Route(_LIST, self.list_attachments, methods=["GET"]),
            Route(f"{_LIST}/{{name:path}}", self.get, methods=["GET"]),
            Route(f"{_FILES}/{{source_id}}/{{name:path}}", self.file, methods=["GET"]),
        ]

    def list_attachments(self, request: Request) -> Response:
        """Give a page of what is attached to a source's file."""
        source_id = _source_id(request)
        asked = validated_query(PAGE, request.query_params)
        start, end = asked.start, asked.start + asked.size(self.settings.page_size)
        names = self._names(source_id)
        following = end if len(names) > end else None
        items = [
            {"name": name, "size": len(self._image(source_id, name).data)}
            for name in names[start:end]
        ]
        token = next_page(following, self.settings.last_page_token)
        return json_answer({"items": items, **token, "total_size": len(names)})

    def get(self, request: Request) -> Response:
        """Give a URL that is good for a while."""
        source_id, name = _source_id(request), unquote(request.path_params["name"])
        if name not in self._names(source_id):
            raise HTTPException(404, "Attachment not found")
        expires = int(time.time() + self.settings.attachment_seconds)
        path = f"{_FILES}/{quote(source_id, safe='')}/{quote(name)}"
        base = f"{request.url.scheme}://{request.url.netloc}"
        url = f"{base}{path}?{self.signer.query(source_id, name, expires)}"
        until = datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z")
        return json_answer({"url": url, "expires_at": until, "form_fields": None})

    def file(self, request: Request) -> Response:
        """Give an image; the URL is all that it takes."""
        source_id, name = map(unquote, request.path_params.values())
        expires, signature = map(request.query_params.get, ("expires", "signature"))
        is_good = (expires or "").isdecimal() and self.signer.is_good(
            source_id, name, expires or "", signature or "", time.time()
        )
        if not is_good:
            raise HTTPException(403, "The URL has expired, or was never given out")
        image = self._image(source_id, name)
        return Response(image.data, media_type=image.media_type)

    def _names(self, source_id: str) -> list[str]:
        return sorted({*self._recorded(source_id), *self.images.names(source_id)})

    def _recorded(self, source_id: str) -> Iterator[str]:
        for image in self.store.images():
            if image.source_id == source_id:
                yield image.attachment_name

    def _image(self, source_id: str, name: str) -> Image:
        return self.images.image(source_id, name) or made_up_image(source_id, name)


def _source_id(request: Request) -> str:
    return validated_query(SOURCE, request.query_params).source_id
