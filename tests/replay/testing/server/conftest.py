"""Servers on loopback, and sessions for them."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from replay.testing.server.faults import parse_fault
from replay.testing.server.server import LlamaCloudServer
from replay.testing.server.settings import ServerSettings

HELLO = [
    {"type": "user_input", "content": "Hello?"},
    {"type": "text_delta", "content": "Grüße, "},
    {"type": "text_delta", "content": "世界."},
    {"type": "text", "content": "Grüße, 世界."},
    {"type": "stop", "usage": {"duration_ms": 300.0}, "is_error": False, "error": None},
    {"type": "user_input", "content": "And now?"},
    {"type": "citation", "page": 7},
    {"type": "text", "content": "Goodbye."},
]
HEADER = {
    "session_id": "ses-hello",
    "last_updated_at": "2026-04-22T12:34:41.342245",
    "shared_access": "read_only",
    "generated_title": "Hello?",
    "index_ids": ["idx-1"],
    "job_metadata": None,
    "weather": {"sky": ["blue"]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory that holds one session."""
    path = tmp_path / "sessions"
    path.mkdir()
    document = json.dumps({**HEADER, "events": HELLO})
    (path / "hello.json").write_text(document, encoding="utf-8")
    return path


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., LlamaCloudServer]]:
    """Return a function that starts a server, by default of ``folder``."""
    with ExitStack() as stack:

        def serve(
            location: str | Path = folder,
            faults: str = "",
            **settings: Any,  # noqa: ANN401 - those of ServerSettings
        ) -> LlamaCloudServer:
            parsed = tuple(map(parse_fault, faults.split()))
            chosen = ServerSettings(faults=parsed, **settings)
            return stack.enter_context(LlamaCloudServer(location, chosen))

        yield serve


@pytest.fixture
def url(serve: Callable[..., LlamaCloudServer]) -> str:
    """Return the URL of a server of ``folder``."""
    return serve().url
