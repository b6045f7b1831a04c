"""Requests: their keys, and the URLs that they go to."""

from urllib.parse import urlsplit

import pytest
from requests import Request

from http_server import KEY
from replay.errors import AuthError, BackendError
from replay_backends.http.request import Key, base_url, find_key, no_key, origin_of


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


@pytest.mark.parametrize(
    ("location", "base"),
    [
        ("https://a.example.com", "https://a.example.com/api/v1"),
        ("https://a.example.com/", "https://a.example.com/api/v1"),
        ("https://a.example.com:8443/x/", "https://a.example.com:8443/x/api/v1"),
        ("https://a.example.com/api/v1", "https://a.example.com/api/v1"),
        ("a.example.com", "https://a.example.com/api/v1"),
        (" https://a.example.com\n", "https://a.example.com/api/v1"),
        ("http://localhost:8000", "http://localhost:8000/api/v1"),
        ("http://127.0.0.9", "http://127.0.0.9/api/v1"),
        ("http://[::1]:1", "http://[::1]:1/api/v1"),
    ],
)
def test_a_url_is_taken_as_users_write_it(location: str, base: str) -> None:
    assert base_url(location) == base


@pytest.mark.parametrize(
    "location",
    [
        "http://example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
    ],
)
def test_plain_http_does_not_leave_this_machine_unless_allowed(location: str) -> None:
    with pytest.raises(BackendError, match="unencrypted"):
        base_url(location)
    assert base_url(location, allow_plain_http=True) == f"{location}/api/v1"


@pytest.mark.parametrize(
    "location",
    [
        "",
        "ftp://a",
        "https://",
        "https://[::1",
        "https://a:x",
        "https://a:99999",
        "file:///etc",
        "https://a\\b",
    ],
)
def test_what_is_no_url_is_refused(location: str) -> None:
    with pytest.raises(BackendError, match="isn't an http or https URL"):
        base_url(location)


@pytest.mark.parametrize(
    "location",
    [
        "https://user:s3cret@a",
        "https://s3cret@a",
        "https://a?k=s3cret",
        "https://a#s3cret",
        "https://u:s3cret@[::1",
    ],
)
def test_what_may_be_a_secret_is_no_part_of_it_and_is_not_shown(location: str) -> None:
    with pytest.raises(BackendError) as caught:
        base_url(location)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://a/x", "https://a:443/y", True),
        ("https://A/x", "https://a/y", True),
        ("http://a", "http://a:80", True),
        ("https://a", "http://a", False),
        ("https://a", "https://b", False),
        ("https://a", "https://a:444", False),
        ("https://a", "https://a.b", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(
    one: str, other: str, *, is_same: bool
) -> None:
    assert (origin_of(urlsplit(one)) == origin_of(urlsplit(other))) is is_same
