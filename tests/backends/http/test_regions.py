"""Where in the world the service is."""

from collections.abc import Callable

import pytest

import replay
from chat_api import ChatAPI, document
from http_server import KEY, Server
from replay_backends.http import HTTPBackend, LlamaCloudBackend, LlamaCloudEUBackend

Serve = Callable[..., Server]
HOME = "https://api.cloud.llamaindex.ai/api/v1"


def base_of(backend: HTTPBackend) -> str:
    """Return where a backend looks."""
    return backend._client.base  # noqa: SLF001 - nothing else says it unasked


def test_the_environment_has_the_key_and_the_server(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    server = serve(ChatAPI([document("ses-1")]))
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "")
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", KEY)
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", server.url)
    with replay.open("llamacloud:") as source:
        assert [each.session_id for each in source.summaries()] == ["ses-1"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("location", "base"),
    [
        ("llamacloud:", HOME),
        ("llamacloud-eu:", "https://api.cloud.eu.llamaindex.ai/api/v1"),
        ("llamacloud:api.example.com", "https://api.example.com/api/v1"),
        ("https://api.cloud.llamaindex.ai", HOME),
        ("https://api.cloud.llamaindex.ai/api/v1/", HOME),
    ],
)
def test_a_location_says_where_the_service_is(location: str, base: str) -> None:
    with replay.open(location, api_key=KEY) as source:
        assert isinstance(source.backend, HTTPBackend)
        assert base_of(source.backend) == base


def test_the_environment_does_not_move_europe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_BASE_URL", "https://elsewhere.example.com")
    assert "api.cloud.eu" in base_of(LlamaCloudEUBackend(api_key=KEY))
    assert "elsewhere" in base_of(LlamaCloudBackend(api_key=KEY))
