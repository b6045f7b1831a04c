"""What requests and all below it raise, as errors of this library.

They are raised without what caused them: the frames of requests and urllib3 hold the
key in their local variables, and their messages may hold a URL that is a secret.
"""

import http.client
import ssl
from collections.abc import Iterator
from typing import Final

from requests.exceptions import (
    ConnectTimeout,
    ContentDecodingError,
    InvalidURL,
    ProxyError,
)
from urllib3 import exceptions as urllib3

from replay.errors import (
    BackendError,
    BackendUnavailableError,
    BadResponseError,
    DeadlineExceededError,
    TLSError,
    TruncatedResponseError,
)
from replay.sanitizing import sanitize_line
from replay_backends.http.asks import SHOWN, Ask
from replay_backends.http.connections import HandshakeError

#: All that sending a request, or reading its answer, was seen to raise; a proxy without
#: a host is a TypeError.
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


def failure_of(
    error: Exception,
    ask: Ask,
    handled: BaseException | None,
    *,
    in_body: bool = False,
) -> BackendError:
    """Return the error of this library that says what *error* does.

    Args:
        error: One of :data:`TRANSPORT`.
        ask: What was asked for.
        handled: What the caller was handling when it was raised; Python has put that
            into *error*, and it is no part of what went wrong here.
        in_body: Whether the answer had begun.
    """
    chain = [*_chain(error, handled)]
    source, said = ask.source, _said(chain, ask)
    is_wrong = isinstance(error, TypeError | ValueError) and not in_body
    if is_wrong and not _has(chain, *_GARBLED):
        return BackendError(source, f"the request cannot be made: {said}")
    if _has(chain, ProxyError, urllib3.ProxyError):
        return BackendUnavailableError(source, f"the proxy failed: {said}")
    if _has(chain, *_TIMEOUTS):
        return DeadlineExceededError(source, "no whole answer in time")
    if type(error) is OSError:  # before anything was sent
        return TLSError(source, said, "see REQUESTS_CA_BUNDLE and verify=")
    if _has(chain, HandshakeError) and not _has(chain, *_CUT):
        return TLSError(source, f"no safe connection: {said}", _TLS_HINT)
    return _broken(chain, source, said, in_body=in_body)


def _broken(
    chain: list[BaseException], source: str, said: str, *, in_body: bool
) -> BackendError:
    if _has(chain, *_GARBLED) and not _has(chain, *_CUT):
        reason = f"the answer is not HTTP as it should be: {said}"
        return BadResponseError(source, reason)
    if in_body:
        return TruncatedResponseError(source, f"the answer broke off: {said}")
    return BackendUnavailableError(source, f"no answer: {said}")


def _has(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(each, kinds) for each in chain)


def was_never_sent(error: Exception, handled: BaseException | None) -> bool:
    """Tell whether *error* came before there was a connection to send through.

    Args:
        error: One of :data:`TRANSPORT`.
        handled: As for :func:`failure_of`.
    """
    return isinstance(error, ConnectTimeout) or any(
        isinstance(each, urllib3.NewConnectionError) for each in _chain(error, handled)
    )


def _chain(error: Exception, handled: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that it was made of, the outermost first."""
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


def _said(chain: list[BaseException], ask: Ask) -> str:
    """Return what the innermost of them says; the outer ones may show the URL."""
    if _has(chain, urllib3.LocationValueError, InvalidURL, TypeError):
        return "its URL, or that of the proxy, is none"  # which may hold a password
    last = chain[-1]
    if said := getattr(last, "strerror", None):  # by the system, or by OpenSSL
        return sanitize_line(said)[:SHOWN]
    return ask.shown(str(last)) or type(last).__name__
