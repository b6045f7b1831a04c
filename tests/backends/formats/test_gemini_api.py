"""Responses of the Gemini API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from marked_records import lost_marks
from replay import Limits, Session
from replay_backends.formats.agent_logs.gemini import Gemini
from replay_command import run_here

#: Where a ruling of the formats' README adds to an example: the stop of a response that
#: asks for tools, whose end is recorded.
ADDED: dict[str, list[dict[str, object]]] = {
    "json": [
        {
            "type": "stop",
            "usage": {"total_input_tokens": 8, "total_output_tokens": 2, "turns": 1},
            "is_error": False,
            "error": None,
        }
    ]
}
SUFFIXES = {"jsonl": ".jsonl", "txt": ".sse", "json": ".json"}
F = {"functionCall": {"name": "f"}}

Read = Callable[..., Session]


def chunk(*parts: object, finish: str | None = None, **members: object) -> Any:  # noqa: ANN401 - JSON
    candidate: dict[str, object] = {"content": {"role": "model", "parts": [*parts]}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **members}


def usage(given: int, made: int, **more: int) -> dict[str, int]:
    return {"promptTokenCount": given, "candidatesTokenCount": made, **more}


def types(session: Session) -> list[object]:
    return [each["type"] for each in foreign.plain(session)]


def imported(session: Session, index: int) -> Any:  # noqa: ANN401 - JSON
    return json.loads(replay.dumps(session))["events"][index].get("imported")


def codes(session: Session) -> list[str]:
    assert session.report
    return [each.code for each in session.report.notes]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return the session of a stream of chunks."""

    def stream(*chunks: object, **options: object) -> Session:
        path = tmp_path / "file.sse"
        path.write_text("".join(f"data: {json.dumps(each)}\n\n" for each in chunks))
        (session,) = foreign.converted(path, **options)
        return session

    return stream


def test_the_examples_of_the_page_give_its_events(tmp_path: Path) -> None:
    examples = [*foreign.examples("gemini")]
    if not examples:
        pytest.skip("the shared data isn't there")
    for example in examples:
        path = tmp_path / f"example{SUFFIXES[example.kind]}"
        path.write_text(example.text)
        (session,) = foreign.converted(path)
        expected = example.events + ADDED.get(example.kind, [])
        assert foreign.plain(session) == expected


def test_the_recorded_responses_are_two_runs() -> None:
    paths = [each for each in foreign.samples("gemini-cli") if "resume" in each.name]
    if not paths:
        pytest.skip("the shared data isn't there")
    (path,) = paths
    (session,) = foreign.converted(path)
    lasts = [
        json.loads(line)["response"][-1]["usageMetadata"]
        for line in path.read_text().splitlines()
    ]
    stops = [each.usage for each in session.events if isinstance(each, replay.Stop)]
    assert [(each.total_input_tokens, each.total_output_tokens) for each in stops] == [
        (each["promptTokenCount"], each["candidatesTokenCount"]) for each in lasts
    ]
    assert session.report
    assert session.report.records == 2
    assert run_here("transcript", path).returncode == 0


def test_the_last_counts_are_those_of_the_response(read: Read) -> None:
    session = read(
        chunk({"text": "A"}, usageMetadata=usage(10, 1), responseId="r"),
        chunk(
            {"text": "B"},
            finish="STOP",
            usageMetadata=usage(7, 3, thoughtsTokenCount=2, toolUsePromptTokenCount=4),
        ),
        {"usageMetadata": None},
        chunk({"text": ""}, usageMetadata=usage(7, 4)),
    )
    events = foreign.plain(session)
    assert events[2]["usage"] == {
        "total_input_tokens": 7,
        "total_output_tokens": 4,
        "turns": 1,
    }
    assert (imported(session, 0), imported(session, 1)) == ({"responseId": "r"}, None)
    assert imported(session, 2) == {"finish_reason": "STOP", "usage": usage(7, 4)}


def test_a_cut_response_has_no_end_and_keeps_its_counts(read: Read) -> None:
    session = read(chunk({"text": "A"}, usageMetadata=usage(9, 2)))
    assert (types(session), codes(session)) == (
        *(["text_delta"], ["usage-without-stop"]),
    )
    assert imported(session, 0)["usage"]["total_input_tokens"] == 9
    assert codes(read(chunk({"text": "A"}))) == []


