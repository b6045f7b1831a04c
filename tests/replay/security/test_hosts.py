"""Names and addresses of this machine."""

import pytest

from replay.security.hosts import is_loopback, url_of


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.1.2.3"),
        *("127.0.0.1.", "::1", "[::1]", "0:0:0:0:0:0:0:1"),
    ],
)
def test_this_machine_is_known_by_name_and_address(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", "example.com", "10.0.0.1", "0.0.0.0", "::", "[", "[]"),  # noqa: S104 - no place to bind to
        *("localhost..", "api.localhost", "localhost.example.com", "128.0.0.1"),
        *("127.1", "0127.0.0.1", "2130706433", "::ffff:127.0.0.1", "::1%lo", "[::1"),
    ],
)
def test_nothing_else_is_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert url_of("::1", 8000) == "http://[::1]:8000"
