"""The API key."""

import pytest
from requests import Request

from http_server import KEY
from replay.errors import AuthError
from replay_backends.http.request import Key, find_key, no_key


def header_of(key: Key) -> str:
    """Return the header that a key makes."""
    request = key(Request("GET", "http://localhost").prepare())
    return str(request.headers["Authorization"])


def found(api_key: str | None = None) -> Key:
    """Return the key that is found; there is one."""
    key = find_key(api_key, "here")
    assert key is not None
    return key


def test_the_key_that_is_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-other")
    assert header_of(found(KEY)) == f"Bearer {KEY}"
    assert found(KEY).origin == "api_key="


@pytest.mark.parametrize("first", [None, "", "  "])
def test_then_come_the_two_variables(
    monkeypatch: pytest.MonkeyPatch, first: str | None
) -> None:
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", "llx-2")
    if first is not None:
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", first)
    assert header_of(found()) == "Bearer llx-2"
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-1")
    assert header_of(found()) == "Bearer llx-1"


def test_there_may_be_none() -> None:
    assert find_key(None, "here") is None
    assert find_key("\n", "here") is None


@pytest.mark.parametrize("text", [f" {KEY}\n", f"\t{KEY} "])
def test_white_space_around_a_key_is_dropped(text: str) -> None:
    assert header_of(found(text)) == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "bad", [" ", "\n", "\r\nX: y", "ü", "€", "\0", "\x7f", "\ud800"]
)
def test_what_cannot_be_a_key_is_refused_and_not_shown(bad: str) -> None:
    with pytest.raises(AuthError) as caught:
        find_key(f"llx-CANARY{bad}z", "here")
    assert "CANARY" not in str(caught.value)
    assert "api_key=" in str(caught.value)


def test_a_key_does_not_show_itself() -> None:
    key = found(KEY)
    assert KEY not in f"{key!r} {key} {[key]}"


def test_no_key_leaves_a_request_as_it_is() -> None:
    request = Request("GET", "http://localhost").prepare()
    assert "Authorization" not in no_key(request).headers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"<{KEY}>", "<(the key)>"),
        (f"<{KEY.upper()}{KEY}>", "<(the key)(the key)>"),
        (f"got {KEY[:20]}", "got (the key)"),
        (f"{KEY[:8]}' at 1", "(the key) at 1"),
        (KEY[:7], KEY[:7]),
    ],
)
def test_the_key_and_its_beginning_are_masked(text: str, shown: str) -> None:
    assert found(KEY).masked(text) == shown
