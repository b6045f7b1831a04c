"""Streams of chat completions, as many servers send them."""

from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from chat_captures import (
    called,
    chunk,
    completion,
    events,
    fates,
    imported,
    notes,
    read,
    read_document,
)

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
CACHED = {"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 1}
TEXT = {"type": "text", "text": "Hm"}


def calls(folder: Path, *pieces: object, finish: str | None = "tool_calls") -> object:
    """Return the calls of a stream: their ids, names and arguments."""
    deltas = [chunk({"content": "."})]
    deltas += [chunk({"tool_calls": [each]}) for each in pieces]
    session = read(folder, *deltas, chunk({}, finish))
    return [
        (each["call_id"], each["name"], each["arguments"])
        for each in events(session)
        if each["type"] == "tool_call"
    ]


def piece(
    name: str | None = None, arguments: object = None, **members: object
) -> dict[str, object]:
    """Return a piece of a tool call."""
    return {**members, "function": {"name": name, "arguments": arguments}}


def test_pieces_of_a_call_are_joined_by_their_index(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", "", index=0, id="a"),
        piece("g", "", index=1, id="b"),
        piece(arguments='{"x"', index=0),
        piece(arguments='{"y"', index=1),
        piece(arguments=":1}", index=0),
        piece(arguments=":2}", index=1),
    ) == [("a", "f", {"x": 1}), ("b", "g", {"y": 2})]


@pytest.mark.parametrize("numbered", [{}, {"index": None}, {"index": 0}])
def test_a_new_id_begins_a_call_if_the_index_does_not(
    numbered: dict[str, Any], tmp_path: Path
) -> None:
    assert calls(
        tmp_path,
        piece("f", '{"x"', id="a", **numbered),
        piece(arguments=":1}", **numbered),
        piece("g", "{}", id="b", **numbered),
        piece(arguments=" ", id="a", **numbered),
    ) == [("a", "f", {"x": 1}), ("b", "g", {})]


def test_an_id_and_a_name_may_be_on_every_piece(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", '{"x"', index=0, id="a"),
        piece("f", ":{}", index=0, id="a"),
        piece("f", "}", index=0, id="a"),
    ) == [("a", "f", {"x": {}})]


def test_calls_without_ids_get_some(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"tool_calls": [piece("f", '{"x"', index=0, id="")]}),
        chunk({"tool_calls": [piece("f", ": 1}", index=0)]}),
        chunk({"tool_calls": [piece("g", {"y": 2}, index=1, id=None)]}, "tool_calls"),
    )
    first, second, _ = events(session)
    assert (first["call_id"], first["arguments"]) == ("call-1", {"x": 1})
    assert (second["call_id"], second["arguments"]) == ("call-2", {"y": 2})
    assert imported(first)["id"] == imported(second)["id"] == "made"


def test_a_whole_call_without_an_id_follows_a_whole_one(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", '{"x": 1}', index=0),
        piece("f", '{"x": 2}', index=0),
        piece("f", "", index=0),
    ) == [("call-1", "f", {"x": 1}), ("call-2", "f", {"x": 2})]


def test_an_id_that_comes_late_is_that_of_the_call(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", '{"x"', index=0),
        piece(arguments=":1}", index=0, id="a"),
    ) == [("a", "f", {"x": 1})]


def test_an_index_that_grows_with_each_piece_is_no_new_call(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", '{"x"', index=0, id="a"),
        piece(arguments=":1", index=1, id="a"),
        piece(arguments="}", index=2),
    ) == [("a", "f", {"x": 1})]


def test_calls_may_share_an_id(tmp_path: Path) -> None:
    assert calls(
        tmp_path,
        piece("f", "{}", index=0, id="same"),
        piece("g", "{}", index=1, id="same"),
    ) == [("same", "f", {}), ("same", "g", {})]


@pytest.mark.parametrize("arguments", ["", None, {}, "{}"])
def test_no_arguments_are_an_empty_object(arguments: object, tmp_path: Path) -> None:
    assert calls(tmp_path, piece("f", arguments, id="a")) == [("a", "f", {})]


