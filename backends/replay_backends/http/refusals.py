"""What the service's refusals mean, as errors that say what to do."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import attrs

from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    BadResponseError,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitedError,
    SessionNotFoundError,
)
from replay.json_text import is_deeper
from replay_backends.http.asks import Ask
from replay_backends.http.keys import VARIABLES, Key

_SHOWN: Final = 80  # characters of what is no answer of the service
_DEEPEST: Final = 100  # levels of a detail; much deeper, it could not be pickled
_CLASSES: Final[Mapping[int, type[BackendError]]] = {
    400: InvalidRequestError,
    401: AuthError,
    403: PermissionDeniedError,
    408: BackendUnavailableError,
    409: BackendUnavailableError,
    422: InvalidRequestError,
    429: RateLimitedError,
}


@attrs.frozen
class Refusal:
    """An answer that does not give what was asked for."""

    status: int
    headers: Mapping[str, str]  #: in whatever case they are asked for
    body: bytes  #: its beginning
    ask: Ask  #: what it answers

    def error(self, session_id: str | None, retry_after: float | None) -> BackendError:
        """Return the error that it is.

        Args:
            session_id: The session that was asked for; None: no session was.
            retry_after: Seconds that the service asks to wait; None: it does not.
        """
        if not HTTPStatus.BAD_REQUEST <= self.status < 600:  # noqa: PLR2004 - no status
            return self.bad_response()
        cls, reason = self._meaning(session_id)
        detail = self._detail()
        if detail is not None:
            said = detail if isinstance(detail, str) else _listed(detail)
            reason += f": {self.ask.shown(said)}"
        error = cls(
            self.ask.source,
            reason,
            _hint(cls, self.ask.key),
            self.status,
            detail,
            self.ask.shown(self.headers.get("x-request-id", ""), _SHOWN) or None,
        )
        if isinstance(error, RateLimitedError):
            return attrs.evolve(error, retry_after=retry_after)
        if isinstance(error, InvalidRequestError) and isinstance(detail, list):
            items = tuple(each for each in detail if isinstance(each, dict))
            return attrs.evolve(error, errors=items)
        return error

    def bad_response(self) -> BadResponseError:
        """Return the error that says that this is no answer of the service."""
        kind = self.ask.shown(self.headers.get("content-type", "nothing said"), _SHOWN)
        beginning = self.ask.shown(self.body.decode("utf-8", "replace"), _SHOWN)
        said = "" if self.ask.is_secret else f", {kind}: {beginning!r}"
        return BadResponseError(
            self.ask.source,
            f"status {self.status}{said} is no answer of the service",
            "is there a proxy or a sign-in page between?",
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
        """Return what the service says of it; None where it does not."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        detail = value.get("detail") if isinstance(value, dict) else None
        if is_deeper(detail, _DEEPEST):
            return f"nested deeper than {_DEEPEST} levels"
        return _masked(detail, self.ask)


def _masked(value: object, ask: Ask) -> object:
    match value:
        case str():
            return ask.masked(value)
        case list():
            return [_masked(each, ask) for each in value]
        case dict():
            return {ask.masked(k): _masked(each, ask) for k, each in value.items()}
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
        looked = f"looked for it in api_key=, {' and '.join(VARIABLES)}"
        found = f"the key came from {key.origin}" if key else f"no key; {looked}"
        return f"{found}; a key is good in one region: see llamacloud-eu:"
    if cls is PermissionDeniedError:
        return "see the session's shared_access, and project_id="
    return ""
