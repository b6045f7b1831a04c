"""Answers that come in the place of the application's."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from replay.json_text import write
from replay.serving.answers import Answer, Headers, phrase_of
from replay.serving.client_requests import ClientRequest
from replay.serving.faults import Fault

_PORTAL: Final = (
    b"<!doctype html><title>Welcome</title><p>Accept the terms to use this network."
)
_RETRY_AFTER: Final = "1"  # seconds


def stand_in(fault: Fault, request: ClientRequest) -> Answer | None:
    """Return what answers a request in the application's place.

    Args:
        fault: What is to go wrong.
        request: What the client asks.

    Returns:
        None: with this fault, the application is asked.
    """
    if fault.is_status:
        status = int(fault.name)
        is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        wait = fault.value or (_RETRY_AFTER if is_limit else None)
        return error_answer(status, phrase_of(status), wait)
    if fault.name == "captive-portal":
        return _answer(200, [(b"content-type", b"text/html")], _PORTAL)
    if fault.name == "redirect":
        location = _with_path(fault.value or "", request.target)
        return _answer(307, [(b"location", location)], b"")
    return None


def error_answer(status: int, detail: str, retry_after: str | None = None) -> Answer:
    """Return an answer with an error's status, as the service shapes it."""
    headers = [(b"content-type", b"application/json")]
    if retry_after is not None:
        headers.append((b"retry-after", retry_after.encode()))
    return _answer(status, headers, write({"detail": detail}))


def _with_path(url: str, target: bytes) -> bytes:
    """Return a URL to redirect to; where it has no path, with the request's own."""
    return url.encode() if urlsplit(url).path else url.encode() + target


def _answer(status: int, headers: Headers, body: bytes) -> Answer:
    async def pieces() -> AsyncIterator[bytes]:
        yield body

    return Answer(status, [*headers, (b"content-length", b"%d" % len(body))], pieces())
