"""Where the service is."""

from urllib.parse import urlsplit

import pytest

from replay.errors import BackendError
from replay_backends.http.request import base_url, origin_of


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
    with pytest.raises(BackendError, match="no URL of http or https"):
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
