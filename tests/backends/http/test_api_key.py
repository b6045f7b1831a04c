"""The key: where it is found, and how it is masked."""

import pytest
from requests import Request

from http_server import KEY
from replay.errors import AuthError
from replay_backends.http.api_key import Key, find_key


def header_of(key: Key) -> str:
    request = key(Request("GET", "http://localhost").prepare())
    return str(request.headers["Authorization"])


def found(api_key: str | None = None) -> Key:
    key = find_key(api_key, "here")
    assert key is not None
    return key


def test_the_key_that_is_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-other")
    for text in (KEY, f" {KEY}\n", f"\t{KEY} "):
        key = found(text)
        assert header_of(key) == f"Bearer {KEY}"
        assert key.origin == "api_key="
        assert KEY not in f"{key!r} {key} {[key]}"


def test_then_come_the_two_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key(None, "here") is find_key("\n", "here") is None
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", "llx-2")
    assert header_of(found()) == "Bearer llx-2"
    for blank in ("", "  "):
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", blank)
        assert header_of(found()) == "Bearer llx-2"
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-1")
    assert header_of(found()) == "Bearer llx-1"


def test_what_cannot_be_a_key_is_refused_and_not_shown() -> None:
    for bad in (" ", "\n", "\r\nX: y", "ü", "€", "\0", "\x7f", "\ud800"):
        with pytest.raises(AuthError) as caught:
            find_key(f"llx-CANARY{bad}z", "here")
        assert "CANARY" not in str(caught.value)
        assert "api_key=" in str(caught.value)


def test_the_key_and_its_beginning_are_masked() -> None:
    shown = {
        f"<{KEY}>": "<(the key)>",
        f"<{KEY.upper()}{KEY}>": "<(the key)(the key)>",
        f"got {KEY[:20]}": "got (the key)",
        f"{KEY[:8]}' at 1": "(the key) at 1",
        KEY[:7]: KEY[:7],
    }
    assert {text: found(KEY).masked(text) for text in shown} == shown