@pytest.mark.parametrize("arguments", ['{"x', [1]])
def test_broken_arguments_are_kept(arguments: object, tmp_path: Path) -> None:
    found = calls(tmp_path, piece("f", arguments, id="a"))
    assert found == [("a", "f", {"_raw": arguments})]


def test_a_piece_without_a_name_is_a_call_and_noted(tmp_path: Path) -> None:
    session = read(
        tmp_path, chunk({"tool_calls": [{"index": 0}]}), chunk({}, "tool_calls")
    )
    assert events(session)[0]["name"] == ""
    assert notes(session) == [("missing-field", "line:2")]


def test_a_call_of_a_custom_tool_says_so(tmp_path: Path) -> None:
    custom = {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "drop"}}
    session = read(tmp_path, chunk({"tool_calls": [custom]}, "tool_calls"))
    call = events(session)[0]
    assert (call["name"], call["arguments"]) == ("sql", {"_raw": "drop"})
    assert imported(call)["type"] == "custom"


def test_what_else_a_call_holds_is_kept(tmp_path: Path) -> None:
    strict = {"id": "a", "function": {"name": "f", "strict": True}, "extra": 1}
    odd = {"id": "b", "function": "f"}
    session = read(tmp_path, chunk({"tool_calls": [strict, odd]}, "tool_calls"))
    first, second, _ = events(session)
    assert (imported(first)["strict"], imported(first)["extra"]) == (True, 1)
    assert imported(second)["function"] == "f"


def test_the_only_call_of_old_has_a_made_id(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"function_call": {"name": "f", "arguments": '{"x"'}}),
        chunk({"function_call": {"arguments": ":1}"}}),
        chunk({}, "function_call"),
    )
    call, stop = events(session)
    assert (call["call_id"], call["arguments"]) == ("function_call", {"x": 1})
    assert imported(call)["id"] == "made"
    assert imported(stop)["finish_reason"] == "function_call"


def test_a_call_that_broke_off_is_kept_as_such(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"tool_calls": [piece("f", '{"x": 1}', index=0, id="a")]}),
        chunk({"tool_calls": [piece("g", '{"y', index=1, id="b", extra=1)]}),
    )
    call, broken = foreign.plain(session)
    assert call["call_id"] == "a"
    function = {"name": "g", "arguments": '{"y'}
    assert broken == {
        "type": "openai-chat/incomplete-tool-call",
        "record": {"id": "b", "function": function, "extra": 1},
    }


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "Hm"}, {"reasoning_content": None, "content": "Hi"}],
        [{"reasoning": "Hm", "reasoning_content": "Hm"}, {"content": "Hi"}],
        [
            {"content": [{"type": "thinking", "thinking": [TEXT]}]},
            {"content": [{"type": "text", "text": "Hi"}]},
        ],
        [
            {"content": [{"type": "thinking", "thinking": "Hm"}]},
            {"content": [{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}]},
        ],
        [
            {"reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]},
            {"content": "Hi"},
        ],
        [
            {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}]},
            {"content": "Hi", "reasoning": ""},
        ],
    ],
)  # fmt: skip
def test_reasoning_is_thinking(deltas: list[object], tmp_path: Path) -> None:
    session = read(tmp_path, *({"choices": [{"delta": each}]} for each in deltas))
    assert foreign.plain(session) == [
        {"type": "thinking_delta", "content": "Hm"},
        {"type": "text_delta", "content": "Hi"},
    ]


def test_what_is_beside_reasoning_is_kept_with_it(tmp_path: Path) -> None:
    details = [{"type": "reasoning.text", "text": "Hm", "signature": "s"}]
    session = read(
        tmp_path,
        chunk({"reasoning_content": "Hm", "reasoning": "Hmm"}),
        chunk({"reasoning": "...", "reasoning_details": details}),
        chunk({"reasoning_details": details}),
    )
    first, second, third = events(session)
    assert imported(first)["reasoning"] == "Hmm"
    assert imported(second)["reasoning_details"] == details
    assert imported(third)["signature"] == "s"


