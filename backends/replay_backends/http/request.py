"""Requests to the service: URLs and prompts, and their masking in messages."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

import attrs

from replay.authoring import excerpt, is_loopback, sanitize_line
from replay.errors import (
    BackendError,
    DecodeError,
    InvalidRequestError,
    SessionNotFoundError,
)
from replay_backends.http.api_key import Key

#: The service's default URL.
HOME: Final = "https://api.cloud.llamaindex.ai"
_API: Final = "/api/v1"
_PORTS: Final = {"http": 80, "https": 443}
#: Maximum number of characters that a message quotes.
SHOWN: Final = 200
_Decode = TypeVar("_Decode", bound=DecodeError)
_LONGEST_PROMPT: Final = 1000  # characters
_MOST_INDEXES: Final = 10


@attrs.frozen
class Request:
    """A request to the service, or for a page image."""

    method: str
    url: str = attrs.field(repr=False)  #: may be a secret
    source: str  #: its name in messages; no part of it is secret
    key: Key | None
    verify: bool | str
    accept: str = "application/json"
    params: Mapping[str, str] = attrs.field(factory=dict)
    body: object = None  #: JSON; None: there is none
    is_secret: bool = False  #: whether the URL is secret; an answer may repeat it

    def masked(self, text: str) -> str:
        """Return a server's text with the key masked, in case it was sent back."""
        return self.key.masked(text) if self.key else text

    def removed(self, text: str) -> str:
        """Return a text to be kept with the key masked."""
        return self.key.removed(text) if self.key else text

    def removed_from_json(self, text: bytes) -> bytes:
        """Return JSON to be kept with the key masked."""
        return self.key.removed_from_json(text) if self.key else text

    def excerpt(self, text: str, max_length: int = SHOWN) -> str:
        """Return the part of a server's text that a message may show, on one line.

        It is empty if the URL is a secret.
        """
        if self.is_secret:
            return ""
        return excerpt(sanitize_line(self.masked(text)), max_length)

    def with_source(self, error: _Decode) -> _Decode:
        """Return an error in a server's data, with the source, and the key masked."""
        where, reason = self.masked(error.where), self.masked(error.reason)
        return attrs.evolve(error, source=self.source, where=where, reason=reason)


@attrs.frozen
class Prompt:
    """A prompt, as it is sent."""

    session_id: str
    text: str
    index_ids: Sequence[str]
    require_all_indexes: bool

    def check(self, source: str) -> None:
        """Refuse a prompt that the service would refuse.

        Args:
            source: The service's name in messages.

        Raises:
            InvalidRequestError: It is too long, or names no index or too many.

        Source: the service's OpenAPI document of 2026-08-20; for the limit of ten
            indexes, its guide.
        """
        if len(self.text) > _LONGEST_PROMPT:
            count = len(self.text)
            reason = (
                f"a prompt can have at most {_LONGEST_PROMPT} characters, not {count}"
            )
            raise InvalidRequestError(source, reason)
        if isinstance(self.index_ids, str):
            reason = "index_ids must be a list of ids, not a string"
            raise InvalidRequestError(source, reason, f"[{self.index_ids!a}]")
        count = len(self.index_ids)
        if not 1 <= count <= _MOST_INDEXES:
            reason = f"a prompt needs 1 to {_MOST_INDEXES} indexes, not {count}"
            raise InvalidRequestError(source, reason)

    def body(self) -> dict[str, object]:
        """Return the JSON object to send."""
        body: dict[str, object] = {"prompt": self.text, "index_ids": [*self.index_ids]}
        if self.require_all_indexes:
            body["require_all_indexes"] = True
        return body


def base_url(location: str, *, allow_plain_http: bool = False) -> str:
    """Return the URL that the API's paths are added to.

    Args:
        location: A URL as users write it; without a scheme, it is an https URL.
        allow_plain_http: Whether unencrypted connections to other machines are allowed.

    Raises:
        BackendError: It isn't such a URL, or the key would travel unencrypted.
    """
    text = location.strip()
    shown = text.rpartition("@")[2]  # the part before it may be a secret
    parts = split(text if "://" in text else f"https://{text}", shown)
    if parts.username is not None or parts.query or parts.fragment:
        reason = "only a host, a port and a path are allowed in the URL"
        raise BackendError(str(parts.hostname), reason)
    is_safe = parts.scheme == "https" or is_loopback(str(parts.hostname))
    if not is_safe and not allow_plain_http:
        reason = "plain http would send the key and the sessions unencrypted"
        hint = "use https; in Python, allow_plain_http=True"
        raise BackendError(location, reason, hint)
    path = parts.path.rstrip("/").removesuffix(_API)
    return f"{parts.scheme}://{parts.netloc}{path}{_API}"


def split(url: str, source: str) -> SplitResult:
    """Return the parts of an http or https URL.

    Args:
        url: The URL.
        source: Its name in messages.

    Raises:
        BackendError: It isn't one. A URL with a backslash isn't one, either: for
            requests, the host ends there, and for the standard library it doesn't.
    """
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and "\\" not in url
        _ = parts.port  # parsed on access
    except ValueError:
        is_usable = False
    if not is_usable:
        reason = "this isn't an http or https URL"
        raise BackendError(source, reason, f"such as {HOME}")
    return parts


def path_segment(name: str) -> str | None:
    """Return a name as one segment of a path; None if it would lead elsewhere."""
    if name in ("", ".", ".."):
        return None
    return quote(name, safe="", errors="surrogatepass")


def origin_of(parts: SplitResult) -> str:
    """Return a URL's scheme, host and port, with the default port filled in."""
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}"


def session_path(session_id: str, source: str) -> str:
    """Return the path of a session below the API's base.

    Raises:
        SessionNotFoundError: The id would lead elsewhere, so no session can have it.
    """
    segment = path_segment(session_id)
    if segment is None:
        raise SessionNotFoundError(source, f"there is no session {session_id!a}")
    return f"/chat/{segment}"
