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

from replay.model.events import Event, Stop, Text, Thinking
from replay.model.json_text import write
from replay.model.sessions import SessionSummary
from replay.testing.server.settings import LastPageToken, ServerSettings
from replay.testing.server.store import Run, Store
from replay.testing.server.validation import (
    CREATE,
    PAGE,
    STREAM,
    CreateRequest,
    page_token,
    validated_body,
    validated_query,
)

MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
#: The key of an ASGI scope that names a fault, or holds None.
FAULT: Final = "replay.fault"
PING: Final = b": ping\n\n"
DELTAS: Final = ("text_delta", "thinking_delta")


def frame(event: Event) -> bytes:
    """Return an event as one frame: its category, then its JSON object in one line."""
    value = event.as_object()
    kind = value.get("type") if isinstance(value, dict) else None
    name = b"delta" if kind in DELTAS else b"message"
    return b"event: %s\ndata: %s\n\n" % (name, write(value))


def altered(event: Event, fault: str | None) -> Iterator[Event]:
    """Yield what a faulty stream has in the place of an event.

    Args:
        event: What was recorded.
        fault: The name of a fault of streams; None: there is none.
    """
    if fault == "no-stop" and isinstance(event, Stop):
        return
    yield event
    if fault == "duplicate-final" and isinstance(event, Text | Thinking | Stop):
        yield event


_LAST: Final[Mapping[LastPageToken, dict[str, object]]] = {
    "absent": {},
    "null": {"next_page_token": None},
    "empty": {"next_page_token": ""},
}


def next_page(following: int | None, last: LastPageToken) -> dict[str, object]:
    """Return the part of an answer that leads to the next page.

    Args:
        following: The number of the next page's first entry; None: there is none.
        last: How to say so.
    """
    if following is None:
        return _LAST[last]
    return {"next_page_token": page_token(following)}


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
        body = await request.body() or b"null"
        asked = validated_body(CREATE, body) or CreateRequest()
        made = await to_thread.run_sync(
            self.store.create, asked.index_ids, asked.shared_access
        )
        return json_answer(_document(made), 201)

    def list_sessions(self, request: Request) -> Response:
        """Give a page of the sessions."""
        asked = validated_query(PAGE, request.query_params)
        end = asked.start + asked.size(self.settings.page_size)
        found, is_more = self.store.page(asked.start, end)
        following = end if is_more else None
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
        asked = validated_body(STREAM, await request.body())
        run = await to_thread.run_sync(
            self.store.run, _session_id(request), asked.prompt, asked.index_ids
        )
        if run is None:
            raise HTTPException(404, "There is no recorded turn to replay")
        fault = request.scope[FAULT]
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
