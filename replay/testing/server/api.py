"""The API as an ASGI application, which knows nothing of faults in transport."""

import hmac
import secrets
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from replay.errors import ReplayError, SessionNotFoundError
from replay.security.hosts import is_loopback
from replay.sources.source import Source
from replay.testing.server.chat import Chat, json_answer
from replay.testing.server.images import Attachments, Images, Signer
from replay.testing.server.settings import ServerSettings
from replay.testing.server.store import Store
from replay.testing.server.validation import InvalidRequestError

_GUARDED: Final = "/api/"


@attrs.frozen
class Refusal:
    """Why a request is not let in."""

    status: int
    detail: str


@attrs.frozen
class Admission:
    """Lets in who has the key.

    A server of this machine answers to its own names only: a page in a browser could
    else read from it, through a name of its own that leads here.

    Args:
        api_key: The key; None: any will do.
        is_local: Whether only this machine can ask.
    """

    api_key: str | None = attrs.field(repr=False)
    is_local: bool

    def refusal(
        self, path: str, host: str | None, authorization: str | None
    ) -> Refusal | None:
        """Return why a request is not let in; None: it is.

        Args:
            path: What it asks for, as it was sent.
            host: Its header of that name; None: it has none.
            authorization: The same.
        """
        if self.is_local and not is_loopback(_name_in(host or "")):
            return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This host is not served")
        if self.api_key is None or not path.startswith(_GUARDED):
            return None
        if authorization is None:
            return Refusal(HTTPStatus.UNAUTHORIZED, "Not authenticated")
        expected = f"Bearer {self.api_key}".encode()
        if hmac.compare_digest(authorization.encode("latin-1"), expected):
            return None
        return Refusal(HTTPStatus.UNAUTHORIZED, "Invalid authentication token")


def _name_in(host: str) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


_TOLD: Final = (HTTPException, InvalidRequestError, ReplayError, Exception)


def make_app(source: Source, settings: ServerSettings, admission: Admission) -> ASGIApp:
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
    return _Guard(app, admission)


@attrs.frozen(eq=False)
class _Guard:
    """Lets in who may come in; leaves ``%2F`` in a path as it is, for the routes."""

    app: ASGIApp
    admission: Admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Request(scope).headers
        path = scope["raw_path"].decode("latin-1")
        refusal = self.admission.refusal(
            path, headers.get("host"), headers.get("authorization")
        )
        if refusal is None:
            await self.app({**scope, "path": path}, receive, send)
        else:
            answer = json_answer({"detail": refusal.detail}, refusal.status)
            await answer(scope, receive, send)


def _tell(_: Request, error: Exception) -> Response:
    """Return the answer to a request that failed, as the service shapes it."""
    if isinstance(error, HTTPException):
        return json_answer({"detail": error.detail}, error.status_code)
    if isinstance(error, InvalidRequestError):
        return json_answer({"detail": error.detail}, 422)
    if isinstance(error, SessionNotFoundError):
        return json_answer({"detail": "Session not found"}, 404)
    if isinstance(error, ReplayError):
        return json_answer({"detail": str(error)}, 500)
    detail = f"Internal Server Error: {type(error).__name__}: {error}"
    return json_answer({"detail": detail}, 500)