def test_finish_reasons_are_ends_or_errors(read: Read) -> None:
    reasons = [
        *(("MAX_TOKENS", None), ("SAFETY", "SAFETY"), ("NEW", "NEW")),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
    ]
    for reason, error in reasons:
        (stop,) = foreign.plain(read(chunk(finish=reason)))
        assert (stop["is_error"], stop["error"]) == (error is not None, error)
    assert types(read(chunk(finish="FINISH_REASON_UNSPECIFIED"))) == []


def test_a_blocked_prompt_and_an_error_are_failures(read: Read) -> None:
    for record, told in [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "blocked: SAFETY"),
        ({"error": {"code": 503, "message": "busy"}}, "busy"),
        ({"error": {"status": "UNAVAILABLE"}}, "UNAVAILABLE"),
        ({"error": "busy"}, "busy"),
        ({"error": {"code": 3}}, "error"),
    ]:
        session = read(chunk({"text": "A"}), record)
        assert foreign.plain(session)[1]["error"] == told


def test_responses_that_ask_for_tools_belong_to_one_run(read: Read) -> None:
    session = read(
        chunk(F, finish="STOP", usageMetadata=usage(5, 1), responseId="a"),
        chunk({"text": "B"}, responseId="b", usageMetadata=usage(6, 2), finish="STOP"),
        chunk({"text": "C"}, responseId="c", finish="STOP"),
    )
    assert types(session) == [
        *("tool_call", "text_delta", "stop", "text_delta", "stop"),
    ]
    assert foreign.plain(session)[2]["usage"] == {
        "total_input_tokens": 11,
        "total_output_tokens": 3,
        "turns": 2,
    }
    assert types(read(chunk(F, finish="STOP")))[-1] == "stop"


def test_two_messages_of_one_kind_in_a_row_stay_two(read: Read) -> None:
    session = read(
        chunk({"text": "A"}, {"text": "B"}, responseId="a"),
        chunk({"text": "C"}, {"text": "D"}, responseId="b"),
        chunk({"text": "E", "thought": True}, responseId="c"),
        chunk(F, responseId="d"),
        chunk({"text": "F"}, responseId="e"),
    )
    assert types(session) == [
        *("text_delta", "text_delta", "text", "text_delta", "text_delta"),
        *("thinking_delta", "tool_call", "text_delta"),
    ]
    assert foreign.plain(session)[2]["content"] == "AB"
    assert (imported(session, 2), codes(session)) == (
        *({"made": True}, ["final-made", "id-made"]),
    )


def test_parts_are_texts_thoughts_calls_and_results(read: Read) -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    ran = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "no"}}
    session = read(
        chunk(
            {"text": "Hm", "thought": True, "thoughtSignature": "s"},
            *(code, ran, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "id": "q"}}),
            {"functionCall": {"name": "f", "args": {"x": 1}, "id": "c"}},
            {"functionResponse": {"name": "f", "response": {"result": 2}}},
            *({"inlineData": {"data": ""}, "thought": True}, {"thought": True}, 3),
        )
    )
    events = foreign.plain(session)
    assert types(session)[:6] == [
        *("thinking_delta", "tool_call", "tool_result", "tool_result"),
        *("tool_call", "tool_result"),
    ]
    assert types(session)[6:] == ["gemini/inlineData", "gemini/part", "gemini/value"]
    assert imported(session, 0) == {"signature": "s"}
    assert (events[1]["name"], events[2]["call_id"]) == ("code_execution", "call-1")
    assert imported(session, 2) == {"is_error": True}
    assert (events[3]["call_id"], events[5]["call_id"]) == ("q", "c")
    assert events[5]["result"] == {"result": 2}


def test_an_empty_text_is_no_event_but_its_signature_is_kept(read: Read) -> None:
    session = read(
        chunk({"text": "A"}),
        chunk({"text": "", "thoughtSignature": "s"}),
        chunk({"text": ""}, modelVersion="m"),
        chunk(finish="STOP", groundingMetadata={}),
    )
    assert types(session) == ["text_delta", "stop"]
    assert imported(session, 1)["signature"] == "s"
    assert imported(session, 1)["modelVersion"] == "m"
    assert session.report
    assert session.report.skipped == {"empty": 2}


