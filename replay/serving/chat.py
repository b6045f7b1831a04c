"""The chat endpoints.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/chat``.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import anyio
import attrs
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from replay.json_text import write
from replay.serving.faults import FAULT_HEADER
from replay.serving.frames import MEDIA_TYPE, PING, altered, frame
from replay.serving.pages import next_page, page_asked_for
from replay.serving.runs import Run
from replay.serving.settings import ServerSettings
from replay.serving.store import Store
from replay.serving.validation import CREATE, STREAM, json_object
from replay.sessions import SessionSummary

_ONE: Final = "/api/v1/chat/{session_id}"

#: What the official SDK's strict mode asks for, where a recording lacks it.
_REQUIRED: Final[Mapping[str, object]] = {
    "last_updated_at": "1970-01-01T00:00:00.000000",
    "shared_access": "query",
}


@attrs.frozen(eq=False)
class Chat:
    """Answers requests about sessions."""

    store: Store
    settings: ServerSettings

    def routes(self) -> list[Route]:
        """Return which request each method answers."""
        return [
            Route("/api/v1/chat", self.create, methods=["POST"]),
            Route("/api/v1/chat", self.list_sessions, methods=["GET"]),
            Route(_ONE, self.retrieve, methods=["GET"]),
            Route(_ONE, self.delete, methods=["DELETE"]),
            Route(f"{_ONE}/summary", self.get_summary, methods=["GET"]),
            Route(f"{_ONE}/messages/stream", self.stream, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Make a session."""
        asked = json_object(await request.body(), CREATE)
        ids, access = asked.get("index_ids"), asked.get("shared_access")
        made = await to_thread.run_sync(self.store.create, ids, access)
        return json_answer(_document(made), 201)

    def list_sessions(self, request: Request) -> Response:
        """Give a page of the sessions."""
        start, size = page_asked_for(request.query_params, self.settings.page_size)
        found, is_more = self.store.page(start, size)
        following = start + size if is_more else None
        token = next_page(following, self.settings.last_page_token)
        return json_answer({"items": [*map(_document, found)], **token})

    def retrieve(self, request: Request) -> Response:
        """Give a whole session, as it was recorded."""
        session = self.store.session(_session_id(request))
        events = [each.as_object() for each in session.events]
        return json_answer({**_document(session), "events": events})

    def get_summary(self, request: Request) -> Response:
        """Give a session's header."""
        return json_answer(_document(self.store.summary(_session_id(request))))

    def delete(self, request: Request) -> Response:
        """Forget a session; what was recorded stays."""
        self.store.delete(_session_id(request))
        return Response(status_code=204)

    async def stream(self, request: Request) -> Response:
        """Replay a turn."""
        asked = json_object(await request.body(), STREAM)
        session_id, prompt, ids = (
            _session_id(request),
            asked["prompt"],
            asked["index_ids"],
        )
        run = await to_thread.run_sync(self.store.run, session_id, prompt, ids)
        if run is None:
            raise HTTPException(404, "There is no recorded turn to replay")
        fault = request.headers.get(FAULT_HEADER)
        frames = _frames(run, self.settings.ping_seconds, fault)
        headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-cache"}
        return StreamingResponse(frames, headers=headers)


def json_answer(value: object, status: int = 200) -> Response:
    """Return an answer that holds a JSON value, exactly."""
    return Response(write(value), status, media_type="application/json")


def _document(summary: SessionSummary) -> dict[str, object]:
    recorded = summary.as_object()
    recorded.pop("events", None)
    given = {key: each for key, each in recorded.items() if each is not None}
    missing = {key: each for key, each in _REQUIRED.items() if key not in given}
    return {"session_id": summary.session_id, **recorded, **missing}


def _session_id(request: Request) -> str:
    raw = unquote_to_bytes(request.path_params["session_id"])
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise HTTPException(404, "Session not found") from None


async def _frames(run: Run, ping: float, fault: str | None) -> AsyncIterator[bytes]:
    """Yield a turn as the stream's frames, each when it is due."""
    yield PING
    started = anyio.current_time()
    for number, event in enumerate(run.events):
        due = started + (run.due[number] if run.due else 0.0)
        while (remaining := due - anyio.current_time()) > 0:
            await anyio.sleep(min(remaining, ping))
            if remaining > ping:
                yield PING
        for each in altered(event, fault):
            yield frame(each)
