"""What the service refuses."""

import json
import pickle
from collections.abc import Callable

import pytest

import replay
from http_server import Server, always, answer, json_answer
from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitedError,
    SessionNotFoundError,
)

Serve = Callable[..., Server]
Open = Callable[..., replay.Source]
Refuse = Callable[[bytes], BackendError]
ITEM = {"loc": ["query", "page_size"], "msg": "too large", "type": "value_error"}


@pytest.fixture
def refuse(serve: Serve, source_of: Open) -> Refuse:
    """Return what gets an answer, and returns the error that it is."""

    def refuse(data: bytes) -> BackendError:
        with pytest.raises(BackendError) as caught:
            source_of(serve(always(data)), retries=0).session("ses-1")
        return caught.value

    return refuse


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequestError),
        (401, AuthError),
        (402, BackendError),
        (403, PermissionDeniedError),
        (404, SessionNotFoundError),
        (405, BackendError),
        (408, BackendUnavailableError),
        (409, BackendUnavailableError),
        (410, BackendError),
        (413, BackendError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (499, BackendError),
        (500, BackendUnavailableError),
        (503, BackendUnavailableError),
    ],
)
def test_each_status_is_the_error_that_says_what_to_do(
    refuse: Refuse, status: int, error: type[BackendError]
) -> None:
    raised = refuse(json_answer({"detail": "No."}, status))
    assert type(raised) is error
    assert (raised.status, raised.detail) == (status, "No.")
    assert "No." in str(raised)


def test_a_session_that_is_not_there_is_named(refuse: Refuse) -> None:
    assert "there is no session 'ses-1'" in str(refuse(answer(b"", 404)))


def test_a_list_that_is_not_there_is_no_session(serve: Serve, source_of: Open) -> None:
    with pytest.raises(BackendError, match="404 Not Found") as caught:
        [*source_of(serve(always(answer(b"", 404)))).summaries()]
    assert type(caught.value) is BackendError


def test_the_request_has_a_name(refuse: Refuse) -> None:
    error = refuse(answer(b"", 500, "X-Request-Id: req-7"))
    assert error.request_id == "req-7"
    assert "request req-7" in str(error)


def test_a_refused_key_says_where_it_came_from_and_of_regions(refuse: Refuse) -> None:
    hint = refuse(answer(b"", 401)).hint
    assert "the key came from api_key=" in hint
    assert "llamacloud-eu:" in hint


def test_a_missing_key_says_where_it_was_looked_for(
    serve: Serve, source_of: Open
) -> None:
    with pytest.raises(AuthError) as caught:
        source_of(serve(always(answer(b"", 401))), api_key=None).session("ses-1")
    assert "LLAMA_CLOUD_API_KEY and LLAMA_PARSE_API_KEY" in caught.value.hint


def test_a_forbidden_session_says_what_may_be_the_cause(refuse: Refuse) -> None:
    assert "shared_access" in refuse(answer(b"", 403)).hint


def test_what_is_invalid_is_listed(refuse: Refuse) -> None:
    error = refuse(json_answer({"detail": [ITEM, "odd"]}, 422))
    assert isinstance(error, InvalidRequestError)
    assert error.errors == (ITEM,)
    assert "query.page_size: too large; odd" in str(error)


@pytest.mark.parametrize(
    "detail", ["No.", {"msg": "no"}, None, 5, [], [{"loc": "body", "msg": 1}], [[]]]
)
def test_a_detail_of_any_shape_is_kept(refuse: Refuse, detail: object) -> None:
    error = refuse(json_answer({"detail": detail}, 422))
    assert isinstance(error, InvalidRequestError)
    assert error.detail == detail


@pytest.mark.parametrize("depth", [100, 101, 900])
def test_a_detail_of_any_depth_can_be_pickled(refuse: Refuse, depth: int) -> None:
    body = b'{"detail": %b5%b}' % (b"[" * depth, b"]" * depth)
    error = refuse(answer(body, 422))
    assert pickle.loads(pickle.dumps(error)).detail == error.detail  # noqa: S301 - our own
    assert isinstance(error.detail, list) is (depth == 100)
    assert depth == 100 or "deeper than 100 levels" in str(error)


def test_the_name_of_a_request_is_shortened_and_made_safe(refuse: Refuse) -> None:
    error = refuse(answer(b"", 500, "X-Request-Id: \x1b[31m" + "x" * 5000))
    assert error.request_id == "␛[31m" + "x" * 75


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"{"]
)
def test_a_refusal_need_not_be_json(refuse: Refuse, body: bytes) -> None:
    error = refuse(answer(body, 422))
    assert isinstance(error, InvalidRequestError)
    assert error.detail is None


def test_a_body_that_breaks_off_leaves_the_status(refuse: Refuse) -> None:
    assert type(refuse(answer(b"x" * 99, 403)[:-9])) is PermissionDeniedError


def test_only_the_beginning_of_a_body_is_read(refuse: Refuse) -> None:
    error = refuse(json_answer({"detail": "x" * (1 << 20)}, 403))
    assert error.detail is None


def test_a_long_or_hostile_detail_is_shortened_and_made_safe(refuse: Refuse) -> None:
    detail = "\x1b[31m\n" + "x" * 5000
    error = refuse(answer(json.dumps({"detail": detail}).encode(), 403))
    assert "␛[31m␊xxx" in str(error)
    assert len(str(error)) < 500
    assert error.detail == detail


def test_the_time_to_wait_is_a_fact(refuse: Refuse) -> None:
    error = refuse(answer(b"", 429, "Retry-After: 90"))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 90
    assert error.retryable