def test_other_candidates_are_counted(read: Read) -> None:
    record = chunk({"text": "A"})
    record["candidates"] += chunk({"text": "B"})["candidates"] * 2
    session = read(record)
    assert [each["content"] for each in foreign.plain(session)] == ["A"]
    assert session.report
    assert [(each.code, each.count) for each in session.report.notes] == [
        ("other-choice", 2)
    ]


def test_snake_case_is_read_as_camel_case(read: Read) -> None:
    asked = {"function_call": {"name": "f", "args": {"a_b": 1}, "will_continue": None}}
    record = {
        "candidates": [{"content": {"parts": [asked]}, "finish_reason": "STOP"}],
        "response_id": "r",
    }
    counts = {"prompt_token_count": 5, "candidates_token_count": 1}
    session = read(record, {"usage_metadata": counts})
    call, stop = foreign.plain(session)
    assert call["arguments"] == {"a_b": 1}
    assert stop["usage"] == {
        "total_input_tokens": 5,
        "total_output_tokens": 1,
        "turns": 1,
    }


def streamed(*pieces: object, **members: object) -> dict[str, object]:
    return {"functionCall": {"partialArgs": [*pieces], "willContinue": True, **members}}


def piece(path: object, kind: str, value: object) -> dict[str, object]:
    return {"jsonPath": path, kind: value, "willContinue": True}


def arguments(session: Session) -> list[object]:
    return [each["arguments"] for each in foreign.plain(session) if "arguments" in each]


def test_arguments_that_are_streamed_make_one_call(read: Read) -> None:
    begin = {"functionCall": {"name": "f", "willContinue": True}}
    session = read(
        chunk(begin | {"thoughtSignature": "s"}),
        chunk(streamed(piece("$.a.b[0]", "stringValue", "on"))),
        chunk(streamed(piece("$.a.b[0]", "stringValue", "e"))),
        chunk(streamed(piece("$.a.b[1]['c.d']", "numberValue", 2))),
        chunk(streamed(piece("$.a.b[1].f", "numberValue", 3))),
        chunk(streamed(piece('$["e"]', "boolValue", value=True))),
        chunk(streamed(piece("$.n", "nullValue", "NULL_VALUE"), {"jsonPath": "$.o"})),
        *(chunk({"functionCall": {}}), chunk({"functionCall": {}}, finish="STOP")),
    )
    assert arguments(session) == [
        {"a": {"b": ["one", {"c.d": 2, "f": 3}]}, "e": True, "n": None, "o": None},
    ]
    assert imported(session, 0) == {"signature": "s", "id": "made"}


def test_a_new_name_and_the_end_close_a_streamed_call(read: Read) -> None:
    begin = {"name": "f", "args": {"z": 0}}
    session = read(
        chunk(streamed(piece("$.x", "numberValue", 1), **begin)),
        chunk(streamed(piece("$.x", "numberValue", 2), name="f", willContinue=False)),
        chunk({"functionCall": {"name": "f", "willContinue": True}}),
        chunk({"text": "A"}),
    )
    assert arguments(session) == [{"z": 0, "x": 1}, {"x": 2}, {}]


def test_pieces_that_do_not_fit_are_kept_raw(read: Read) -> None:
    paths = [
        *("a", "$", "$.", "$.a[2]", "$[0]", "$.s.t", "$.a[0].b.", None),
        *("$.a[9999999]", "$" + ".a" * 101),
    ]
    for path in paths:
        first = piece("$.s", "stringValue", "text")
        asked = streamed(first, piece(path, "numberValue", 1), name="f")
        session = read(chunk(asked, finish="STOP"))
        ((raw,),) = [each.values() for each in arguments(session)]  # type: ignore[attr-defined]
        assert len(raw) == 2
        assert imported(session, 0)["arguments"] == "raw"


def test_a_piece_without_its_beginning_is_kept(read: Read) -> None:
    session = read(chunk(streamed(piece("$.x", "numberValue", 1))))
    assert types(session) == ["gemini/functionCall"]


