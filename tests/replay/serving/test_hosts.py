"""Names and addresses of this machine."""

import pytest

from replay.serving.hosts import is_loopback, url_of


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "api.localhost"])
def test_a_loopback_address_is_one(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "a.com", "localhost.com"])  # noqa: S104 - no place to bind to
def test_nothing_else_is_one(host: str) -> None:
    assert not is_loopback(host)


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert url_of("::1", 8000) == "http://[::1]:8000"
