"""The pytest fixture that serves recorded sessions."""

from typing import TYPE_CHECKING, Any

import pytest

from replay.testing.server.settings import require_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay.testing.server.server import LlamaCloudServer

_SESSIONS = "llamacloud_sessions"


@pytest.fixture
def llamacloud_server(request: pytest.FixtureRequest) -> "Iterator[LlamaCloudServer]":
    """Serve the sessions at the location that ``llamacloud_sessions`` returns.

    You define that fixture: it returns a file, a directory, or anything else that
    ``replay.open`` takes. A fixture ``llamacloud_settings``, if you define one, returns
    the server's ``ServerSettings``.

    Raises:
        UnsupportedError: The extra ``serve`` is not installed.
    """
    require_extra()
    from replay.testing.server.server import LlamaCloudServer  # noqa: PLC0415 - the extra

    location = _given(request, _SESSIONS)
    if location is None:
        pytest.fail(
            f"define a fixture {_SESSIONS} that returns where the sessions are",
            pytrace=False,
        )
    with LlamaCloudServer(location, _given(request, "llamacloud_settings")) as server:
        yield server


def _given(request: pytest.FixtureRequest, name: str) -> Any:  # noqa: ANN401 - what a user's fixture gives
    """Return the value of a user's fixture, or None if there is no such fixture."""
    try:
        value = request.getfixturevalue(name)
    except pytest.FixtureLookupError as error:
        if error.argname != name:
            raise
        return None
    return value
