"""How a server behaves."""

from collections.abc import Callable

import pytest

from replay.serving.settings import ServerSettings


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
