"""A client of the service: requests, retries, redirects and answers."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from itertools import count
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import attrs
import requests
from urllib3.util import Timeout

from replay.authoring import is_loopback, os_errors_of, temporary_file
from replay.errors import (
    BackendError,
    DeadlineExceededError,
    DecodeError,
    LimitExceededError,
    UnsafeRedirectError,
)
from replay_backends.http.api_key import Key, no_key
from replay_backends.http.errors import (
    TRANSPORT,
    Refusal,
    transport_error,
    was_never_sent,
)
from replay_backends.http.request import Request, origin_of, split
from replay_backends.http.retries import (
    RetrySignal,
    is_worth_retrying,
    retry_after,
    with_retries,
)
from replay_backends.http.transport import (
    Cancellation,
    Deadline,
    TimedAdapter,
    read_piece,
)

_Result = TypeVar("_Result")
_MOST_REDIRECTS: Final = 5
#: The statuses of redirects.
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
#: The content type of an event stream.
EVENTS: Final = "text/event-stream"
_LONGEST_CONNECT: Final = 10.0  # seconds
_PIECE: Final = 1 << 16  # bytes
_IN_MEMORY: Final = 8 << 20  # bytes of a body; a longer one goes into a file
_SHOWN_BODY: Final = 1 << 16  # bytes of a refusal
_AGENT: Final = f"chat-replay/{version('chat-replay')}"


@attrs.frozen
class Client:
    """A client of the service's API."""

    base: str  #: URL that paths are added to
    key: Key | None
    scope: Mapping[str, str]  #: parameters of every request
    timeout: float  #: seconds for a call, including retries
    retries: int
    max_bytes: int  #: maximum bytes of a decoded answer
    verify: bool | str
    session: requests.Session
    cancellation: Cancellation | None = None  #: ends all calls; None: they run on

    def with_own_connections(self, connections: int) -> "Client":
        """Return a client with its own connections, whose calls can be ended."""
        cancellation = Cancellation()
        session = new_session(connections, cancellation=cancellation)
        return attrs.evolve(self, session=session, cancellation=cancellation)

    def hang_up(self) -> None:
        """Close the connections.

        A client of :meth:`with_own_connections` ends all calls for good.
        """
        if self.cancellation:
            self.cancellation.cancel()
        self.session.close()

    def get(
        self,
        path: str,
        decode: Callable[[BinaryIO], _Result],
        *,
        params: Mapping[str, str] | None = None,
        session_id: str | None = None,
        deadline: Deadline | None = None,
    ) -> _Result:
        """Return the result of *decode* on the answer to a GET.

        Args:
            path: The path to add to the base.
            decode: Decodes the JSON body. If it raises a DecodeError, the body may have
                been cut off, so it is fetched once more.
            params: Query parameters, besides the scope.
            session_id: The requested session; None: the request isn't for a session.
            deadline: The deadline of a call that this is part of; None: it is a call
                of its own.

        Raises:
            BackendError: The service cannot be reached, or refuses the request.
            LimitExceededError: The answer is too long.
            DecodeError: The answer isn't what *decode* expects.
        """
        request = self.request("GET", path, params=params)
        until = deadline or Deadline(self.timeout, request.source)
        unreadable = count()  # answers so far

        def attempt() -> _Result:
            with closing(self._followed(request, until)) as response:
                raise_for_refusal(response, request, session_id)
                try:
                    with spool_body(response, request, self.max_bytes, until) as body:
                        return decode(body)
                except DecodeError as error:
                    failure: DecodeError | RetrySignal = request.with_source(error)
                    is_long = isinstance(error, LimitExceededError)
                    if not is_long and not next(unreadable):
                        failure = RetrySignal(request.with_source(error))
                raise failure  # here, so that the earlier error isn't chained to it

        return with_retries(attempt, self.retries, until, self.cancellation)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Request:
        """Return a request for a path: a GET for JSON, a POST for events."""
        url = self.base + path
        params = {**self.scope, **(params or {})}
        request = Request(
            method, url, url, self.key, self.verify, params=params, body=body
        )
        return attrs.evolve(request, accept=EVENTS) if method == "POST" else request

    def _followed(self, request: Request, deadline: Deadline) -> requests.Response:
        source = request.source
        for _ in range(_MOST_REDIRECTS + 1):
            response = send(self.session, request, deadline)
            location = response.headers.get("location", "")
            if response.status_code not in REDIRECTS or not location:
                return response
            response.close()
            request = _redirected(request, location)
        raise UnsafeRedirectError(source, f"more than {_MOST_REDIRECTS} redirects")


def _redirected(request: Request, location: str) -> Request:
    try:
        url = urljoin(request.url, location)
    except ValueError:
        url = ""  # refused below, like any invalid URL
    here = origin_of(split(request.url, request.source))
    there = origin_of(split(url, request.source))
    if here != there:
        reason = f"it redirects from {here} to {request.excerpt(there)}"
        raise UnsafeRedirectError(request.source, reason)
    return attrs.evolve(request, url=url, params={})


