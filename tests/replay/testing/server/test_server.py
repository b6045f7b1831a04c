"""A server in a thread of its own."""

import json
import socket
import threading
from pathlib import Path

import pytest

import replay
from asking import CHAT, PROMPT, ask, connected, request_bytes
from replay.testing.server.server import LlamaCloudServer
from replay.testing.server.settings import ServerSettings


def test_a_server_is_gone_when_it_is_left(folder: Path) -> None:
    with LlamaCloudServer(folder) as server:
        assert ask(server.url, "GET", CHAT).status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(server.url, "GET", CHAT)
    assert "replay serve" not in [each.name for each in threading.enumerate()]


def test_a_server_ends_though_clients_wait(folder: Path) -> None:
    settings = ServerSettings(speed=0.001)
    with LlamaCloudServer(folder, settings) as server:
        client = connected(server.url)
        target = f"{CHAT}/ses-hello/messages/stream"
        client.sendall(request_bytes("POST", target, body=PROMPT))
        assert client.recv(1)
    with client:
        while client.recv(1 << 16):
            pass


def test_a_server_counts_its_sessions(folder: Path) -> None:
    with LlamaCloudServer(folder) as server:
        assert server.session_count == 1


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(replay.BackendError), LlamaCloudServer(tmp_path / "none"):
        pass


def test_what_is_no_session_is_an_error_at_the_start(folder: Path) -> None:
    (folder / "odd.json").write_text("5", encoding="utf-8")
    with pytest.raises(replay.DecodeError), LlamaCloudServer(folder):
        pass


def test_a_port_that_is_taken_is_an_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServerSettings(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"), LlamaCloudServer(folder, settings):
            pass


def test_a_server_listens_at_an_ipv6_address(folder: Path) -> None:
    with LlamaCloudServer(folder, ServerSettings(host="::1")) as server:
        assert server.url.startswith("http://[::1]:")
        assert ask(server.url, "GET", CHAT).status == 200


def test_all_sessions_of_the_examples_are_served() -> None:
    examples = Path(__file__).resolve().parents[4] / "examples"
    with LlamaCloudServer(examples) as server, replay.open(examples) as source:
        for session in source:
            target = f"{CHAT}/{session.session_id}"
            served = ask(server.url, "GET", target).json
            assert served["events"] == json.loads(
                json.dumps([each.as_object() for each in session.events])
            )