def test_what_is_neither_text_nor_thinking_is_kept(tmp_path: Path) -> None:
    encrypted = {"type": "reasoning.encrypted", "data": "x"}
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    session = read(
        tmp_path,
        chunk({"reasoning_details": [encrypted, "odd"]}),
        chunk({"content": [image, "odd", {"type": "text", "text": 1}]}),
        chunk({"content": {"odd": True}}),
        chunk({"content": [{"type": "thinking", "thinking": [image]}]}),
        chunk({"images": [image], "audio": {"id": "a"}}),
        chunk({"tool_calls": "odd"}),
    )
    assert foreign.plain(session) == [
        {"type": f"openai-chat/{kind}", "record": record}
        for kind, record in [
            ("reasoning.encrypted", encrypted),
            ("block", "odd"),
            ("image_url", image),
            ("block", "odd"),
            ("block", {"type": "text", "text": 1}),
            ("content", {"odd": True}),
            ("image_url", image),
            ("audio", {"id": "a"}),
            ("images", [image]),
            ("tool_calls", "odd"),
        ]
    ]
    kept = {"reasoning.encrypted": 1, "image_url": 2, "content": 1}
    assert fates(session) == (0, {**kept, "audio": 1, "tool_calls": 1}, {})


def test_a_refusal_is_kept_as_a_whole(tmp_path: Path) -> None:
    session = read(
        tmp_path, chunk({"refusal": "I can"}), chunk({"refusal": "not."}, "stop")
    )
    refusal, stop = foreign.plain(session)
    assert refusal == {
        "type": "openai-chat/refusal",
        "record": {"refusal": "I cannot."},
    }
    assert stop["is_error"] is False
    assert fates(session) == (1, {"refusal": 1}, {})


def test_the_last_usage_counts(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"content": "a"}, usage={**USAGE, "completion_tokens": 1}),
        chunk({"content": "b"}, "stop", usage=USAGE),
    )
    assert events(session)[-1]["usage"] == {
        "total_input_tokens": 5, "total_output_tokens": 2, "turns": 1
    }  # fmt: skip
    assert imported(events(session)[-1])["usage"] == USAGE


@pytest.mark.parametrize(
    ("members", "tokens"),
    [
        ({"usage": {**USAGE, "total_tokens": 9}}, (5, 4)),  # xAI's reasoning
        ({"usage": {**USAGE, "total_tokens": 6}}, (5, 2)),
        ({"x_groq": {"id": "r", "usage": USAGE}}, (5, 2)),
        ({"choices": [{"usage": USAGE, "finish_reason": "stop"}]}, (5, 2)),
        ({"usage": CACHED}, (4,)),
        ({"usage": {"prompt_tokens": True, "completion_tokens": "2"}}, ()),
        ({"usage": [1]}, ()),
    ],
)  # fmt: skip
def test_tokens_are_counted_as_servers_count(
    members: dict[str, object], tokens: tuple[int, ...], tmp_path: Path
) -> None:
    session = read(tmp_path, chunk({"content": "a"}), {**chunk({}, "stop"), **members})
    usage = events(session)[-1]["usage"]
    names = "total_input_tokens", "total_output_tokens"
    assert usage == {**dict(zip(names, tokens, strict=False)), "turns": 1}


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("stop", None),
        ("length", None),
        ("end_turn", None),
        ("content_filter", "content_filter"),
        ("insufficient_system_resource", "insufficient_system_resource"),
        ("abort", "aborted: abort"),
    ],
)
def test_the_end_of_a_run_says_why(
    reason: str, error: str | None, tmp_path: Path
) -> None:
    session = read(tmp_path, chunk({"content": "a"}, reason))
    stop = events(session)[-1]
    assert (stop["is_error"], stop["error"]) == (error is not None, error)
    assert imported(stop)["finish_reason"] == reason


@pytest.mark.parametrize("reason", [None, ""])
def test_a_run_whose_end_is_not_recorded_has_no_stop(
    reason: str | None, tmp_path: Path
) -> None:
    session = read(tmp_path, chunk({"content": "a"}, reason, usage=USAGE))
    (event,) = events(session)
    tokens = {"total_input_tokens": 5, "total_output_tokens": 2, "turns": 1}
    assert imported(event)["usage"] == tokens
    assert notes(session) == [("usage-without-stop", "line:1")]


