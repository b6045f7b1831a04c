"""HTTP requests: their URLs."""

from urllib.parse import urlsplit

import pytest

from replay.errors import BackendError
from replay_backends.http.request import base_url, origin_of


def test_a_url_is_taken_as_users_write_it() -> None:
    urls = {
        "https://a.example.com/api/v1": [
            *("https://a.example.com", "https://a.example.com/", "a.example.com"),
            *("https://a.example.com/api/v1", " https://a.example.com\n"),
        ],
        "https://a.example.com:8443/x/api/v1": ["https://a.example.com:8443/x/"],
        "http://localhost:8000/api/v1": ["http://localhost:8000"],
        "http://127.0.0.9/api/v1": ["http://127.0.0.9"],
        "http://[::1]:1/api/v1": ["http://[::1]:1"],
    }
    for base, locations in urls.items():
        assert {base_url(each) for each in locations} == {base}


def test_plain_http_does_not_leave_this_machine_unless_allowed() -> None:
    for location in (
        *("http://example.com", "http://10.0.0.1", "http://localhost.example.com"),
        *("http://127.0.0.1.example.com", "http://0.0.0.0"),
    ):
        with pytest.raises(BackendError, match="unencrypted"):
            base_url(location)
        assert base_url(location, allow_plain_http=True) == f"{location}/api/v1"


def test_what_is_no_url_is_refused() -> None:
    for location in (
        *("", "ftp://a", "https://", "https://[::1", "https://a:x", "https://a:99999"),
        *("file:///etc", "https://a\\b"),
    ):
        with pytest.raises(BackendError, match="isn't an http or https URL"):
            base_url(location)


def test_what_may_be_a_secret_is_no_part_of_it_and_is_not_shown() -> None:
    for rest in (
        "user:s3cret@a",
        "s3cret@a",
        "a?k=s3cret",
        "a#s3cret",
        "u:s3cret@[::1",
    ):
        with pytest.raises(BackendError) as caught:
            base_url(f"https://{rest}")
        assert "s3cret" not in str(caught.value)


def test_an_origin_is_scheme_host_and_port() -> None:
    def origins(*urls: str) -> set[str]:
        return {origin_of(urlsplit(each)) for each in urls}

    assert len(origins("https://a/x", "https://a:443/y", "https://A/x")) == 1
    assert len(origins("http://a", "http://a:80")) == 1
    others = ("http://a", "https://b", "https://a:444", "https://a.b")
    assert len(origins("https://a", *others)) == 5
