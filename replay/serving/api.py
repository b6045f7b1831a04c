"""The API as an ASGI application, which knows nothing of faults in transport."""

import hmac
import secrets
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from replay.backend import Source
from replay.errors import ReplayError, SessionNotFoundError
from replay.hosts import is_loopback
from replay.serving.attachments import Attachments
from replay.serving.chat import Chat, json_answer
from replay.serving.images import Images
from replay.serving.settings import ServerSettings
from replay.serving.signing import Signer
from replay.serving.store import Store
from replay.serving.validation import InvalidRequestError

_GUARDED: Final = "/api/"
_TOLD: Final = (HTTPException, InvalidRequestError, ReplayError)


def make_app(source: Source, settings: ServerSettings) -> ASGIApp:
    """Return the application that answers from *source*."""
    store = Store(source, settings.speed)
    signer = Signer(secrets.token_bytes(32))
    images = Images(source.location)
    app = Starlette(
        routes=[
            *Chat(store, settings).routes(),
            *Attachments(store, settings, images, signer).routes(),
        ],
        exception_handlers=dict.fromkeys(_TOLD, _tell),
    )
    app.router.redirect_slashes = False
    return _Guard(app, settings.api_key, is_local=is_loopback(settings.host))


@attrs.frozen(eq=False)
class _Guard:
    """Lets in who has the key; leaves ``%2F`` in a path as it is, for the routes.

    A server of this machine answers to its own names only: a page in a browser could
    else read from it, through a name of its own that leads here.
    """

    app: ASGIApp
    api_key: str | None = attrs.field(repr=False)
    is_local: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = scope["raw_path"].decode("latin-1")
        if self.is_local and not is_loopback(_host_of(request)):
            answer = json_answer({"detail": "This host is not served"}, 421)
        elif problem := self._problem(request, path):
            answer = json_answer({"detail": problem}, 401)
        else:
            await self.app({**scope, "path": path}, receive, send)
            return
        await answer(scope, receive, send)

    def _problem(self, request: Request, path: str) -> str | None:
        if self.api_key is None or not path.startswith(_GUARDED):
            return None
        given = request.headers.get("authorization")
        if given is None:
            return "Not authenticated"
        expected = f"Bearer {self.api_key}".encode()
        is_right = hmac.compare_digest(given.encode(), expected)
        return None if is_right else "Invalid authentication token"


def _host_of(request: Request) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return ""


def _tell(_: Request, error: Exception) -> Response:
    """Return the answer to a request that failed, as the service shapes it."""
    if isinstance(error, HTTPException):
        return json_answer({"detail": error.detail}, error.status_code)
    if isinstance(error, InvalidRequestError):
        return json_answer({"detail": error.detail}, 422)
    if isinstance(error, SessionNotFoundError):
        return json_answer({"detail": "Session not found"}, 404)
    return json_answer({"detail": str(error)}, 500)
