"""The chat endpoints.

Source: the service's OpenAPI document of 2026-08-20, ``/api/v1/chat``.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
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
from replay.model.json_text import write
from replay.model.sessions import SessionSummary
from replay.testing.server.faults import FAULT_HEADER
from replay.testing.server.settings import LastPageToken, ServerSettings
from replay.testing.server.store import Run, Store
from replay.testing.server.validation import CREATE, STREAM, invalid, json_object

MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
PING: Final = b": ping\n\n"
_DELTA_TYPES: Final = [cls.type for cls in DELTAS]


def frame(event: Event) -> bytes:
    """Return an event as one frame: its category, then its JSON object in one line."""
    value = event.as_object()
    kind = value.get("type") if isinstance(value, dict) else None
    name = b"delta" if kind in _DELTA_TYPES else b"message"
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
    if fault == "duplicate-final" and isinstance(event, FullEvent | Stop):
        yield event


_LARGEST: Final = 1_000_000  # of pages: more than any source has
_LAST_ENTRY: Final = 1 << 62
_LAST: Final[Mapping[LastPageToken, dict[str, object]]] = {
    "absent": {},
    "null": {"next_page_token": None},
    "empty": {"next_page_token": ""},
}


def page_asked_for(query: Mapping[str, str], size: int) -> tuple[int, int]:
    """Return the number of the first entry that a request asks for, and how many.

    Args:
        query: The request's parameters.
        size: How many it is where the request does not say; it is a million at most.

    Raises:
        InvalidRequestError: The size or the token is wrong.
    """
    token = query.get("page_token", "")
    return _start(token) if token else 0, _size(query.get("page_size"), size)


def _start(token: str) -> int:
    with suppress(ValueError):
        start = int(urlsafe_b64decode(token))
        if 0 <= start <= _LAST_ENTRY and token == _token(start):
            return start
    where = ("query", "page_token")
    raise invalid(where, "value_error", "Invalid page token")


def _token(start: int) -> str:
    return urlsafe_b64encode(b"%d" % start).decode("ascii")


def _size(text: str | None, default: int) -> int:
    if text is None:
        return default
    where = ("query", "page_size")
    try:
        size = int(text)
    except ValueError:
        sentence = "Input should be a valid integer, unable to parse"
        raise invalid(where, "int_parsing", sentence) from None
    if size < 1:
        sentence = "Input should be greater than or equal to 1"
        raise invalid(where, "greater_than_equal", sentence)
    return min(size, _LARGEST)


def next_page(following: int | None, last: LastPageToken) -> dict[str, object]:
    """Return the part of an answer that leads to the next page.

    Args:
        following: The number of the next page's first entry; None: there is none.
        last: How to say so.
    """
    if following is None:
        return _LAST[last]
    return {"next_page_token": _token(following)}


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
