"""Retries: when, and after how long."""

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

import replay
from chat_api import document
from http_server import Server, answer, in_turn, json_answer
from replay.errors import (
    BackendError,
    BackendUnavailableError,
    RateLimitedError,
    SessionNotFoundError,
)
from replay_backends.http.retries import retry_after, wait_before

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
GOOD = json_answer(document("ses-1"))
NOW = 1_000_000_000.0
RETRIED = [408, 409, 429, 500, 502, 503, 504, 507, 599]
NOT_RETRIED = [400, 401, 402, 403, 404, 405, 410, 413, 415, 418, 422, 423, 425]


def refused(
    serve: Serve, source_of: Open, *answers: bytes
) -> tuple[BackendError, Server]:
    """Return what asking for a session raises, and the server."""
    server = serve(in_turn(*answers))
    with pytest.raises(BackendError) as caught:
        source_of(server).session("ses-1")
    return caught.value, server


@pytest.mark.parametrize("status", RETRIED)
def test_these_statuses_are_retried(
    serve: Serve, source_of: Open, waits: list[float], status: int
) -> None:
    server = serve(in_turn(answer(b"", status), answer(b"", status), GOOD))
    assert source_of(server).session("ses-1").session_id == "ses-1"
    assert len(server.requests) == 3
    assert len(waits) == 2


@pytest.mark.parametrize("status", NOT_RETRIED)
def test_these_are_not(
    serve: Serve, source_of: Open, waits: list[float], status: int
) -> None:
    error, server = refused(serve, source_of, answer(b"", status))
    assert error.status == status
    assert not error.retryable
    assert len(server.requests) == 1
    assert not waits


def test_the_service_may_ask_for_a_retry(
    serve: Serve, source_of: Open, waits: list[float]
) -> None:
    server = serve(in_turn(answer(b"", 404, "X-Should-Retry: true"), GOOD))
    assert source_of(server).session("ses-1")
    assert len(waits) == 1


def test_a_404_that_stays_is_no_session_after_all(
    serve: Serve, source_of: Open, waits: list[float]
) -> None:
    error, server = refused(serve, source_of, answer(b"", 404, "X-Should-Retry: true"))
    assert type(error) is SessionNotFoundError
    assert len(server.requests) == 6
    assert len(waits) == 5


def test_the_service_may_ask_for_none(
    serve: Serve, source_of: Open, waits: list[float]
) -> None:
    error, _ = refused(serve, source_of, answer(b"", 500, "x-should-retry: false"))
    assert type(error) is BackendUnavailableError
    assert not waits


def test_retries_can_be_turned_off(
    serve: Serve, source_of: Open, waits: list[float]
) -> None:
    server = serve(in_turn(answer(b"", 500)))
    with pytest.raises(BackendUnavailableError):
        source_of(server, retries=0).session("ses-1")
    assert not waits


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("Retry-After: 1.5", 1.5),
        ("retry-after-ms: 20", 0.02),
        ("Retry-After: 60", 60.0),
    ],
)
def test_the_service_says_how_long_to_wait(
    serve: Serve, source_of: Open, waits: list[float], header: str, wait: float
) -> None:
    server = serve(in_turn(answer(b"", 503, header), GOOD))
    source_of(server, timeout=100.0).session("ses-1")
    assert waits == [wait]


def test_a_wait_past_the_deadline_is_an_error_at_once(
    serve: Serve, source_of: Open, waits: list[float]
) -> None:
    error, server = refused(serve, source_of, answer(b"", 429, "Retry-After: 50"))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 50
    assert len(server.requests) == 1
    assert not waits


def test_a_real_wait_is_waited(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, source_of: Open
) -> None:
    slept: list[float] = []
    sleep = time.sleep

    def noting(seconds: float) -> None:
        sleep(seconds)
        slept.append(seconds)

    monkeypatch.setattr(time, "sleep", noting)
    server = serve(in_turn(answer(b"", 503, "retry-after-ms: 50"), GOOD))
    source_of(server).session("ses-1")
    assert slept == [0.05]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "3"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": formatdate(NOW + 7, usegmt=True)}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 99 Foo 2026 00:00:00 GMT"}, None),
        ({"retry-after": "Sun, 06 Nov 99999999 08:49:37 GMT"}, None),
    ],
)
def test_what_the_service_asks_is_read(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize("asked", [0.001, 1.5, 60.0])
def test_up_to_a_minute_is_heeded(asked: float) -> None:
    assert wait_before(3, asked) == asked


@pytest.mark.parametrize("asked", [None, 0.0, -3.0, 60.1])
def test_otherwise_the_wait_doubles_up_to_eight_seconds(asked: float | None) -> None:
    for retry, most in [*enumerate([0.5, 1, 2, 4, 8, 8]), (1000, 8)]:
        waits = [wait_before(retry, asked) for _ in range(200)]
        assert 0.75 * most <= min(waits) < max(waits) <= most, retry
