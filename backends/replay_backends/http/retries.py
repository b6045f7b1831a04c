"""Retries: the answers that deserve one, and the wait before it.

Source: the observed behaviour of the official Python SDK 2.19.0.
"""

import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from replay.errors import ReplayError
from replay_backends.http.errors import without_frames
from replay_backends.http.transport import Cancellation, Deadline

_Result = TypeVar("_Result")
_SHORTEST: Final = 0.5  # seconds
_LONGEST: Final = 8.0  # seconds, if the service does not say
_LONGEST_ASKED: Final = 60.0  # seconds; longer requests are ignored
_JITTER: Final = 0.25
_RETRIED: Final = frozenset({408, 409, 429, *range(500, 600)})


class RetrySignal(Exception):  # noqa: N818 - a request, no error
    """A failed attempt that may be repeated.

    Args:
        error: The error to raise if there is no other attempt.
        after: Seconds to wait first; None: depends on the number of attempts so far.
    """

    def __init__(self, error: ReplayError, after: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.after = after


@without_frames
def with_retries(
    attempt: Callable[[], _Result],
    retries: int,
    deadline: Deadline,
    cancellation: Cancellation | None = None,
) -> _Result:
    """Return the result of *attempt*, repeated if it raises :class:`RetrySignal`.

    Args:
        attempt: The function to call.
        retries: Maximum number of repetitions.
        deadline: If the wait would reach it, the error is raised at once.
        cancellation: Ends the wait and prevents further attempts; None: nothing does.

    Raises:
        ReplayError: The last attempt failed.
    """
    failure: ReplayError
    try:
        return Retrying(
            retry=retry_if_exception_type(RetrySignal),
            wait=_wait,
            stop=lambda state: (
                state.attempt_number > retries
                or state.upcoming_sleep >= deadline.remaining()
                or (cancellation is not None and cancellation.is_cancelled)
            ),
            sleep=cancellation.sleep if cancellation else time.sleep,
            reraise=True,
        )(attempt)
    except RetrySignal as signal:
        failure = signal.error
    raise failure


def is_worth_retrying(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether a GET with this answer may be repeated."""
    asked = headers.get("x-should-retry", "").lower()
    if asked in ("true", "false"):
        return asked == "true"
    return status in _RETRIED


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that the service asks to wait before a retry.

    None: it doesn't say, or its header is malformed.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def wait_before(retry: int, asked: float | None) -> float:
    """Return the seconds to wait before a retry, which is numbered from 0."""
    if asked is not None and 0 < asked <= _LONGEST_ASKED:
        return asked
    longest = min(_SHORTEST * 2.0**retry, _LONGEST)
    return longest * (1 - _JITTER * random.random())  # noqa: S311 - no secret


def _wait(state: RetryCallState) -> float:
    raised = state.outcome.exception() if state.outcome else None
    assert isinstance(raised, RetrySignal)  # noqa: S101 - nothing else is retried
    return wait_before(state.attempt_number - 1, raised.after)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
