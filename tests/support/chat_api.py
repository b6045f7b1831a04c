"""A server with the parts of the service's API that tests of the client need."""

import json
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from http_server import Handler, Request, answer, head, json_answer

PREFIX = "/api/v1/chat"
FAR = "2999-01-01T00:00:00Z"  #: the time at which a URL expires
STOP = {"type": "stop", "usage": {}, "is_error": False, "error": None}
UNKNOWN = json_answer({"detail": "Session not found"}, 404, close=False)


def document(session_id: str, *events: object, **header: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "session_id": session_id,
        "last_updated_at": "2026-04-22T12:34:41.342245",
        "generated_title": None,
        "index_ids": None,
        "job_metadata": None,
        "shared_access": "query",
    }
    return {**fields, **header, "events": list(events)}


def delta(content: str, kind: str = "text_delta") -> dict[str, object]:
    return {"type": kind, "content": content}


def user_input(content: str) -> dict[str, object]:
    return {"type": "user_input", "content": content}


def frame(event: object) -> bytes:
    assert isinstance(event, dict)
    name = "delta" if str(event["type"]).endswith("_delta") else "message"
    return f"event: {name}\ndata: {json.dumps(event)}\n\n".encode()


def stream_head() -> bytes:
    """Return the head of a streamed, chunked answer."""
    kind = "Content-Type: text/event-stream; charset=utf-8"
    return head(200, kind, "Transfer-Encoding: chunked")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class ChatAPI:
    """A handler that answers like the service, for some sessions."""

    def __init__(
        self, documents: Iterable[Mapping[str, object]], page_size: int = 2
    ) -> None:
        self.documents = {str(each["session_id"]): each for each in documents}
        self.page_size = page_size
        self.turn: list[bytes] = []  #: the answer to a POST, after the head
        self.kept: list[object] = []  #: events that a POST adds to its session
        self.reply: Handler | None = None  #: answers a POST instead
        self.prompts: list[Any] = []  #: the bodies of all POSTs

    def __call__(self, request: Request, connection: socket.socket) -> bool:
        if request.method != "POST":
            connection.sendall(self._answer(request))
            return True
        self.prompts.append(json.loads(request.body))
        if self.kept:
            path = request.path.removeprefix(f"{PREFIX}/")
            session_id = unquote(path.partition("/")[0])
            events = self.documents[session_id]["events"]
            assert isinstance(events, list)
            self.documents[session_id] = document(session_id, *events, *self.kept)
        if self.reply:
            self.reply(request, connection)
            return False
        return self._reply(connection)

    def _reply(self, connection: socket.socket) -> bool:
        connection.sendall(stream_head())
        for piece in self.turn:
            connection.sendall(chunk(piece))
        connection.sendall(chunk(b""))
        return True

    def _answer(self, request: Request) -> bytes:
        if request.path == PREFIX:
            return self._page(parse_qs(request.target.partition("?")[2]))
        session_id = unquote(request.path.removeprefix(f"{PREFIX}/"))
        found = self.documents.get(session_id)
        return UNKNOWN if found is None else json_answer(found, close=False)

    def _page(self, query: Mapping[str, list[str]]) -> bytes:
        start = int(query.get("page_token", ["0"])[0])
        end = start + int(query.get("page_size", [str(self.page_size)])[0])
        listed = [*self.documents.values()][start:end]
        items = [{k: v for k, v in each.items() if k != "events"} for each in listed]
        token = str(end) if end < len(self.documents) else None
        return json_answer({"items": items, "next_page_token": token}, close=False)


def for_prompts(handler: Handler, session_id: str = "ses-1") -> Handler:
    """Return a handler that passes POSTs to *handler*, in a session without events."""
    empty = json_answer(document(session_id))

    def answer_all(request: Request, connection: socket.socket) -> object:
        if request.method == "POST":
            return handler(request, connection)
        connection.sendall(empty)
        return False

    return answer_all


class ExampleService(ChatAPI):
    """The service of one session that the docs' examples use.

    It serves the images itself.
    """

    url = ""  #: its URL, once it is started

    def __init__(self, session: Mapping[str, object]) -> None:
        super().__init__([session])
        turn = [delta("It "), delta("rose."), delta("It rose.", "text"), STOP]
        self.turn = [frame(event) for event in turn]

    def _answer(self, request: Request) -> bytes:
        if request.path == "/page":
            return answer(bytes(2048), 200, "Content-Type: image/jpeg")
        if request.path.startswith("/api/v1/beta/attachments/"):
            page = {"url": f"{self.url}/page?secret", "expires_at": FAR}
            return json_answer(page)
        return super()._answer(request)
