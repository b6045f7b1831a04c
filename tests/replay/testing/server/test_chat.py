"""The chat endpoints."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

import replay
from asking import (
    CHAT,
    PROMPT,
    ask,
    connected,
    events_of,
    received_until,
    request_bytes,
)
from replay.testing.server.chat import frame
from replay.testing.server.validation import PAGE, InvalidRequestError, query_of
from serving_process import ASKED, SESSION, STREAM, Serve


def stream(url: str, session_id: str, prompt: str) -> list[object]:
    body = {**PROMPT, "prompt": prompt}
    reply = ask(url, "POST", f"{CHAT}/{session_id}/messages/stream", body)
    assert reply.status == 200
    return events_of(reply.body)


def recorded(folder: Path) -> object:
    return json.loads((folder / "hello.json").read_bytes())


def test_a_session_is_retrieved_as_it_was_recorded(url: str, folder: Path) -> None:
    reply = ask(url, "GET", SESSION)
    assert (reply.status, reply.json) == (200, recorded(folder))
    assert reply.headers["content-type"] == "application/json"
    assert "date" in reply.headers


def test_a_summary_is_the_session_without_its_events(url: str) -> None:
    whole = ask(url, "GET", SESSION).json
    del whole["events"]
    assert ask(url, "GET", f"{SESSION}/summary").json == whole


def test_what_strict_clients_need_is_filled_in(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "bare.json"
    path.write_text('[{"type": "text", "content": "Hi."}]', encoding="utf-8")
    header = ask(serve(path).url, "GET", f"{CHAT}/bare/summary").json
    assert header == {
        "session_id": "bare",
        "last_updated_at": "1970-01-01T00:00:00.000000",
        "shared_access": "query",
    }


def test_a_session_is_created_with_201_as_was_asked_for(url: str) -> None:
    reply = ask(url, "POST", CHAT)
    assert (reply.status, reply.json["index_ids"]) == (201, None)
    asked = {"index_ids": ["idx-7"], "shared_access": "read_only"}
    made = ask(url, "POST", CHAT, asked).json
    assert made | asked == made
    found = ask(url, "GET", f"{CHAT}/{made['session_id']}").json
    assert found == {**made, "events": []}


def test_a_deleted_session_is_gone_and_its_file_stays(url: str, folder: Path) -> None:
    before = recorded(folder)
    stream(url, "ses-hello", "Hello?")
    reply = ask(url, "DELETE", SESSION)
    assert (reply.status, reply.body) == (204, b"")
    assert ask(url, "GET", SESSION).status == 404
    assert ask(url, "DELETE", SESSION).status == 404
    assert ask(url, "GET", CHAT).json == {"items": []}
    assert recorded(folder) == before


def test_sessions_are_listed_in_pages(url: str) -> None:
    made = [ask(url, "POST", CHAT).json["session_id"] for _ in range(2)]
    first = ask(url, "GET", f"{CHAT}?page_size=2").json
    token = first.pop("next_page_token")
    second = ask(url, "GET", f"{CHAT}?page_size=2&page_token={quote(token)}").json
    listed = [each["session_id"] for page in (first, second) for each in page["items"]]
    assert listed == ["ses-hello", *made]
    assert set(second) == {"items"}


@pytest.mark.parametrize(("how", "end"), [("null", None), ("empty", "")])
def test_the_last_page_says_so_as_it_is_told_to(
    serve: Serve, how: str, end: str | None
) -> None:
    page = ask(serve(last_page_token=how).url, "GET", CHAT).json
    assert page["next_page_token"] == end


def bounds(**query: str) -> tuple[int, int]:
    """Return the start and end of the requested page, 50 entries long by default."""
    return query_of(PAGE, query).bounds(50)


def encoded(text: str) -> str:
    """Return a token that was never given out."""
    return urlsafe_b64encode(text.encode()).decode()


def test_a_page_begins_and_ends_where_is_said() -> None:
    assert bounds() == (0, 50)
    assert bounds(page_token="", page_size="3") == (0, 3)
    assert bounds(page_token=encoded("7")) == (7, 57)
    assert bounds(page_size="9" * 30) == (0, 1_000_000)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("page_token", ["7", "x", "LTE=", "eA==", "ü"]),
        ("page_token", map(encoded, ["1_0", " 7", *("9" * n for n in (19, 30, 5000))])),
        ("page_size", ["0", "-1", "x", "1.5", "", "-", "²", "9" * 5000]),
    ],
)
def test_a_page_that_is_none_is_refused(key: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(InvalidRequestError):
            bounds(**{key: value})


def test_a_stream_is_the_recorded_turn_without_its_user_input(url: str) -> None:
    reply = ask(url, "POST", STREAM, ASKED)
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.body.startswith(
        b': ping\n\nevent: delta\ndata: {"type":"text_delta","content":"Gr\xc3\xbc'
    )
    assert b'event: message\ndata: {"type":"text",' in reply.body
    assert events_of(reply.body) == ask(url, "GET", SESSION).json["events"][1:5]


def test_the_streamed_turn_joins_the_history(url: str) -> None:
    before = ask(url, "GET", SESSION).json["events"]
    turn = stream(url, "ses-hello", "And now?")
    asked = {"type": "user_input", "content": "And now?"}
    assert ask(url, "GET", SESSION).json["events"] == [*before, asked, *turn]
    made = ask(url, "POST", CHAT).json["session_id"]
    assert stream(url, made, "And now?") == turn


def test_a_stream_that_nothing_answers_is_404(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    url = serve(tmp_path / "empty").url
    made = ask(url, "POST", CHAT).json["session_id"]
    reply = ask(url, "POST", f"{CHAT}/{made}/messages/stream", PROMPT)
    detail = "There is no recorded turn to replay"
    assert (reply.status, reply.json) == (404, {"detail": detail})


def test_a_slow_stream_pings_while_it_waits(serve: Serve, folder: Path) -> None:
    arrivals = "0\n" + "3600\n" * 7
    (folder / "hello.arrivals").write_text(arrivals, encoding="ascii")
    with connected(serve(speed=1, ping_seconds=0.01).url) as client:
        client.sendall(request_bytes("POST", STREAM, body=ASKED))
        for _ in range(5):
            received_until(client, b": ping\n\n")


def test_a_stream_that_waits_is_whole_whether_it_pings_or_not(serve: Serve) -> None:
    for seconds in (0.001, 60.0):
        url = serve(speed=10, ping_seconds=seconds).url
        assert len(stream(url, "ses-hello", "Hello?")) == 4


def test_an_id_may_hold_anything(serve: Serve, tmp_path: Path) -> None:
    ids = ("a/summary", "a b%2F?", "ü", "\ud800")
    for number, session_id in enumerate(ids):
        document = json.dumps({"session_id": session_id, "events": []})
        (tmp_path / f"{number}.json").write_text(document, encoding="ascii")
    url = serve(tmp_path).url
    for session_id in ids:
        quoted = quote(session_id.encode("utf-8", "surrogatepass"), safe="")
        assert ask(url, "GET", f"{CHAT}/{quoted}").json["session_id"] == session_id
    reply = ask(url, "GET", f"{CHAT}/%FF")
    assert (reply.status, reply.json) == (404, {"detail": "Session not found"})


def test_an_event_is_one_line_of_data() -> None:
    texts = {
        '{"type":"thinking_delta","content":"a\\n\\nb"}': "delta",
        '{"type":"text","content":"\u2028\u0085\\ud83d"}': "message",
        '{"type":"text_delta","content":null}': "delta",
        '[1,"two"]': "message",
    }
    for text, kind in texts.items():
        (event,) = replay.loads(f"[{text}]").events
        assert frame(event) == f"event: {kind}\ndata: {text}\n\n".encode()
