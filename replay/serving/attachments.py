"""The attachment endpoints, and the images that their URLs lead to.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/beta/attachments``.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from replay.serving.chat import json_answer
from replay.serving.images import Image, Images, made_up_image
from replay.serving.pages import next_page, page_asked_for
from replay.serving.settings import ServerSettings
from replay.serving.signing import Signer
from replay.serving.store import Store
from replay.serving.validation import invalid

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
        start, size = page_asked_for(request.query_params, self.settings.page_size)
        names = self._names(source_id)
        following = start + size if len(names) > start + size else None
        items = [
            {"name": name, "size": len(self._image(source_id, name).data)}
            for name in names[start : start + size]
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
    source_id = request.query_params.get("source_id")
    if source_id is None:
        raise invalid(("query", "source_id"), "missing", "Field required")
    return source_id
