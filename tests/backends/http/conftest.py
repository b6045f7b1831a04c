"""Servers and sources for the tests of the HTTP backend."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

import replay
from http_server import KEY, Handler, Server, serving

Open = Callable[..., replay.Source]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key, server or proxy of this machine's matter."""
    for name in (
        "LLAMA_CLOUD_API_KEY",
        "LLAMA_PARSE_API_KEY",
        "LLAMA_CLOUD_BASE_URL",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        *(f"{each}_proxy" for each in ("http", "https", "all", "no")),
        *(f"{each}_PROXY" for each in ("HTTP", "HTTPS", "ALL", "NO")),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between tries, in seconds, which are not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Return what starts a server until the test ends."""
    with ExitStack() as undo:

        def serve(handler: Handler, context: ssl.SSLContext | None = None) -> Server:
            return undo.enter_context(serving(handler, context))

        yield serve


@pytest.fixture
def source_of() -> Iterator[Open]:
    """Return what opens a server's sessions until the test ends."""
    with ExitStack() as undo:

        def source_of(server: Server, **options: object) -> replay.Source:
            given: dict[str, object] = {"api_key": KEY, "timeout": 10.0, **options}
            return undo.enter_context(replay.open(server.url, **given))

        yield source_of
