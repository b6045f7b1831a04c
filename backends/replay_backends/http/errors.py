"""Conversion of the service's refusals, and of requests' and urllib3's errors, to ours.

They are raised without their cause: the frames of requests and urllib3 hold the key in
their local variables, and their messages may hold a URL that is a secret. Our own
frames may hold an answer in which a server sent it back, so errors leave them behind.
"""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec, TypeVar

import attrs
from requests.exceptions import (
    ConnectTimeout,
    ContentDecodingError,
    InvalidURL,
    ProxyError,
)
from urllib3 import exceptions as urllib3

from replay.authoring import is_deeper, sanitize_line
from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    BadResponseError,
    DeadlineExceededError,
    DecodeError,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitedError,
    SessionNotFoundError,
    TLSError,
    TruncatedResponseError,
)
from replay_backends.http.api_key import VARIABLES, Key
from replay_backends.http.request import SHOWN, Request
from replay_backends.http.transport import HandshakeError, TruncatedAnswerError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_SHOWN: Final = 80  # characters of an answer that isn't the service's
_DEEPEST: Final = 100  # levels of a detail; much deeper ones cannot be pickled
_CLASSES: Final[Mapping[int, type[BackendError]]] = {
    400: InvalidRequestError,
    401: AuthError,
    403: PermissionDeniedError,
    408: BackendUnavailableError,
    409: BackendUnavailableError,
    422: InvalidRequestError,
    429: RateLimitedError,
}
#: Everything that sending a request or reading its answer was seen to raise; a proxy
#: without a host is a TypeError.
TRANSPORT: Final = (
    OSError,
    TypeError,
    ValueError,
    http.client.HTTPException,
    urllib3.HTTPError,
)

_TIMEOUTS: Final = (TimeoutError, urllib3.ReadTimeoutError, ConnectTimeout)
_TLS_HINT: Final = "for a private authority, set REQUESTS_CA_BUNDLE to its certificate"
_CUT: Final = (http.client.IncompleteRead, ssl.SSLEOFError, ConnectionError)
_GARBLED: Final = (
    http.client.HTTPException,
    urllib3.DecodeError,
    urllib3.InvalidHeader,
    ContentDecodingError,
)


