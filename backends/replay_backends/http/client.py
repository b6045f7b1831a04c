"""The service as a place that answers: retries, redirects, refusals."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import attrs
import requests

from replay.errors import DecodeError, LimitExceededError, UnsafeRedirectError
from replay.security.hosts import is_loopback
from replay_backends.http.errors import Refusal
from replay_backends.http.exchange import EVENTS, beginning_of, body_of, send
from replay_backends.http.request import Ask, Key, origin_of, split
from replay_backends.http.retries import (
    Again,
    is_worth_retrying,
    retry_after,
    with_retries,
)
from replay_backends.http.transport import Deadline, Halt, TimedAdapter

_Result = TypeVar("_Result")
_MOST_REDIRECTS: Final = 5
#: Statuses that lead elsewhere.
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def new_session(
    connections: int,
    check_peer: Callable[[str], None] | None = None,
    halt: Halt | None = None,
) -> requests.Session:
    """Return a session of requests that keeps no cookies and obeys deadlines.

    Args:
        connections: How many are kept for use at once.
        check_peer: See :class:`~replay_backends.http.transport.TimedAdapter`.
        halt: See there.
    """
    session = _Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter(connections, check_peer, halt))
    return session


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing, for :class:`Client` follows.

        Of a redirect that it sees, requests reads the body, however long.
        """

    def merge_environment_settings(
        self,
        url: Any,  # noqa: ANN401 - as requests declares it
        *given: Any,  # noqa: ANN401 - as requests declares it
    ) -> Any:  # noqa: ANN401 - as requests declares it
        """Return what the environment says; no proxy stands before this machine."""
        settings = super().merge_environment_settings(url, *given)
        is_here = is_loopback(str(urlsplit(url).hostname))
        return {**settings, "proxies": {}} if is_here else settings


@attrs.frozen
class Client:
    """Asks the service."""

    base: str  #: URL that paths are added to
    key: Key | None
    scope: Mapping[str, str]  #: parameters that every request has
    timeout: float  #: seconds for a call, its retries included
    retries: int
    most: int  #: bytes of an answer, decoded
    verify: bool | str
    session: requests.Session
    halt: Halt | None = None  #: ends all calls; None: nothing does

    def apart(self, connections: int) -> "Client":
        """Return a client with connections of its own, which can be hung up."""
        halt = Halt()
        session = new_session(connections, halt=halt)
        return attrs.evolve(self, session=session, halt=halt)

    def hang_up(self) -> None:
        """End all calls, also those that wait in other threads, and begin no more."""
        if self.halt:
            self.halt.come()
        self.session.close()

    def get(
        self,
        path: str,
        read: Callable[[BinaryIO], _Result],
        *,
        params: Mapping[str, str] | None = None,
        session_id: str | None = None,
        deadline: Deadline | None = None,
    ) -> _Result:
        """Return what *read* makes of the answer to a GET.

        Args:
            path: What is added to the base.
            read: Takes the body, which is JSON; where it raises a DecodeError, the
                body may have been cut off, so it is fetched once more.
            params: Of the query, besides the scope.
            session_id: The session that is asked for; None: no session is.
            deadline: Of the call that this is a part of; None: it is one by itself.

        Raises:
            BackendError: The service does not give it.
            LimitExceededError: The answer is too long.
            DecodeError: The answer is not what *read* expects.
        """
        ask = self.asking("GET", path, params=params)
        until = deadline or Deadline(self.timeout, ask.source)
        unreadable = count()  # answers so far

        def attempt() -> _Result:
            with closing(self._followed(ask, until)) as response:
                check(response, ask, session_id)
                try:
                    with body_of(response, ask, self.most, until) as body:
                        return read(body)
                except DecodeError as error:
                    failure: DecodeError | Again = ask.placed(error)
                    is_long = isinstance(error, LimitExceededError)
                    if not is_long and not next(unreadable):
                        failure = Again(ask.placed(error))
                raise failure  # here, where the error before it is not kept with it

        return with_retries(attempt, self.retries, until, self.halt)

    def asking(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Ask:
        """Return what asks the service for a path: a GET for JSON, a POST for events.

        Args:
            method: ``GET`` or ``POST``.
            path: What is added to the base.
            params: Of the query, besides the scope.
            body: What to send, as JSON; None: nothing.
        """
        url = self.base + path
        params = {**self.scope, **(params or {})}
        ask = Ask(method, url, url, self.key, self.verify, params=params, body=body)
        return attrs.evolve(ask, accept=EVENTS) if method == "POST" else ask

    def _followed(self, ask: Ask, deadline: Deadline) -> requests.Response:
        source = ask.source
        for _ in range(_MOST_REDIRECTS + 1):
            response = send(self.session, ask, deadline)
            location = response.headers.get("location", "")
            if response.status_code not in REDIRECTS or not location:
                return response
            response.close()
            ask = _redirected(ask, location)
        raise UnsafeRedirectError(source, f"more than {_MOST_REDIRECTS} redirects")


def check(
    response: requests.Response, ask: Ask, session_id: str | None, kind: str = "json"
) -> None:
    """Raise the error that an answer is, unless it gives what was asked for.

    Args:
        response: The answer; of a refusal, the body is read.
        ask: What was asked for.
        session_id: The session that was asked for; None: no session was.
        kind: What the content type holds where it is right.

    Raises:
        Again: It is a refusal, and the request may be made again.
        BackendError: It is another refusal, or not from the service at all.
    """
    status, headers = response.status_code, response.headers
    if status == HTTPStatus.OK and kind in headers.get("content-type", kind).lower():
        return
    body = b"" if ask.is_secret else beginning_of(response, ask)
    refusal = Refusal(status, headers, body, ask)
    if status == HTTPStatus.OK:
        raise refusal.bad_response()
    after = retry_after(headers, time.time())
    error = refusal.error(session_id, after)
    if ask.method == "GET" and is_worth_retrying(status, headers):
        raise Again(error, after)
    raise error


def _redirected(ask: Ask, location: str) -> Ask:
    try:
        url = urljoin(ask.url, location)
    except ValueError:
        url = ""  # which is refused like any that is none
    here = origin_of(split(ask.url, ask.source))
    there = origin_of(split(url, ask.source))
    if here != there:
        reason = f"it leads from {here} to {ask.shown(there)}"
        raise UnsafeRedirectError(ask.source, reason)
    return attrs.evolve(ask, url=url, params={})
