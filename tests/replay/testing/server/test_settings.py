"""How a server behaves."""

from collections.abc import Callable

import pytest

from replay.testing.server.settings import ServerSettings


@pytest.mark.parametrize(
    "make",
    [
        lambda: ServerSettings(speed=0.0),
        lambda: ServerSettings(page_size=0),
        lambda: ServerSettings(ping_seconds=0.0),
        lambda: ServerSettings(request_seconds=0.0),
    ],
)
def test_a_number_must_be_above_zero(make: Callable[[], ServerSettings]) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        make()


def test_the_key_is_not_shown() -> None:
    assert "llx-secret" not in repr(ServerSettings(api_key="llx-secret"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "machine.example"])  # noqa: S104 - refused
def test_other_machines_are_let_in_only_where_that_is_said(host: str) -> None:
    with pytest.raises(ValueError, match="other machines may reach it"):
        ServerSettings(host=host)
    assert ServerSettings(host=host, allow_remote=True).host == host
