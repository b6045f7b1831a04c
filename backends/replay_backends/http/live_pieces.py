"""What arrives of a turn that is under way, for as long as it shows signs of life."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, cast

import requests

from replay_backends.http.asks import Ask
from replay_backends.http.exchange import pieces

if TYPE_CHECKING:
    from replay_backends.http.connections import TimedConnection

_AFTER_STOP: Final = 1.0  # seconds in which something may follow a stop


def live_pieces(
    response: requests.Response,
    ask: Ask,
    timeout: float,
    is_stopped: Callable[[], bool],
) -> Iterator[bytes]:
    """Yield what arrives; a line, even one that says nothing, is a sign of life.

    Args:
        response: The answer, whose body is to be read.
        ask: What asked for it.
        timeout: Seconds without a sign of life.
        is_stopped: Tells whether a stop was in what was yielded; then little follows.

    Raises:
        BackendError: It broke off, or nothing came for so long.
    """
    connection = cast("TimedConnection", response.raw.connection)  # until the end
    connection.allow(timeout)
    is_last_chance = False
    for piece in pieces(response, ask):
        yield piece
        if is_last_chance:
            continue
        is_last_chance = is_stopped()
        if is_last_chance:
            connection.allow(_AFTER_STOP)
        elif b"\n" in piece or b"\r" in piece:
            connection.allow(timeout)