def test_tokens_of_a_run_without_events_are_kept(tmp_path: Path) -> None:
    usage = {"object": "chat.completion.chunk", "usage": USAGE}
    session = read(tmp_path, usage, chunk({}))
    (event,) = events(session)
    assert event["type"] == "openai-chat/usage"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"message": "Overloaded", "code": 502}, "Overloaded"),
        ("Overloaded", "Overloaded"),
        ({"code": 502}, '{"code": 502}'),
    ],
)
def test_an_error_ends_the_run(error: object, said: str, tmp_path: Path) -> None:
    session = read(tmp_path, chunk({"content": "a"}), {"error": error})
    text, stop = events(session)
    assert text["content"] == "a"
    assert (stop["is_error"], stop["error"]) == (True, said)
    assert imported(stop).get("error") == (error if isinstance(error, dict) else None)
    assert fates(session) == (2, {}, {})


def test_an_error_may_come_with_a_chunk(tmp_path: Path) -> None:
    error = {"message": "Gone"}
    session = read(tmp_path, chunk({"content": "a"}, "error", error=error))
    assert [each["type"] for each in events(session)] == ["text_delta", "stop"]


def test_other_choices_are_noted(tmp_path: Path) -> None:
    others = [{"index": 1, "delta": {"content": "no"}}, "odd"]
    session = read(tmp_path, chunk({"content": "a"}), {**chunk(), "choices": others})
    assert [each["content"] for each in events(session)] == ["a"]
    assert notes(session) == [("other-choice", "line:2")]
    assert fates(session) == (1, {}, {"chunk": 1})


def test_chunks_that_say_nothing_are_skipped_or_kept(tmp_path: Path) -> None:
    chunks = [
        {"id": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
        chunk({"role": "assistant", "content": ""}),
        {**chunk(), "choices": None},
        {**chunk(), "choices": [{"index": 0, "delta": None}]},
    ]
    assert fates(read(tmp_path, *chunks)) == (0, {}, {"chunk": 4})
    kept = read(tmp_path, *chunks, keep="all")
    assert [each["record"] for each in events(kept)] == chunks


def test_a_stream_may_have_several_responses(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk(called({"name": "f", "arguments": "{}"}, id="a"), "tool_calls"),
        chunk(choices=[], usage=USAGE),
        chunk({"content": "a"}, id="c2"),
        chunk({}, "stop", id="c2", usage=USAGE),
        chunk({"content": "b"}, "stop", id="c3", usage=USAGE),
    )
    call, _, stop, *rest = events(session)
    assert imported(call)["finish_reason"] == "tool_calls"
    assert imported(call)["usage"] == USAGE
    assert stop["usage"] == {
        "total_input_tokens": 10, "total_output_tokens": 4, "turns": 2
    }  # fmt: skip
    assert [each["type"] for each in rest] == ["text_delta", "stop"]
    assert rest[-1]["usage"]["turns"] == 1


def test_a_stop_with_open_calls_does_not_end_the_run(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk(called({"name": "f", "arguments": "{}"}, id="a"), "stop"),
        chunk({"content": "a"}, "stop", id="c2"),
    )
    assert [each["type"] for each in events(session)] == [
        "tool_call", "text_delta", "stop"
    ]  # fmt: skip


def said(session: replay.Session) -> list[tuple[str, object]]:
    """Return the types of events, and what they say; of a stop, its usage."""
    return [(e["type"], e.get("content", e.get("usage"))) for e in events(session)]


def test_each_chunk_may_have_an_id_of_its_own(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"role": "assistant", "content": "Hel"}),
        chunk({"content": "lo"}, "stop", id="c2"),
        chunk({}, id="c3", choices=[], usage=USAGE),
    )
    usage = {"total_input_tokens": 5, "total_output_tokens": 2, "turns": 1}
    assert said(session) == [
        ("text_delta", "Hel"),
        ("text_delta", "lo"),
        ("stop", usage),
    ]