@attrs.frozen
class Refusal:
    """An answer without the requested content."""

    status: int
    headers: Mapping[str, str]  #: with case-insensitive names
    body: bytes  #: its beginning
    request: Request  #: the request that it answers

    def error(self, session_id: str | None, retry_after: float | None) -> BackendError:
        """Return the matching error; *session_id* is the requested session, if any."""
        if not HTTPStatus.BAD_REQUEST <= self.status < 600:  # noqa: PLR2004 - no status
            return self.bad_response()
        cls, reason = self._meaning(session_id)
        detail = self._detail()
        if detail is not None:
            said = detail if isinstance(detail, str) else _listed(detail)
            reason += f": {self.request.excerpt(said)}"
        error = cls(
            self.request.source,
            reason,
            _hint(cls, self.request.key),
            self.status,
            detail,
            self.request.excerpt(self.headers.get("x-request-id", ""), _SHOWN) or None,
        )
        if isinstance(error, RateLimitedError):
            return attrs.evolve(error, retry_after=retry_after)
        if isinstance(error, InvalidRequestError) and isinstance(detail, list):
            items = tuple(each for each in detail if isinstance(each, dict))
            return attrs.evolve(error, errors=items)
        return error

    def bad_response(self) -> BadResponseError:
        """Return the error for an answer that didn't come from the service."""
        kind = self.request.excerpt(
            self.headers.get("content-type", "nothing said"), _SHOWN
        )
        beginning = self.request.excerpt(self.body.decode("utf-8", "replace"), _SHOWN)
        said = "" if self.request.is_secret else f", {kind}: {beginning!r}"
        return BadResponseError(
            self.request.source,
            f"status {self.status}{said} isn't an answer from the service",
            "is there a proxy or a sign-in page in between?",
            self.status,
        )

    def _meaning(self, session_id: str | None) -> tuple[type[BackendError], str]:
        if self.status == HTTPStatus.NOT_FOUND and session_id is not None:
            return SessionNotFoundError, f"there is no session {session_id!a}"
        names = {each.value: each.phrase for each in HTTPStatus}
        said = f"{self.status} {names.get(self.status, '')}".rstrip()
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return BackendUnavailableError, said
        return _CLASSES.get(self.status, BackendError), said

    def _detail(self) -> object:
        """Return the service's own explanation; None if it gave none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        detail = value.get("detail") if isinstance(value, dict) else None
        if is_deeper(detail, _DEEPEST):
            return f"nested deeper than {_DEEPEST} levels"
        return _masked(detail, self.request)


def _masked(value: object, request: Request) -> object:
    match value:
        case str():
            return request.masked(value)
        case list():
            return [_masked(each, request) for each in value]
        case dict():
            return {
                request.masked(k): _masked(each, request) for k, each in value.items()
            }
    return value


def _listed(detail: object) -> str:
    items = detail if isinstance(detail, list) else [detail]
    return "; ".join(map(_item, items))


def _item(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    location = item.get("loc")
    steps = location if isinstance(location, list) else [location]
    return f"{'.'.join(map(str, steps))}: {item.get('msg')}"


def _hint(cls: type[BackendError], key: Key | None) -> str:
    if cls is AuthError:
        looked = f"looked for it in {' and '.join(VARIABLES)}"
        found = f"the key came from {key.origin}" if key else f"no key; {looked}"
        return f"{found}; a key is good in one region: see llamacloud-eu:"
    if cls is PermissionDeniedError:
        return "see the session's shared_access, and project_id="
    return ""


def transport_error(
    error: Exception,
    request: Request,
    handled: BaseException | None,
    *,
    in_body: bool = False,
) -> BackendError:
    """Return this library's equivalent of *error*.

    Args:
        error: One of :data:`TRANSPORT`.
        request: The request.
        handled: The exception that the caller was handling when it was raised; Python
            chained it to *error*, but it isn't part of this failure.
        in_body: Whether the answer had begun.
    """
    chain = [*_chain(error, handled)]
    source, said = request.source, _said(chain, request)
    is_wrong = isinstance(error, TypeError | ValueError) and not in_body
    if is_wrong and not _has(chain, *_GARBLED):
        return BackendError(source, f"the request cannot be made: {said}")
    if _has(chain, ProxyError, urllib3.ProxyError):
        return BackendUnavailableError(source, f"the proxy failed: {said}")
    if _has(chain, *_TIMEOUTS):
        return DeadlineExceededError(source, "no complete answer in time")
    if type(error) is OSError:  # before anything was sent
        return TLSError(source, said, "see REQUESTS_CA_BUNDLE; in Python, verify=")
    if _has(chain, HandshakeError) and not _has(chain, *_CUT):
        return TLSError(source, f"no safe connection: {said}", _TLS_HINT)
    return _broken(chain, source, said, in_body=in_body)


def _broken(
    chain: list[BaseException], source: str, said: str, *, in_body: bool
) -> BackendError:
    if _has(chain, *_GARBLED) and not _has(chain, *_CUT):
        reason = f"the answer isn't valid HTTP: {said}"
        return BadResponseError(source, reason)
    if in_body or _has(chain, TruncatedAnswerError):
        return TruncatedResponseError(source, f"the answer broke off: {said}")
    return BackendUnavailableError(source, f"no answer: {said}")


def _has(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(each, kinds) for each in chain)


def was_never_sent(error: Exception, handled: BaseException | None) -> bool:
    """Tell whether *error* came before a connection was made."""
    return isinstance(error, ConnectTimeout) or any(
        isinstance(each, urllib3.NewConnectionError) for each in _chain(error, handled)
    )


def _chain(error: Exception, handled: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all those inside it, the outermost first."""
    seen = {id(handled)}
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__context__, each.__cause__, getattr(each, "reason", None)]
        waiting += [arg for arg in each.args if isinstance(arg, BaseException)]


def _said(chain: list[BaseException], request: Request) -> str:
    """Return the innermost message; the outer ones may show the URL."""
    if _has(chain, urllib3.LocationValueError, InvalidURL, TypeError):
        return "its URL, or the proxy's, is malformed"  # which may hold a password
    last = chain[-1]
    if said := getattr(last, "strerror", None):  # by the system, or by OpenSSL
        return sanitize_line(said)[:SHOWN]
    return request.excerpt(str(last)) or type(last).__name__


def without_frames(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Return *function* such that its errors don't hold the frames that it called.

    Error trackers keep the local variables of all frames, and these may hold secrets.
    Errors of plugins, which are of other classes, keep their frames.
    """

    @wraps(function)
    def call(*args: _Given.args, **options: _Given.kwargs) -> _Result:
        try:
            return function(*args, **options)
        except (BackendError, DecodeError) as error:
            if error.__suppress_context__:
                error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - it is the same error

    return call
