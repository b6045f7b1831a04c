"""One request and its answer, without retries."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from importlib.metadata import version
from typing import BinaryIO, Final

import requests
from urllib3.util import Timeout

from replay.errors import (
    BackendError,
    DeadlineExceededError,
    LimitExceededError,
    os_errors_of,
)
from replay.security.files import temporary_file
from replay_backends.http.errors import TRANSPORT, failure_of, was_never_sent
from replay_backends.http.request import Ask, no_key
from replay_backends.http.retries import Again
from replay_backends.http.transport import Deadline

#: The content type of a stream of events.
EVENTS: Final = "text/event-stream"
_LONGEST_CONNECT: Final = 10.0  # seconds
_PIECE: Final = 1 << 16  # bytes
_IN_MEMORY: Final = 8 << 20  # bytes of a body; a longer one goes into a file
_SHOWN_BODY: Final = 1 << 16  # bytes of a refusal
_AGENT: Final = f"chat-replay/{version('chat-replay')}"


def send(session: requests.Session, ask: Ask, deadline: Deadline) -> requests.Response:
    """Send a request once, and return the answer once its headers are there.

    Raises:
        Again: It may be sent again: it was a GET, or no byte of it has left.
        BackendError: It may not.
    """
    headers = {"Accept": ask.accept, "User-Agent": _AGENT}
    if ask.accept == EVENTS:
        headers["Accept-Encoding"] = "identity"  # or events would wait for others
    left = deadline.left()
    handled = sys.exception()
    try:
        return session.request(
            ask.method,
            ask.url,
            params=ask.params,
            json=ask.body,
            headers=headers,
            auth=ask.key or no_key,
            timeout=Timeout(  # type: ignore[arg-type]  # requests takes it; the stubs do not
                connect=min(_LONGEST_CONNECT, left), total=left
            ),
            allow_redirects=False,
            stream=True,
            verify=ask.verify,
        )
    except TRANSPORT as error:
        failure = _in_time(failure_of(error, ask, handled), deadline)
        is_safe = ask.method == "GET" or was_never_sent(error, handled)
    if failure.retryable and is_safe:
        raise Again(failure)
    raise failure


def pieces(
    response: requests.Response, ask: Ask, deadline: Deadline | None = None
) -> Iterator[bytes]:
    """Yield an answer's decoded body as it arrives.

    Raises:
        BackendError: It breaks off, or takes too long.
    """
    while True:
        handled = sys.exception()  # another caller may ask for each piece
        try:
            piece: bytes = response.raw.read1(_PIECE, decode_content=True)
        except TRANSPORT as error:
            failure = failure_of(error, ask, handled, in_body=True)
        else:
            if not piece:
                return
            yield piece
            continue
        raise _in_time(failure, deadline)


def body_of(
    response: requests.Response, ask: Ask, most: int, deadline: Deadline
) -> BinaryIO:
    """Return a GET's decoded body as a file; a long one is not in memory.

    Raises:
        LimitExceededError: It is longer than *most* bytes.
        Again: It breaks off, or takes too long.
        BackendError: It cannot be decoded, or not be kept.
    """
    with os_errors_of(ask.source), ExitStack() as undo:
        file = undo.enter_context(temporary_file(_IN_MEMORY))
        for piece in _pieces_or_again(response, ask, deadline):
            file.write(piece)
            if file.tell() > most:
                reason = f"longer than {most} bytes"
                hint = "raise Limits(response_bytes=…)"
                raise LimitExceededError(
                    where="$", reason=reason, source=ask.source, hint=hint
                )
        file.seek(0)
        undo.pop_all()
    return file


def _pieces_or_again(
    response: requests.Response, ask: Ask, deadline: Deadline
) -> Iterator[bytes]:
    try:
        yield from pieces(response, ask, deadline)
    except BackendError as error:
        if error.retryable:
            raise Again(error) from None
        raise


def beginning_of(response: requests.Response, ask: Ask) -> bytes:
    """Return the beginning of a refusal's body, as far as it can be read."""
    beginning = bytearray()
    with suppress(BackendError):
        for piece in pieces(response, ask):
            beginning += piece
            if len(beginning) >= _SHOWN_BODY:
                break
    return bytes(beginning[:_SHOWN_BODY])


def _in_time(failure: BackendError, deadline: Deadline | None) -> BackendError:
    """Return *failure*, or what says which time it was that is over."""
    is_late = isinstance(failure, DeadlineExceededError)
    return deadline.exceeded() if is_late and deadline else failure
