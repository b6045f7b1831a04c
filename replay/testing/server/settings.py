"""The settings of a server, and the extra that it needs."""

from importlib import import_module
from typing import Final, Literal, TypeAlias

import attrs
from attrs.validators import gt, optional

from replay.errors import UnsupportedError
from replay.security.hosts import is_loopback
from replay.testing.server.faults import Fault

#: The token on the last page of a list; the service has used all three.
LastPageToken: TypeAlias = Literal["absent", "null", "empty"]

_COMMAND: Final = "replay serve"


def require_extra() -> None:
    """Check that the extra is installed.

    Raises:
        UnsupportedError: It isn't.
    """
    for name in ("h11", "pydantic", "starlette"):
        try:
            import_module(name)
        except ImportError as error:
            reason = f"{name} is needed, and cannot be imported"
            hint = 'pip install "chat-replay[serve]"'
            raise UnsupportedError(_COMMAND, reason, hint) from error


@attrs.frozen(kw_only=True)
class ServerSettings:
    """The settings of a server.

    Raises:
        ValueError: A number isn't above zero, or other machines may reach the host
            without ``allow_remote``.
    """

    host: str = "127.0.0.1"  #: the address to listen on
    allow_remote: bool = False  #: whether other machines may reach the host
    port: int = 0  #: 0: any that is free
    api_key: str | None = attrs.field(default=None, repr=False)  #: None: any will do
    #: recorded seconds per second; None: a stream never waits
    speed: float | None = attrs.field(default=None, validator=optional(gt(0)))
    #: each request meets the first fault that has uses left
    faults: tuple[Fault, ...] = ()
    #: entries on a page, unless the request says otherwise
    page_size: int = attrs.field(default=50, validator=gt(0))
    last_page_token: LastPageToken = "absent"  # noqa: S105 - of a page, no secret
    attachment_seconds: float = 3600.0  #: how long the URL of an image is valid
    #: how long a client may take to send a request, or to begin the next one
    request_seconds: float = attrs.field(default=60.0, validator=gt(0))
    #: how long a stream is silent before it pings
    ping_seconds: float = attrs.field(default=15.0, validator=gt(0))

    def __attrs_post_init__(self) -> None:
        if not (self.allow_remote or is_loopback(self.host)):
            message = f"the host is {self.host!a}, and other machines may reach it: "
            raise ValueError(message + "set allow_remote=True")