def test_responses_may_have_the_same_id(tmp_path: Path) -> None:
    session = read(
        tmp_path, *[chunk({"role": "assistant", "content": "Hi"}, "stop")] * 2
    )
    assert said(session) == [("text_delta", "Hi"), ("stop", {"turns": 1})] * 2


def test_a_chunk_may_repeat_its_delta_as_a_message(tmp_path: Path) -> None:
    delta = {"role": "assistant", "content": "Hi"}
    both = {"choices": [{"delta": delta, "message": delta}]}
    message = chunk(choices=[{"message": {"content": "!"}}])
    session = read(tmp_path, both, message)
    assert said(session) == [("text_delta", "Hi"), ("text_delta", "!")]


def test_two_responses_in_a_row_stay_two_messages(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({"role": "assistant", "content": "Hello"}, "stop", id="c2"),
    )
    assert [(each["type"], each.get("content")) for each in events(session)] == [
        ("text_delta", "Hel"),
        ("text_delta", "lo"),
        ("text", "Hello"),
        ("text_delta", "Hello"),
        ("stop", None),
    ]
    assert imported(events(session)[2]) == {"made": True}
    assert notes(session) == [("final-made", "line:3")]


def test_a_response_that_says_nothing_leaves_the_next_one_alone(tmp_path: Path) -> None:
    session = read(
        tmp_path, chunk({}, "tool_calls"), chunk({"content": "a"}, "stop", id="c2")
    )
    assert [each["type"] for each in events(session)] == ["text_delta", "stop"]


def test_events_keep_what_changes_from_chunk_to_chunk(tmp_path: Path) -> None:
    members: dict[str, Any] = {"model": "m", "created": 1767225600, "obfuscation": "x"}
    later = members | {"created": 1767225601}
    session = read(
        tmp_path,
        chunk({"role": "assistant"}, system_fingerprint="fp", **members),
        chunk({"content": "a", "annotations": []}, **members),
        chunk({"content": "b", "annotations": [1]}, **later),
        chunk({"content": "c"}, **members | {"created": 1e99}),
        chunk({}, "stop", service_tier="default"),
    )  # fmt: skip
    a, b, c, stop = map(imported, events(session))
    assert a == {
        "model": "m",
        "response_id": "c1",
        "system_fingerprint": "fp",
        "timestamp": "2026-01-01T00:00:00+00:00",
    }
    assert b == {"annotations": [1], "timestamp": "2026-01-01T00:00:01+00:00"}
    assert c == {"created": 1e99}
    assert stop == {"finish_reason": "stop", "service_tier": "default"}
    assert session.last_updated_at == "2026-01-01T00:00:01.000000"


def test_a_stored_completion_is_a_response(tmp_path: Path) -> None:
    message = {
        "role": "assistant",
        "reasoning_content": "Hm",
        "content": "Hi",
        "refusal": None,
        "tool_calls": [{"id": "a", **piece("f", '{"x": 1}')}],
    }
    session = read_document(
        tmp_path, completion(message, "tool_calls", id="c", created=1, usage=USAGE)
    )
    assert foreign.plain(session) == [
        {"type": "thinking", "content": "Hm"},
        {"type": "text", "content": "Hi"},
        {"type": "tool_call", "call_id": "a", "name": "f", "arguments": {"x": 1}},
        {
            "type": "stop",
            "usage": {"total_input_tokens": 5, "total_output_tokens": 2, "turns": 1},
            "is_error": False,
            "error": None,
        },
    ]
    assert imported(events(session)[0]) == {
        "response_id": "c", "timestamp": "1970-01-01T00:00:01+00:00"
    }  # fmt: skip


def test_completions_may_stand_on_lines(tmp_path: Path) -> None:
    other = {"index": 1, "message": {"content": "no"}}
    session = read(
        tmp_path,
        completion({"content": "a"}),
        {"choices": [other]},
        completion({"content": "b"}, None),
    )
    assert [each["type"] for each in events(session)] == ["text", "stop", "text"]
    assert notes(session) == [("other-choice", "line:2")]
