"""The API as an ASGI application, which knows nothing of faults in transport."""

import secrets
from typing import Final

import attrs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from replay.backend import Source
from replay.errors import ReplayError, SessionNotFoundError
from replay.serving.admission import Admission
from replay.serving.attachments import Attachments
from replay.serving.chat import Chat, json_answer
from replay.serving.images import Images
from replay.serving.settings import ServerSettings
from replay.serving.signing import Signer
from replay.serving.store import Store
from replay.serving.validation import InvalidRequestError

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
