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
from starlette.types import ASGIApp

from replay.errors import ReplayError, SessionNotFoundError
from replay.security.hosts import is_loopback
from replay.sources.source import Source
from replay.testing.server.chat import Chat, json_answer
from replay.testing.server.connections import Answer, ClientRequest, error_answer
from replay.testing.server.images import Attachments, Images, Signer
from replay.testing.server.settings import ServerSettings
from replay.testing.server.store import Store
from replay.testing.server.validation import InvalidRequestError

_GUARDED: Final = "/api/"


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

    def refusal(self, request: ClientRequest) -> Answer | None:
        """Return the answer to a request that is not let in; None: it is."""
        if self.is_local and not is_loopback(_name_in(request.header("host") or "")):
            return error_answer(421, "This host is not served")
        if self.api_key is None or not request.path.startswith(_GUARDED):
            return None
        given = request.header("authorization")
        if given is None:
            return error_answer(401, "Not authenticated")
        expected = f"Bearer {self.api_key}".encode()
        if hmac.compare_digest(given.encode("latin-1"), expected):
            return None
        return error_answer(401, "Invalid authentication token")


def _name_in(host: str) -> str:
    with suppress(ValueError):
        return urlsplit(f"//{host}").hostname or ""
    return ""


_TOLD: Final = (HTTPException, InvalidRequestError, ReplayError, Exception)


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
    return app


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
