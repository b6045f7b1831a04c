"""The layer that passes requests on, and lets things go wrong."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from asking import (
    CHAT,
    PATIENCE,
    PROMPT,
    ask,
    connected,
    exchanged,
    received_until,
    request_bytes,
)
from replay.testing.server.faults import NAMES
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
SESSION = f"{CHAT}/ses-hello"
STREAM = f"{SESSION}/messages/stream"
ASKED = {**PROMPT, "prompt": "Hello?"}


@pytest.mark.parametrize("fault", sorted({*NAMES, "429"} - {"redirect"}))
def test_an_answer_to_head_can_be_spoiled(serve: Serve, fault: str) -> None:
    value = {"stall": "=0", "drip": "=0", "drip-headers": "=0"}.get(fault, "")
    server = serve(faults=f"1x{fault}{value}")
    answer, _ = exchanged(server.url, "HEAD", SESSION)
    assert (answer == b"") == (fault == "close")
    assert ask(server.url, "HEAD", SESSION).status == 200


def test_who_has_no_key_asks_for_no_fault(serve: Serve) -> None:
    url = serve(api_key="llx-right").url
    fault = {"X-Replay-Fault": "captive-portal"}
    assert ask(url, "GET", SESSION, headers=fault).status == 401
    key = {"Authorization": "Bearer llx-right"}
    assert ask(url, "GET", SESSION, headers={**fault, **key}).status == 200


def test_who_asks_by_a_foreign_name_asks_for_no_fault(url: str) -> None:
    asked = {"X-Replay-Fault": "503", "Host": "rebound.example"}
    assert ask(url, "GET", SESSION, headers=asked).status == 421


def test_a_lasting_fault_is_of_every_request(serve: Serve) -> None:
    url = serve(faults="500").url
    assert [ask(url, "GET", SESSION).status for _ in range(3)] == [500] * 3


def test_a_fault_may_be_of_the_first_requests_only(serve: Serve) -> None:
    url = serve(faults="2x500").url
    statuses = [ask(url, "GET", SESSION).status for _ in range(3)]
    assert statuses == [500, 500, 200]


def test_the_next_requests_can_be_made_to_fail(serve: Serve) -> None:
    server = serve()
    server.fail_next("503", times=2)
    server.fail_next("429=0.5")
    replies = [ask(server.url, "GET", SESSION) for _ in range(4)]
    assert [each.status for each in replies] == [503, 503, 429, 200]
    assert replies[2].headers["retry-after"] == "0.5"


def test_a_request_can_ask_for_its_own_fault(url: str) -> None:
    reply = ask(url, "GET", SESSION, headers={"X-Replay-Fault": "503"})
    assert (reply.status, reply.json) == (503, {"detail": "Service Unavailable"})
    assert ask(url, "GET", SESSION).status == 200


@pytest.mark.parametrize(
    "fault",
    [
        *("no-such", "drip=fast", "redirect", "garbage=1", "="),
        *("redirect=http://[", "encodings=101", "429=\xff"),
    ],
)
def test_a_fault_that_is_none_is_400(url: str, fault: str) -> None:
    reply = ask(url, "GET", SESSION, headers={"X-Replay-Fault": fault})
    assert reply.status == 400
    assert "fault" in reply.json["detail"]


def test_a_fault_of_streams_waits_for_a_stream(serve: Serve) -> None:
    url = serve(faults="1xno-stop").url
    assert ask(url, "GET", SESSION).status == 200
    assert b'"stop"' not in ask(url, "POST", STREAM, ASKED).body
    assert b'"stop"' in ask(url, "POST", STREAM, ASKED).body


def test_a_duplicate_final_comes_twice(serve: Serve) -> None:
    body = ask(serve(faults="duplicate-final").url, "POST", STREAM, ASKED).body
    assert body.count(b'{"type":"text",') == 2
    assert body.count(b'{"type":"text_delta",') == 2


def test_the_log_has_every_request_with_its_key_masked(serve: Serve) -> None:
    server = serve(api_key="llx-secret")
    key = {"Authorization": "Bearer llx-secret", "X-Mine": "1"}
    ask(server.url, "GET", f"{SESSION}?project_id=7", headers=key)
    (record,) = server.requests
    assert (record.method, record.path) == ("GET", f"{SESSION}?project_id=7")
    assert record.headers["authorization"] == "***"
    assert record.headers["x-mine"] == "1"
    assert (record.status, record.fault) == (200, None)
    assert "llx-secret" not in repr(record)


def test_the_log_has_what_was_asked(serve: Serve) -> None:
    server = serve(faults="429")
    ask(server.url, "POST", STREAM, ASKED)
    (record,) = server.requests
    assert (json.loads(record.body), record.status, record.fault) == (ASKED, 429, "429")


def test_the_first_event_is_with_the_client_before_the_second_is_sent(
    serve: Serve, folder: Path
) -> None:
    arrivals = "0\n0\n3600\n3600\n3600\n0\n0\n0\n"
    (folder / "hello.arrivals").write_text(arrivals, encoding="ascii")
    server = serve(speed=1)
    with connected(server.url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        received = received_until(client, b"}\n\n")
        (record,) = server.requests
        assert len(record.sent_at) == 1
    assert received.count(b"data:") == 1


@pytest.mark.slow
def test_200_clients_are_served_at_once(serve: Serve) -> None:
    server = serve(speed=1)
    url = server.url
    expected = ask(url, "POST", STREAM, ASKED).body
    ready = threading.Barrier(200)
    bodies: list[bytes] = []

    def stream() -> None:
        ready.wait(PATIENCE)
        bodies.append(ask(url, "POST", STREAM, ASKED).body)

    threads = [threading.Thread(target=stream) for _ in range(200)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(2 * PATIENCE)
    assert bodies == [expected] * 200
    records = server.requests[1:]
    assert [(each.status, len(each.sent_at)) for each in records] == [(200, 4)] * 200
