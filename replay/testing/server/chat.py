"""The chat endpoints.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/chat``.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import anyio
import attrs
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from replay.model.events import DELTAS, Event, FullEvent, Stop
from replay.model.json_text import write_json
from replay.model.sessions import SessionSummary
from replay.testing.server import validation
from replay.testing.server.settings import LastPageToken, ServerSettings
from replay.testing.server.store import RunningTurn, Store

#: The key in an ASGI scope for the name of a fault, or None.
FAULT: Final = "replay.fault"

_PING: Final = b": ping\n\n"
_DELTA_TYPES: Final = tuple(each.type for each in DELTAS)
_STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
}
_ONE: Final = "/api/v1/chat/{session_id}"

#: Values that the official SDK's strict mode requires, for recordings without them.
_REQUIRED: Final[Mapping[str, object]] = {
    "last_updated_at": "1970-01-01T00:00:00.000000",
    "shared_access": "query",
}
_LAST_PAGE: Final[Mapping[LastPageToken, dict[str, object]]] = {
    "absent": {},
    "null": {"next_page_token": None},
    "empty": {"next_page_token": ""},
}


@attrs.frozen(eq=False)
class Chat:
    """Handlers of requests about sessions."""

    store: Store
    settings: ServerSettings

    def routes(self) -> list[Route]:
        """Return the route to each method."""
        return [
            Route("/api/v1/chat", self.create, methods=["POST"]),
            Route("/api/v1/chat", self.list_sessions, methods=["GET"]),
            Route(_ONE, self.retrieve, methods=["GET"]),
            Route(_ONE, self.delete, methods=["DELETE"]),
            Route(f"{_ONE}/summary", self.get_summary, methods=["GET"]),
            Route(f"{_ONE}/messages/stream", self.stream, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Create a session."""
        body = await request.body() or b"null"
        asked = (
            validation.body_of(validation.CREATE, body) or validation.CreateRequest()
        )
        ids, access = asked.index_ids, asked.shared_access
        created = await to_thread.run_sync(self.store.create, ids, access)
        return json_answer(_document(created), 201)

    def list_sessions(self, request: Request) -> Response:
        """Return a page of the sessions."""
        asked = validation.query_of(validation.PAGE, request.query_params)
        start, end = asked.bounds(self.settings.page_size)
        found, is_more = self.store.page(start, end)
        token = next_page(end if is_more else None, self.settings.last_page_token)
        return json_answer({"items": [*map(_document, found)], **token})

    def retrieve(self, request: Request) -> Response:
        """Return a whole session, as it was recorded."""
        session = self.store.session(_session_id(request))
        events = [each.as_object() for each in session.events]
        return json_answer({**_document(session), "events": events})

    def get_summary(self, request: Request) -> Response:
        """Return a session's header."""
        return json_answer(_document(self.store.summary(_session_id(request))))

    def delete(self, request: Request) -> Response:
        """Forget a session; its recording stays."""
        self.store.delete(_session_id(request))
        return Response(status_code=204)

    async def stream(self, request: Request) -> Response:
        """Replay a turn."""
        asked = validation.body_of(validation.STREAM, await request.body())
        turn = await to_thread.run_sync(
            self.store.replay_turn, _session_id(request), asked.prompt, asked.index_ids
        )
        if turn is None:
            raise HTTPException(404, "There is no recorded turn to replay")
        frames = _frames(turn, self.settings.ping_seconds, request.scope[FAULT])
        return StreamingResponse(frames, headers=_STREAM_HEADERS)


def json_answer(value: object, status: int = 200) -> Response:
    """Return an answer that holds exactly *value*, as JSON."""
    return Response(write_json(value), status, media_type="application/json")


def next_page(following: int | None, last: LastPageToken) -> dict[str, object]:
    """Return the part of an answer with the token of the page from *following* on.

    None means that there is no such page, which is shown as *last* says.
    """
    if following is None:
        return _LAST_PAGE[last]
    return {"next_page_token": validation.page_token(following)}


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


async def _frames(
    turn: RunningTurn, ping: float, fault: str | None
) -> AsyncIterator[bytes]:
    """Yield the frames of a turn's stream, each when it is due."""
    yield _PING
    started = anyio.current_time()
    for number, event in enumerate(turn.events):
        due = started + (turn.due[number] if turn.due else 0.0)
        while (remaining := due - anyio.current_time()) > 0:
            await anyio.sleep(min(remaining, ping))
            if remaining > ping:
                yield _PING
        for each in _altered(event, fault):
            yield frame(each)


def _altered(event: Event, fault: str | None) -> Iterator[Event]:
    """Yield the events that a faulty stream sends instead of a recorded one."""
    if fault == "no-stop" and isinstance(event, Stop):
        return
    yield event
    if fault == "duplicate-final" and isinstance(event, FullEvent | Stop):
        yield event


def frame(event: Event) -> bytes:
    """Return an event as one frame: its category, then its JSON object in one line."""
    value = event.as_object()
    kind = value.get("type") if isinstance(value, dict) else None
    name = b"delta" if kind in _DELTA_TYPES else b"message"
    return b"event: %s\ndata: %s\n\n" % (name, write_json(value))
