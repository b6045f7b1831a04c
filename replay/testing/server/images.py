"""The attachment endpoints, and the images that their URLs lead to.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/beta/attachments``.
"""

import hmac
import mimetypes
import secrets
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias
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
from replay.testing.server.validation import PAGE, SOURCE, query_of

#: The bytes and the media type of an attachment.
Image: TypeAlias = tuple[bytes, str]

_LIST: Final = "/api/v1/beta/attachments"
_FILES: Final = "/attachments"
_FOLDER: Final = "attachments"
_SIDE: Final = 16  # pixels of a made-up image


@attrs.frozen(eq=False)
class Attachments:
    """Handlers of requests about attachments."""

    store: Store
    settings: ServerSettings
    location: str  #: the sessions' location, as for ``replay.open``
    _secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    def routes(self) -> list[Route]:
        """Return the route to each method."""
        return [
            Route(_LIST, self.list_attachments, methods=["GET"]),
            Route(f"{_LIST}/{{name:path}}", self.get, methods=["GET"]),
            Route(f"{_FILES}/{{source_id}}/{{name:path}}", self.file, methods=["GET"]),
        ]

    def list_attachments(self, request: Request) -> Response:
        """Return a page of the attachments to a source's file."""
        source_id = _source_id(request)
        asked = query_of(PAGE, request.query_params)
        start, end = asked.bounds(self.settings.page_size)
        names = self._names(source_id)
        items = [
            {"name": name, "size": len(self._image(source_id, name)[0])}
            for name in names[start:end]
        ]
        following = end if len(names) > end else None
        token = next_page(following, self.settings.last_page_token)
        return json_answer({"items": items, **token, "total_size": len(names)})

    def get(self, request: Request) -> Response:
        """Return the URL of an attachment, valid for a limited time."""
        source_id, name = _source_id(request), unquote(request.path_params["name"])
        if name not in self._names(source_id):
            raise HTTPException(404, "Attachment not found")
        expires = int(time.time() + self.settings.attachment_seconds)
        signature = self._signature(source_id, name, str(expires))
        query = urlencode({"expires": expires, "signature": signature})
        path = f"{_FILES}/{quote(source_id, safe='')}/{quote(name)}"
        url = f"{request.url.scheme}://{request.url.netloc}{path}?{query}"
        until = datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z")
        return json_answer({"url": url, "expires_at": until, "form_fields": None})

    def file(self, request: Request) -> Response:
        """Return an image to anyone who has its URL."""
        source_id, name = map(unquote, request.path_params.values())
        expires, signature = (
            request.query_params.get(each, "") for each in ("expires", "signature")
        )
        expected = self._signature(source_id, name, expires)
        is_ours = hmac.compare_digest(expected.encode(), signature.encode())
        if not (is_ours and time.time() < int(expires)):
            raise HTTPException(403, "The URL has expired, or was never given out")
        data, media_type = self._image(source_id, name)
        return Response(data, media_type=media_type)

    def _names(self, source_id: str) -> list[str]:
        recorded = (
            image.attachment_name
            for image in self.store.images()
            if image.source_id == source_id
        )
        return sorted({*recorded, *names_of(self.location, source_id)})

    def _image(self, source_id: str, name: str) -> Image:
        found = image_of(self.location, source_id, name)
        return found or made_up_image(source_id, name)

    def _signature(self, source_id: str, name: str, expires: str) -> str:
        text = f"{source_id}\0{name}\0{expires}"
        message = text.encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, sha256).hexdigest()


def _source_id(request: Request) -> str:
    return query_of(SOURCE, request.query_params).source_id


def image_of(location: str, source_id: str, name: str) -> Image | None:
    """Return the file ``attachments/SOURCE_ID/NAME`` beside the sessions, if any."""
    root = _root(location)
    path = root and _within(root, f"{source_id}/{name}")
    if path is None or not path.is_file():
        return None
    kind, _ = mimetypes.guess_type(name)
    return path.read_bytes(), kind or "application/octet-stream"


def names_of(location: str, source_id: str) -> Iterator[str]:
    """Yield the sorted names of all files that :func:`image_of` has for a source."""
    root = _root(location)
    folder = root and _within(root, source_id)
    for path in sorted(folder.rglob("*") if folder else ()):
        if path.is_file() and root and path.resolve().is_relative_to(root):
            yield path.relative_to(folder).as_posix()  # type: ignore[arg-type]  # there is a path in it


def _root(location: str) -> Path | None:
    """Return the path of the images' folder, which may be missing or a link."""
    folder = folder_of(location)
    return folder and folder.resolve() / _FOLDER


def _within(root: Path, relative: str) -> Path | None:
    """Return a path below *root*, or None if it is missing or leads elsewhere."""
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
    return data, "image/png"


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum
