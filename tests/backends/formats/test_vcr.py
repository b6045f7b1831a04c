"""Cassettes: the requests and responses of tests, as conversations."""

import base64
import gzip
import io
import json
import sys
import zlib
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

import foreign
import replay
from foreign_bytes import sessions_in
from replay import Limits
from replay.authoring import SourceText
from replay.errors import (
    DecodeError,
    LimitExceededError,
    ReplayError,
    UnsupportedError,
)
from replay_backends.formats.api_captures.cassettes.cassette import (
    Interaction,
    interactions_in,
    is_cassette,
)
from replay_backends.formats.head import SIZE, Head
from replay_backends.formats.recording import ImportOptions, Recording

PAGE = "vcrpy"  # which the types of unknown events begin with
NAME = "vcr"
EXAMPLE = Path(__file__).parents[3] / "examples/formats/vcrpy.yaml"

Json = dict[str, Any]


def recording(data: bytes | str) -> Recording:
    data = data.encode() if isinstance(data, str) else data
    head = Head(data[:SIZE], is_whole=len(data) <= SIZE)
    text = SourceText(lambda: io.BytesIO(data), "cassette")
    return Recording(text, head, "cassette", Limits(), ImportOptions())


def first(data: bytes | str) -> Interaction:
    (found, *_) = interactions_in(recording(data))
    return found


def body_of(response: str) -> bytes:
    """Return the body that is read of a response, written in YAML."""
    return first(f"interactions:\n- request: {{}}\n  response: {response}\n").response


def binary(data: bytes) -> str:
    return f"{{body: {{string: !!binary {base64.b64encode(data).decode()}}}}}"


def exchange(request: object, response: object, status: int = 200) -> Json:
    said = response if isinstance(response, str) else json.dumps(response)
    return {
        "request": {
            "method": "POST",
            "uri": "https://user:secret@example.com/v1?key=secret#x",
            "headers": {"authorization": ["secret"]},
            "body": json.dumps(request),
        },
        "response": {"status": {"code": status}, "body": {"string": said}},
    }


def chat(
    *messages: Json, answer: object = None, reason: str = "stop", **rest: object
) -> Json:
    """Return a request for a chat completion, and the response."""
    message = {"role": "assistant", "content": answer, **rest}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    response = {
        "object": "chat.completion",
        "choices": [choice],
        "usage": {"prompt_tokens": 2, "completion_tokens": 1},
    }
    return exchange({"messages": messages}, response)


def user(content: str) -> Json:
    return {"role": "user", "content": content}


def assistant(content: str) -> Json:
    return {"role": "assistant", "content": content}


def calls(*ids: str) -> Json:
    function = {"name": "f", "arguments": "{}"}
    found = [{"id": each, "type": "function", "function": function} for each in ids]
    return {"tool_calls": found}


def result(call_id: str, content: str) -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def read(*exchanges: Json) -> list[replay.Session]:
    return sessions_in(json.dumps({"interactions": exchanges}).encode())


def told(session: replay.Session) -> list[str]:
    """Return the events, shortened."""
    return [_told(each) for each in events(session)]


def _told(event: Json) -> str:
    match event:
        case {"type": "stop", "error": error}:
            return f"stop {error}" if error else "stop"
        case {"type": "tool_call", "call_id": call_id}:
            return f"call {call_id}"
        case {"type": "tool_result", "call_id": call_id, "result": value}:
            return f"result {call_id} {value}"
        case {"content": content}:
            return str(content)
    return str(event["type"]).removeprefix(f"{PAGE}/")


def events(session: replay.Session) -> list[Json]:
    found: list[Json] = json.loads(replay.dumps(session))["events"]
    return found


def notes(session: replay.Session) -> list[str]:
    assert session.report
    return [each.code for each in session.report.notes]


def test_the_examples_of_the_page(tmp_path: Path) -> None:
    found = [*foreign.examples(PAGE)]
    if not found:
        pytest.skip("the shared test data is not there")
    for example in found:
        path = tmp_path / f"x.{example.kind}"
        path.write_text(example.text)
        (session,) = foreign.converted(path)
        assert session.session_id == "x"
        assert foreign.plain(session) == example.events, example.name


def test_all_samples_of_known_apis_are_recognized_and_counted() -> None:
    found = foreign.samples("vcr-cassette")
    if not found:
        pytest.skip("the shared test data is not there")
    for path in found:
        count = path.read_text().count("- request:")
        if "bedrock" in path.name or "multiple_tools" in path.name:  # of Cohere
            with pytest.raises(DecodeError, match="no calls of a model's API"):
                foreign.converted(path)
            continue
        sessions = foreign.converted(path)
        assert sum(each.report.records for each in sessions if each.report) == count


def test_the_example() -> None:
    (session,) = foreign.converted(EXAMPLE)
    assert session.session_id == PAGE
    assert told(session) == [
        "How long is the notice period?",
        "call t1",
        "result t1 three months",
        "Three months.",
        "stop",
    ]
    assert events(session)[-1]["usage"] == {
        "total_input_tokens": 100,
        "total_output_tokens": 13,
        "turns": 2,
    }


def test_a_cassette_of_several_conversations() -> None:
    start = [user("a")]
    more = [*start, assistant("b"), user("c")]
    first_one, other = read(
        chat(*start, answer="b"),
        chat(user("x"), answer="y"),
        chat(*more, answer="d"),
    )
    assert told(first_one) == ["a", "b", "stop", "c", "d", "stop"]
    assert told(other) == ["x", "y", "stop"]
    assert other.session_id == "recording--2"


def test_a_history_may_cut_texts_elsewhere() -> None:
    parts = [{"type": "text", "text": each} for each in ("b", "c")]
    repeated = {"role": "assistant", "content": parts}
    (session,) = read(
        chat(user("a"), answer="bc"), chat(user("a"), repeated, user("d"), answer="e")
    )
    assert told(session) == ["a", "bc", "stop", "d", "e", "stop"]


def test_a_history_may_have_plain_signs_for_typographic_ones() -> None:
    answered = chat(user("a"), answer="\u201cIt\u2019s\u201d")
    (session,) = read(
        answered,
        chat(user("a"), assistant('"It\'s"'), user('the "\u2026"'), answer="e"),
        chat(
            *(user("a"), assistant('"It\'s"'), user('the "..."'), assistant("e")),
            *(user("f"),),
            answer="g",
        ),
    )
    assert told(session)[4:] == ["e", "stop", "f", "g", "stop"]


def test_a_history_may_leave_out_parts_of_calls_that_the_service_ran() -> None:
    search = {"type": "web_search_call", "id": "w", "action": {"query": "q"}}
    text = {"type": "output_text", "text": "b"}
    said = [search, {"type": "message", "role": "assistant", "content": [text]}]
    answer = {"object": "response", "status": "completed", "output": said}
    less = [{**search, "action": {}, "status": "completed"}, *said[1:]]
    (session,) = read(
        exchange({"input": [user("a")]}, answer),
        exchange({"input": [user("a"), *less, user("c")]}, answer),
    )
    once = ["call w", "result w {'status': None}", "b", "stop"]
    assert told(session) == ["a", *once, "c", *once]


def test_a_history_that_went_on_elsewhere_is_another_conversation() -> None:
    asked = [user("a"), assistant("b"), user("c")]
    first_one, branch = read(
        chat(user("a"), answer="b"), chat(*asked, answer="d"), chat(*asked, answer="e")
    )
    assert told(first_one) == ["a", "b", "stop", "c", "d", "stop"]
    assert told(branch) == ["a", "b", "c", "e", "stop"]


def test_conversations_that_say_the_same_go_on_one_by_one() -> None:
    begun, asked = chat(user("a"), answer="b"), [user("a"), assistant("b"), user("c")]
    first_one, other = read(
        begun, begun, chat(*asked, answer="d"), chat(*asked, answer="e")
    )
    assert told(first_one)[-2:] == ["e", "stop"]
    assert told(other)[-2:] == ["d", "stop"]


def test_results_are_paired_by_position_if_the_client_renamed_calls() -> None:
    asks = chat(user("a"), reason="tool_calls", **calls("p", "q"))
    repeated = {"role": "assistant", "content": None, **calls("r1", "r2")}
    answers = [result("r2", "second"), result("r1", "first")]
    (session,) = read(asks, chat(user("a"), repeated, *answers, answer="b"))
    assert told(session) == [
        "a",
        "call p",
        "call q",
        "result q second",
        "result p first",
        "b",
        "stop",
    ]
    assert "paired-by-position" in notes(session)


def test_what_the_client_wrote_in_the_models_name_is_marked() -> None:
    (session,) = read(chat(user("a"), assistant("made up"), user("b"), answer="c"))
    assert [each.get("imported", {}).get("from_request") for each in events(session)][
        :3
    ] == [None, True, None]


def test_a_repeated_request_after_an_error_is_the_same_turn() -> None:
    messages = {"messages": [user("a")]}
    failed = exchange(messages, {"error": {"message": "busy"}}, 429)
    odd = exchange(messages, {"error": "down"}, 500)
    (session,) = read(failed, odd, chat(user("a"), answer="b"))
    assert told(session) == ["a", "stop busy", "stop down", "b", "stop"]
    assert events(session)[1]["imported"] == {"http_status": 429}


def test_errors_of_the_other_apis() -> None:
    error = {"type": "error", "error": {"message": "no"}}
    for request in ({"messages": [user("a")]}, {"input": "a"}):
        (session,) = read(exchange(request, error, 400))
        assert told(session) == ["a", "stop no"]


def test_what_is_no_call_of_a_model_is_counted_or_kept_without_keys() -> None:
    others = [
        exchange({"messages": []}, "no JSON", 500),
        exchange({"messages": []}, {"error": {}}, 500),
        exchange({"other": 1}, {"error": {"message": "x"}}, 500),
        exchange({"texts": []}, {"embeddings": []}),
        exchange({"a": 1}, [{"x": 1}]),
        exchange("text", "x"),
    ]
    value = {"interactions": [*others, chat(user("a"), answer="b")]}
    (session,) = sessions_in(json.dumps(value).encode())
    assert session.report
    assert session.report.skipped == {"interaction": 6}
    assert notes(session) == ["other-interaction"]


def test_other_interactions_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(
        json.dumps({"interactions": [chat(user("a"), answer="b"), exchange(1, "x")]})
    )
    (session,) = foreign.converted(path, keep="all")
    assert events(session)[-1] == {
        "type": "vcrpy/interaction",
        "record": {"method": "POST", "uri": "https://example.com/v1", "status": 200},
    }
    assert b"secret" not in replay.dumps(session)


def test_a_response_that_two_formats_fit_is_of_none() -> None:
    chunk = {"object": "chat.completion.chunk", "choices": []}
    start = {"type": "message_start", "message": {}}
    both = "".join(f"data: {json.dumps(each)}\n\n" for each in (chunk, start))
    (session,) = read(exchange({}, both), chat(user("a"), answer="b"))
    assert session.report
    assert session.report.skipped == {"interaction": 1}


def test_what_is_noted_of_a_response_is_noted_of_the_cassette() -> None:
    choices = [
        {"index": n, "message": assistant("b"), "finish_reason": "stop"} for n in (0, 1)
    ]
    response = {"object": "chat.completion", "choices": choices}
    (session,) = read(exchange({"messages": [user("a")]}, response))
    assert "other-choice" in notes(session)


def test_a_conversation_that_begins_with_a_history() -> None:
    made = {"role": "assistant", "content": None, **calls("p")}
    (session,) = read(chat(user("a"), made, result("p", "r"), answer="b"))
    assert told(session) == ["a", "call p", "result p r", "b", "stop"]


def test_a_cassette_without_calls_of_models_is_refused() -> None:
    with pytest.raises(DecodeError, match="no calls of a model's API"):
        read(exchange({}, {}))


def test_responses_that_name_the_one_before() -> None:
    def respond(response_id: str, said: str) -> Json:
        part = {"type": "output_text", "text": said, "annotations": []}
        item = {"type": "message", "role": "assistant", "content": [part]}
        return {
            "object": "response",
            "id": response_id,
            "status": "completed",
            "output": [item],
        }

    asked = {"input": "a", "instructions": "be nice"}
    again = {"input": "c", "instructions": "be nice", "previous_response_id": "resp_1"}
    (session,) = read(
        exchange(asked, respond("resp_1", "b")),
        exchange(again, respond("resp_2", "d")),
    )
    assert told(session) == ["system", "a", "b", "stop", "c", "d", "stop"]


def test_streams_of_anthropic() -> None:
    block = {"type": "text", "text": ""}
    stream: list[Json] = [
        {"type": "message_start", "message": {"role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "b"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]
    said = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in stream)
    request = {"system": "s", "messages": [user("a")]}
    more = {"system": "s", "messages": [user("a"), assistant("b"), user("c")]}
    (session,) = read(exchange(request, said), exchange(more, said[:-30]))
    assert told(session)[:6] == ["system", "a", "b", "stop", "c", "b"]


def test_tokens_of_a_run_that_broke_off_have_no_place() -> None:
    asks = chat(user("a"), reason="tool_calls", **calls("p"))
    repeated = {"role": "assistant", "content": None, **calls("p")}
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": "b"}}],
    }
    request = {"messages": [user("a"), repeated, result("p", "r")]}
    (session,) = read(asks, exchange(request, f"data: {json.dumps(chunk)}\n\n"))
    assert told(session) == ["a", "call p", "result p r", "b"]
    assert "usage-without-stop" in notes(session)


def test_a_cassette_cut_anywhere_gives_sessions_or_one_clear_error() -> None:
    text = EXAMPLE.read_bytes()
    for size in range(0, len(text), 29):
        with suppress(ReplayError):
            assert sessions_in(text[:size], NAME)


def test_cassettes_are_recognized() -> None:
    pair: Json = {"request": {}, "response": {}}
    cut = json.dumps({"interactions": [{"request": {"body": "x" * SIZE}}]})
    for text in (
        "version: 1\ninteractions:\n- request:\n",
        "http_interactions:\n- request:\n",
        "- request:\n    body: x\n",
        json.dumps({"interactions": [pair]}),
        json.dumps({"http_interactions": [pair]}),
        json.dumps([pair]),
        cut,
    ):
        assert is_cassette(recording(text).head), text[:50]
    for text in ("a: 1\n", "interactions: none", '{"interactions": []}', "[1]", "{}"):
        assert not is_cassette(recording(text).head), text


def test_bodies_are_read_however_they_are_packed() -> None:
    data = b'{"x": 1}'
    for packed in (data, gzip.compress(data), zlib.compress(data), zstd.compress(data)):
        assert body_of(binary(packed)) == data


def test_bodies_that_only_look_packed_are_read_as_they_are() -> None:
    for data in (
        b"xyz",
        b"\x1f\x8bno",
        b"\x28\xb5\x2f\xfdno",
        b"\x28\xb5\x2f\xfd" + b"\xff" * 20,
    ):
        assert body_of(binary(data)) == data


def test_bodies_as_other_recorders_write_them() -> None:
    assert body_of("{parsed_body: {x: 1}}") == b'{"x":1}'
    assert body_of("{body: {base64_string: eA==}}") == b"x"
    assert body_of("{body: {base64_string: e}}") == b""
    assert body_of("{body: {string: null}}") == b""
    assert body_of("{body: text}") == b"text"
    assert body_of("{body: {x: 1}}") == b'{"x":1}'
    assert body_of("{}") == b""
    assert body_of("null") == b""
    assert body_of("{parsed_body: {day: 2026-11-30}}") == b'{"day":"2026-11-30"}'


def test_tags_of_python_that_are_plain_values() -> None:
    assert body_of("{body: {string: !!python/unicode x}}") == b"x"
    assert body_of("{parsed_body: !!python/tuple [1, 2]}") == b"[1,2]"
    held = "!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary eA==]}"
    assert body_of(f"{{body: {{string: {held}}}}}") == b"x"
    empty = "!!python/object/new:_io.BytesIO {}"
    assert body_of(f"{{body: {{string: {empty}}}}}") == b""


def test_other_tags_are_refused_and_named() -> None:
    with pytest.raises(DecodeError, match=r"line 3.*python/object/apply:os\.system"):
        body_of("!!python/object/apply:os.system [true]")


def test_yaml_that_cannot_be_read_is_refused() -> None:
    deep = "interactions: " + "[" * 5000
    for text, reason in (
        ("interactions:\n- request: [", "not a cassette"),
        ("interactions: 1\nrequest: 1", "no interactions"),
        ("interactions:\n- request: 2026-99-99", None),
        ("interactions:\n- !!int x", "can be read"),
        (deep, "not"),
        ("", "no interactions"),
        ("interactions: \x01", "not a cassette"),
    ):
        if reason is None:
            assert first(text).request is None
            continue
        with pytest.raises(DecodeError, match=reason):
            interactions_in(recording(text))


def test_aliases_that_repeat_too_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 9):
        repeated = ", ".join([f"*a{n - 1}"] * 10)
        lines.append(f"a{n}: &a{n} [{repeated}]")
    circle = "interactions: &a [*a]"
    for text in ("\n".join([*lines, "interactions: []"]), circle):
        with pytest.raises(LimitExceededError, match="aliases repeat"):
            interactions_in(recording(text))


def test_without_pyyaml_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UnsupportedError, match=r"chat-replay\[vcr\]"):
        first("interactions: []")


def test_the_reader_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(import_module("yaml"), "CSafeLoader", raising=False)
    assert body_of("{parsed_body: !!python/tuple [1, 2]}") == b"[1,2]"
    with pytest.raises(DecodeError):
        interactions_in(recording("interactions: " + "[" * 5000))
