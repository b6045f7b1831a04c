"""Two hundred clients at once of one process."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asking import CHAT, ask, connected, read_to_end, request_bytes
from serving_process import serving, url_in

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


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a process in which each stream stalls after its first event.

    It goes on when the client has said that it will say no more.
    """
    for number in CLIENTS:
        document = {"session_id": f"ses-{number}", "events": events_of_client(number)}
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
    with serving(tmp_path) as (_, line):
        yield url_in(line)


def begun(url: str, number: int) -> socket.socket:
    """Return a connection on which a stream was asked for."""
    client = connected(url)
    prompt = {"prompt": f"Who is {number}?", "index_ids": ["idx-1"]}
    target = f"{CHAT}/ses-{number}/messages/stream"
    headers = ("Connection: close", "X-Replay-Fault: stall")
    client.sendall(request_bytes("POST", target, *headers, body=prompt))
    return client


def up_to_first_event(client: socket.socket) -> bytes:
    received = b""
    while b"\n\n\r\n" not in received.partition(b"data:")[2]:
        piece = client.recv(1 << 16)
        assert piece, received
        received += piece
    return received


def events_in(answer: bytes) -> list[object]:
    """Return the events of a stream, however it was cut into chunks."""
    _, _, rest = answer.partition(b"\r\n\r\n")
    body = b""
    while (size := int(rest.partition(b"\r\n")[0], 16)) > 0:
        start = rest.index(b"\r\n") + 2
        body += rest[start : start + size]
        rest = rest[start + size + 2 :]
    lines = [each for each in body.split(b"\n") if each.startswith(b"data: ")]
    return [json.loads(each.removeprefix(b"data: ")) for each in lines]


@pytest.mark.slow
def test_each_of_200_clients_gets_its_own_turn_while_all_wait(url: str) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(begun(url, number)) for number in CLIENTS]
        firsts = [up_to_first_event(each) for each in clients]
        for each in clients:
            each.shutdown(socket.SHUT_WR)
        answers = [
            first + read_to_end(each)[0]
            for first, each in zip(firsts, clients, strict=True)
        ]
    assert all(each.count(b"data:") == 1 for each in firsts)
    for number, answer in zip(CLIENTS, answers, strict=True):
        assert events_in(answer) == events_of_client(number)[1:]


@pytest.mark.slow
def test_after_200_clients_the_server_has_the_record_of_each_request(url: str) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(begun(url, number)) for number in CLIENTS]
        for each in clients:
            up_to_first_event(each)
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
