"""The server, in its own thread or process, with many clients at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import replay
from asking import (
    CHAT,
    PATIENCE,
    PROMPT,
    ask,
    connected,
    events_of,
    request_bytes,
)
from replay.testing.server.server import LlamaCloudServer
from replay.testing.server.settings import ServerSettings, require_extra
from replay_command import Run
from serving_process import ASKED, STREAM, serving, url_in

EVENTS = 100_000
MEGABYTE = 1 << 10  # in the kernel's unit, kB


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_server_is_gone_when_it_is_left(folder: Path, host: str) -> None:
    with LlamaCloudServer(folder, ServerSettings(host=host)) as server:
        assert server.url.startswith(f"http://{f'[{host}]' if ':' in host else host}:")
        assert server.session_count == 1
        assert "replay serve" in [each.name for each in threading.enumerate()]
        assert ask(server.url, "GET", CHAT).status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(server.url, "GET", CHAT)
    assert "replay serve" not in [each.name for each in threading.enumerate()]


def test_a_server_ends_though_clients_wait(folder: Path) -> None:
    with LlamaCloudServer(folder, ServerSettings(speed=0.001)) as server:
        client = connected(server.url)
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        assert client.recv(1)
    with client:
        while client.recv(1 << 16):
            pass


def test_what_cannot_be_read_is_an_error_at_the_start(folder: Path) -> None:
    with pytest.raises(replay.BackendError), LlamaCloudServer(folder / "none"):
        pass
    (folder / "odd.json").write_text("{", encoding="utf-8")
    with pytest.raises(replay.DecodeError), LlamaCloudServer(folder):
        pass


def test_a_port_that_is_taken_is_an_error(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServerSettings(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"), LlamaCloudServer(folder, settings):
            pass


def test_all_sessions_of_the_examples_are_served() -> None:
    examples = Path(__file__).resolve().parents[4] / "examples"
    with LlamaCloudServer(examples) as server, replay.open(examples) as source:
        for session in source:
            path = f"{CHAT}/{quote(session.session_id, safe='')}"
            served = ask(server.url, "GET", path).json
            assert served["events"] == json.loads(
                json.dumps([each.as_object() for each in session.events])
            )


def test_a_number_must_be_above_zero() -> None:
    for name in ("speed", "page_size", "ping_seconds", "request_seconds"):
        zero: dict[str, Any] = {name: 0}
        with pytest.raises(ValueError, match=f"'{name}' must be > 0"):
            ServerSettings(**zero)


def test_other_machines_are_let_in_only_where_that_is_said() -> None:
    for host in ("0.0.0.0", "::", "", "192.0.2.1", "machine.example"):  # noqa: S104 - refused
        with pytest.raises(ValueError, match="other machines may reach it"):
            ServerSettings(host=host)
        assert ServerSettings(host=host, allow_remote=True).host == host


@pytest.mark.parametrize("name", ["h11", "pydantic", "starlette"])
def test_where_the_extra_is_missing_one_line_tells(
    monkeypatch: pytest.MonkeyPatch, run: Run, folder: Path, name: str
) -> None:
    require_extra()
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    done = run("serve", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: replay serve: {name} is needed, and cannot be imported "
        '(pip install "chat-replay[serve]")\n'
    )


CLIENTS = range(200)


def events_of_client(number: int) -> list[object]:
    """Return a turn that only one session has."""
    words = [f"{number}: Grüße, ", "世界", f" {number}."]
    return [
        {"type": "user_input", "content": f"Who is {number}?"},
        *({"type": "text_delta", "content": each} for each in words),
        {"type": "text", "content": "".join(words)},
        {"type": "stop", "usage": {}, "is_error": False, "error": None},
    ]


def begun(url: str, number: int) -> tuple[socket.socket, HTTPResponse]:
    """Return a connection on which a stream was requested, and the answer.

    It stalls after its first event, until the client closes its sending side.
    """
    client = connected(url)
    prompt = {"prompt": f"Who is {number}?", "index_ids": ["idx-1"]}
    target = f"{CHAT}/ses-{number}/messages/stream"
    headers = ("Connection: close", "X-Replay-Fault: stall")
    client.sendall(request_bytes("POST", target, *headers, body=prompt))
    answer = HTTPResponse(client)
    answer.begin()
    return client, answer


@pytest.mark.slow
def test_each_of_200_clients_gets_its_own_turn_while_all_wait(tmp_path: Path) -> None:
    for number in CLIENTS:
        document = {"session_id": f"ses-{number}", "events": events_of_client(number)}
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
    with serving(tmp_path) as (_, line):
        url = url_in(line)
        clients = [begun(url, number) for number in CLIENTS]
        lines = [[answer.readline() for _ in range(5)] for _, answer in clients]
        for number, (client, answer) in enumerate(clients):
            with client, answer:
                first = b"".join(lines[number])
                assert first.count(b"data: ") == 1
                if number % 2:  # the others leave early
                    client.shutdown(socket.SHUT_WR)
                    body = first + answer.read()
                    assert events_of(body) == events_of_client(number)[1:]
        for number in CLIENTS:
            history = ask(url, "GET", f"{CHAT}/ses-{number}").json["events"]
            assert history == events_of_client(number) * 2


def test_clients_may_come_faster_than_they_are_let_in(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    with serving(tmp_path) as (process, line), ExitStack() as stack:
        process.send_signal(signal.SIGSTOP)
        stack.callback(process.send_signal, signal.SIGCONT)
        os.waitpid(process.pid, os.WUNTRACED)
        clients = [stack.enter_context(connected(url_in(line))) for _ in CLIENTS]
    assert len(clients) == len(CLIENTS)


def memory_of(process: subprocess.Popen[str]) -> int:
    """Return a process's current memory, in kB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.slow
def test_memory_is_flat_over_100_000_events(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell how much memory a process has")
    path = tmp_path / "long.json"
    delta = {"type": "text_delta", "content": "word "}
    path.write_text(json.dumps([delta] * EVENTS), encoding="utf-8")
    target = f"{CHAT}/long/messages/stream"
    memory = []
    count = 0
    with serving(path) as (process, line), connected(url_in(line)) as client:
        client.settimeout(PATIENCE)
        client.sendall(request_bytes("POST", target, "Connection: close", body=PROMPT))
        while data := client.recv(1 << 16):
            count += data.count(b"data: ")
            if count > EVENTS // 10:
                memory.append(memory_of(process))
    assert count > EVENTS - 1000  # a few are cut in two by a border of what was read
    assert max(memory) - memory[0] < 4 * MEGABYTE
