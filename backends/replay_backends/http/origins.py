"""Where the service is, and where requests may go."""

from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from replay.errors import BackendError, SessionNotFoundError
from replay.hosts import is_loopback

#: Where the service is, unless one says otherwise.
HOME: Final = "https://api.cloud.llamaindex.ai"
_API: Final = "/api/v1"
_PORTS: Final = {"http": 80, "https": 443}


def base_url(location: str, *, allow_plain_http: bool = False) -> str:
    """Return the URL that the API's paths are added to.

    Args:
        location: A URL as users write it; without a scheme, it is one of https.
        allow_plain_http: Whether an unencrypted connection may leave this machine.

    Raises:
        BackendError: It is no such URL, or the key would travel unencrypted.
    """
    text = location.strip()
    shown = text.rpartition("@")[2]  # what stands before it may be a secret
    parts = split(text if "://" in text else f"https://{text}", shown)
    if parts.username is not None or parts.query or parts.fragment:
        reason = "only a host, a port and a path may stand in the URL"
        raise BackendError(str(parts.hostname), reason)
    is_safe = parts.scheme == "https" or is_loopback(str(parts.hostname))
    if not is_safe and not allow_plain_http:
        reason = "plain http would send the key and the sessions unencrypted"
        raise BackendError(location, reason, "use https, or allow_plain_http=True")
    path = parts.path.rstrip("/").removesuffix(_API)
    return f"{parts.scheme}://{parts.netloc}{path}{_API}"


def split(url: str, source: str) -> SplitResult:
    """Return the parts of a URL of http or https.

    Args:
        url: The URL.
        source: What messages call it.

    Raises:
        BackendError: It is none. One with a backslash is none, either: for requests,
            the host ends there, and for the standard library it does not.
    """
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and "\\" not in url
        _ = parts.port  # parsed when it is asked for
    except ValueError:
        is_usable = False
    if not is_usable:
        reason = "this is no URL of http or https"
        raise BackendError(source, reason, f"such as {HOME}")
    return parts


def one_step(name: str) -> str | None:
    """Return a name as one step of a path; None where it would lead elsewhere."""
    if name in ("", ".", ".."):
        return None
    return quote(name, safe="", errors="surrogatepass")


def origin_of(parts: SplitResult) -> str:
    """Return scheme, host and port, the same for all URLs that share them."""
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}"


def session_path(session_id: str, source: str) -> str:
    """Return the path of a session below the API's base.

    Raises:
        SessionNotFoundError: The id would lead elsewhere, so it can be no session's.
    """
    step = one_step(session_id)
    if step is None:
        raise SessionNotFoundError(source, f"there is no session {session_id!a}")
    return f"/chat/{step}"