def new_session(
    connections: int,
    check_peer: Callable[[str], None] | None = None,
    cancellation: Cancellation | None = None,
) -> requests.Session:
    """Return a requests session that keeps no cookies and obeys deadlines.

    Its arguments are those of :class:`~replay_backends.http.transport.TimedAdapter`.
    """
    session = _Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter(connections, check_peer, cancellation))
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing: :class:`Client` follows redirects itself.

        If requests sees a redirect, it reads the body, however long.
        """

    def merge_environment_settings(
        self,
        url: Any,  # noqa: ANN401 - as requests declares it
        *given: Any,  # noqa: ANN401 - as requests declares it
    ) -> Any:  # noqa: ANN401 - as requests declares it
        """Return the environment's settings, without proxies for this machine."""
        settings = super().merge_environment_settings(url, *given)
        is_here = is_loopback(str(urlsplit(url).hostname))
        return {**settings, "proxies": {}} if is_here else settings


def send(
    session: requests.Session, request: Request, deadline: Deadline
) -> requests.Response:
    """Send a request once, and return the answer when its headers have arrived.

    Raises:
        RetrySignal: It failed and may be sent again: it was a GET, or nothing was sent.
        BackendError: It failed and may not be sent again.
    """
    headers = {"Accept": request.accept, "User-Agent": _AGENT}
    if request.accept == EVENTS:
        headers["Accept-Encoding"] = "identity"  # compression would delay events
    left = deadline.remaining_timeout()
    handled = sys.exception()
    try:
        return session.request(
            request.method,
            request.url,
            params=request.params,
            json=request.body,
            headers=headers,
            auth=request.key or no_key,
            timeout=Timeout(  # type: ignore[arg-type]  # requests takes it; the stubs do not
                connect=min(_LONGEST_CONNECT, left), total=left
            ),
            allow_redirects=False,
            stream=True,
            verify=request.verify,
        )
    except TRANSPORT as error:
        failure = _in_time(transport_error(error, request, handled), deadline)
        is_safe = request.method == "GET" or was_never_sent(error, handled)
    if failure.retryable and is_safe:
        raise RetrySignal(failure)
    raise failure


def iter_body(
    response: requests.Response, request: Request, deadline: Deadline | None = None
) -> Iterator[bytes]:
    """Yield an answer's decoded body as it arrives.

    Raises:
        BackendError: It breaks off, or takes too long.
    """
    while True:
        handled = sys.exception()  # each piece may have another caller
        try:
            piece = read_piece(response.raw, _PIECE)
        except TRANSPORT as error:
            failure = transport_error(error, request, handled, in_body=True)
        else:
            if not piece:
                return
            yield piece
            continue
        raise _in_time(failure, deadline)


def spool_body(
    response: requests.Response, request: Request, max_bytes: int, deadline: Deadline
) -> BinaryIO:
    """Return a GET's decoded body as a file, which is on disk if it is long.

    If the request has a key, the body is JSON, and the key is masked in it.

    Raises:
        LimitExceededError: It is longer than *max_bytes* bytes.
        RetrySignal: It breaks off, or takes too long.
        BackendError: It cannot be decoded or stored.
    """
    with os_errors_of(request.source), ExitStack() as undo:
        file = undo.enter_context(temporary_file(_IN_MEMORY))
        for piece in _iter_body_or_retry(response, request, deadline):
            file.write(piece)
            if file.tell() > max_bytes:
                reason = f"longer than {max_bytes} bytes"
                hint = "raise Limits(response_bytes=…)"
                raise LimitExceededError(
                    where="$", reason=reason, source=request.source, hint=hint
                )
        file.seek(0)
        if request.key:
            request.key.remove_from_file(file)
        undo.pop_all()
    return file


def _iter_body_or_retry(
    response: requests.Response, request: Request, deadline: Deadline
) -> Iterator[bytes]:
    try:
        yield from iter_body(response, request, deadline)
    except BackendError as error:
        if error.retryable:
            raise RetrySignal(error) from None
        raise


def body_prefix(response: requests.Response, request: Request) -> bytes:
    """Return the beginning of a refusal's body, as far as it can be read."""
    beginning = bytearray()
    with suppress(BackendError):
        for piece in iter_body(response, request):
            beginning += piece
            if len(beginning) >= _SHOWN_BODY:
                break
    return bytes(beginning[:_SHOWN_BODY])


def _in_time(failure: BackendError, deadline: Deadline | None) -> BackendError:
    """Return *failure*, or the deadline's own error if it is a timeout."""
    is_late = isinstance(failure, DeadlineExceededError)
    return deadline.exceeded() if is_late and deadline else failure


def raise_for_refusal(
    response: requests.Response,
    request: Request,
    session_id: str | None,
    kind: str = "json",
) -> None:
    """Raise an error unless an answer has the requested content.

    Args:
        response: The answer; if it is a refusal, its body is read.
        request: The request.
        session_id: The requested session; None: the request isn't for a session.
        kind: Text that the right content type contains.

    Raises:
        RetrySignal: It is a refusal, and the request may be repeated.
        BackendError: It is another refusal, or isn't from the service at all.
    """
    status, headers = response.status_code, response.headers
    if status == HTTPStatus.OK and kind in headers.get("content-type", kind).lower():
        return
    body = b"" if request.is_secret else body_prefix(response, request)
    refusal = Refusal(status, headers, body, request)
    if status == HTTPStatus.OK:
        raise refusal.bad_response()
    after = retry_after(headers, time.time())
    error = refusal.error(session_id, after)
    if request.method == "GET" and is_worth_retrying(status, headers):
        raise RetrySignal(error, after)
    raise error
