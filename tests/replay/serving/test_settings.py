"""How a server behaves."""

import attrs
import pytest

from replay.serving.settings import ServerSettings


@pytest.mark.parametrize("name", ["speed", "page_size", "ping_seconds"])
def test_a_number_must_be_above_zero(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        attrs.evolve(ServerSettings(), **{name: 0})


def test_the_key_is_not_shown() -> None:
    assert "llx-secret" not in repr(ServerSettings(api_key="llx-secret"))