def test_requests_give_the_prompts(tmp_path: Path) -> None:
    said: list[object] = [{"role": "user", "parts": [{"text": "Go"}]}]
    answer = {"functionResponse": {"name": "f", "response": {"output": "x"}}}
    more = [*said, {"role": "model", "parts": [F]}, {"role": "user", "parts": [answer]}]
    last = [*more, {"role": "model", "parts": [{"text": "B"}]}, {"parts": ["And?"]}]
    system = {"parts": [{"text": "Be short."}]}
    records = [
        {"request": {"contents": said, "systemInstruction": system}}
        | {"response": [chunk(F, finish="STOP")]},
        {
            "request": {"contents": more},
            "response": chunk({"text": "B"}, finish="STOP"),
        },
        {"contents": last},
    ]
    path = tmp_path / "file.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    (session,) = foreign.converted(path)
    assert types(session) == [
        *("gemini/systemInstruction", "user_input", "tool_call", "tool_result"),
        *("text_delta", "stop", "user_input"),
    ]


def test_a_request_alone_is_a_history(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    contents = [
        {"role": "user", "parts": [{"text": "Go"}]},
        {"role": "model", "parts": [{"text": "A"}, F]},
        {"role": "function", "parts": [{"functionResponse": {"name": "f"}}]},
    ]
    path.write_text(json.dumps({"contents": contents}, indent=1))
    (session,) = foreign.converted(path)
    assert types(session) == ["user_input", "text", "tool_call", "tool_result"]
    assert foreign.plain(session)[3]["call_id"] == "call-1"


def test_recorded_methods_that_answer_nothing_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    records = [
        {"method": "countTokens", "response": {"totalTokens": 3}},
        {"method": "generateContent", "response": chunk({"text": "A"}, finish="STOP")},
        {"method": "generateContent", "response": [3]},
        {},
    ]
    path.write_text("\n".join(map(json.dumps, records)) + "\nodd\n")
    (session,) = foreign.converted(path)
    assert types(session) == [
        *("gemini/countTokens", "text_delta", "stop", "gemini/generateContent"),
        *("gemini/untyped", "gemini/line"),
    ]


def test_a_list_whose_end_is_missing_gives_its_whole_items(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    text = json.dumps([chunk({"text": each}) for each in "AB"], indent=1)
    for size in range(text.index("B") - 1, len(text)):
        path.write_text(text[:size])
        (session,) = foreign.converted(path)
        found = [each.get("content") for each in foreign.plain(session)]
        assert found[0] == "A"
        assert found[1:] in ([], ["B"], [None])
        assert codes(session) in ([], ["torn-line"])
    path.write_text('[{"candidates": [{"content": {}}]}, NaN')
    with pytest.raises(replay.DecodeError, match="NaN"):
        foreign.converted(path)
    path.write_text(text)
    assert types(foreign.converted(path)[0]) == ["text_delta", "text_delta"]
    with pytest.raises(replay.LimitExceededError):
        foreign.converted(path, limits=Limits(event_bytes=9))


@pytest.mark.slow
def test_a_stream_that_is_cut_is_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "file.sse"
    chunks = [chunk({"text": "A"}), chunk(F), chunk({"text": "B"}, finish="STOP")]
    data = "".join(f"data: {json.dumps(each)}\n\n" for each in chunks).encode()
    path.write_bytes(data)
    whole = foreign.plain(foreign.converted(path)[0])
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with replay.open(str(path), format="gemini") as source:
            (session,) = source
        events = foreign.plain(session)
        found = [each for each in events if each["type"] != "gemini/line"]
        assert found == whole[: len(found)]
        assert len(events) - len(found) <= 1


def test_no_member_of_another_kind_than_expected_is_lost() -> None:
    parts: list[object] = [
        {"text": "A"},
        {"functionCall": {"name": "f", "args": {"x": 1}}},
        {"executableCode": {"code": "1", "language": "PYTHON"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
    ]
    content = {"role": "model", "parts": parts}
    candidate = {"content": content, "finishReason": "STOP", "index": 0}
    request = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "model": "m"}
    response = {
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 1},
        "promptFeedback": {"safetyRatings": []},
        "modelVersion": "v",
    }
    # What another candidate says is counted only.
    assert lost_marks([request, response], "gemini", Gemini(), response) == {
        "/1/candidates/0/index"
    }
    recorded = {"method": "generateContent", "response": [response]}
    assert lost_marks([recorded], "gemini", Gemini()) == {
        "/0/response/0/candidates/0/index"
    }
