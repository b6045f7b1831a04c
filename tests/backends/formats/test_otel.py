"""OpenTelemetry's traces: spans of models, agents and tools."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from foreign_bytes import sessions_in
from marked_records import lost_marks
from replay.errors import DecodeError, LimitExceededError, ReplayError
from replay_backends.formats.telemetry.otel import OpenTelemetry
from replay_command import Run

PAGE = "otel-genai"  # which the types of unknown events begin with
NAME = "otel"
EXAMPLE = Path(__file__).parents[3] / "examples/formats/otel-genai.jsonl"
TRACE = "0af7651916cd43dd8448eb211c80319c"

OTHER_VALUES = ("stringValue", "intValue", "arrayValue", "kvlistValue")

Json = dict[str, Any]


def any_value(value: object) -> Json:
    """Return a value as OTLP writes it."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(each) for each in value]}}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"intValue": str(value)}
    names = {bool: "boolValue", float: "doubleValue", str: "stringValue"}
    return {names[type(value)]: value} if type(value) in names else {}


def attributes(known: Mapping[str, object]) -> list[Json]:
    return [{"key": key, "value": any_value(each)} for key, each in known.items()]


def span(number: int, operation: str, parent: object = 0, **rest: object) -> Json:
    """Return a span of a second, which begins at a number of seconds.

    Args:
        number: Its id, and when it begins.
        operation: What it is of.
        parent: The id of its parent; 0: it has none.
        rest: Its attributes, with ``_`` for ``.`` and without ``gen_ai``, and ``end``,
            ``status``, ``events``, ``trace``.
    """
    known = {
        f"gen_ai.{key.replace('__', '.')}": value
        for key, value in rest.items()
        if key not in ("end", "status", "events", "trace")
    }
    if operation:
        known["gen_ai.operation.name"] = operation
    return {
        "traceId": rest.get("trace", TRACE),
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if isinstance(parent, int) and parent else "",
        "startTimeUnixNano": f"{number}000000000",
        "endTimeUnixNano": f"{rest.get('end', number + 1)}000000000",
        "attributes": attributes(known),
        "status": rest.get("status", {}),
        "events": rest.get("events", []),
    }


def text(said: str) -> Json:
    return {"type": "text", "content": said}


def call(call_id: str | None = "c", name: str = "f", **arguments: object) -> Json:
    part = {"type": "tool_call", "name": name, "arguments": arguments}
    return part if call_id is None else {**part, "id": call_id}


def result(value: object, call_id: str | None = "c") -> Json:
    part = {"type": "tool_call_response", "response": value}
    return part if call_id is None else {**part, "id": call_id}


def message(role: str, *parts: object) -> Json:
    return {"role": role, "parts": [*parts]}


def user(said: str) -> Json:
    return message("user", text(said))


def chat(number: int, inputs: list[Json], *said: object, **rest: object) -> Json:
    """Return the span of a model's response."""
    outputs = [message("assistant", *said)] if said else []
    known = {"input__messages": inputs, "output__messages": outputs, **rest}
    return span(number, "chat", **known)


def stopped(number: int, inputs: list[Json], *said: object, **rest: object) -> Json:
    """Return the span of a model's last response."""
    known = {"response__finish_reasons": ["stop"], **rest}
    return chat(number, inputs, *said, **known)


def trace(*spans: object) -> Json:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [*spans]}]}]}


def read(*spans: object) -> list[replay.Session]:
    return sessions_in(json.dumps(trace(*spans), indent=1).encode())


def only(*spans: object) -> replay.Session:
    (session,) = read(*spans)
    assert session.report
    assert session.report.records == len(spans)
    return session


def events(session: replay.Session) -> list[Json]:
    found: list[Json] = json.loads(replay.dumps(session))["events"]
    return found


def told(session: replay.Session) -> list[str]:
    """Return the events, shortened."""
    return [_told(each) for each in events(session)]


def _told(event: Json) -> str:
    match event:
        case {"type": "stop", "error": error}:
            return f"stop {error}" if error else "stop"
        case {"type": "tool_call", "call_id": call_id}:
            return f"call {call_id}"
        case {"type": "tool_result", "result": value}:
            return f"result {value}"
        case {"type": "user_input", "content": content}:
            return f"user {content}"
        case {"content": content}:
            return str(content)
    return str(event["type"]).removeprefix(f"{PAGE}/")


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
        assert foreign.plain(session) == example.events, example.name


def test_the_samples_are_bare_attributes_which_are_no_trace() -> None:
    found = foreign.samples(PAGE)
    if not found:
        pytest.skip("the shared test data is not there")
    for path in found:
        with pytest.raises(DecodeError, match="not a session"):
            sessions_in(path.read_bytes())


def test_the_attributes_of_the_samples_make_spans() -> None:
    found = foreign.samples(PAGE)
    if not found:
        pytest.skip("the shared test data is not there")
    sessions = []
    for path in found:
        known = json.loads(path.read_bytes())
        sessions.append(only({**span(1, ""), "attributes": attributes(known)}))
    sun, old, tool = sessions
    assert told(sun) == [
        "user Weather in Paris?",
        "Absolutely! Let me check the weather for you.",
        "call 1234",
        "result rainy, 57°F",
        "The weather in Paris is currently rainy with a temperature of 57°F.",
        "stop",
    ]
    assert told(old) == told(sun)
    assert events(sun)[-1]["usage"] == {
        "total_input_tokens": 97,
        "total_output_tokens": 52,
        "turns": 1,
    }
    assert told(tool) == ["execute_tool"]


def test_the_example(run: Run) -> None:
    (session,) = foreign.converted(EXAMPLE)
    assert session.session_id == "notice"
    assert session.report
    assert session.report.version == "example.tracing 1.0"
    assert session.report.skipped == {"execute_tool": 1, "span": 1}
    assert told(session) == [
        "user How long is the notice period?",
        "I look it up.",
        "call c1",
        "result three months",
        "Three months.",
        "stop",
    ]
    *_, answer, stop = events(session)
    assert answer["imported"] == {
        "timestamp": "2025-11-30T11:00:04+00:00",
        "span_id": "00f067aa0ba902b4",
        "model": "m",
    }
    assert stop["usage"] == {
        "total_input_tokens": 100,
        "total_output_tokens": 13,
        "turns": 2,
        "duration_ms": 5000.0,
    }
    assert run("check", str(EXAMPLE)).returncode == 0
    assert run("transcript", str(EXAMPLE)).returncode == 0


def test_only_what_is_new_in_a_history_is_read() -> None:
    first = stopped(1, [message("system", text("s")), user("a")], text("b"))
    history = [message("system", text("s")), user("a"), message("assistant", text("b"))]
    second = stopped(2, [*history, user("c")], text("d"))
    session = only(first, second)
    assert told(session) == ["system", "user a", "b", "stop", "user c", "d", "stop"]
    assert not notes(session)


def test_a_history_may_leave_out_reasoning_ids_and_empty_texts() -> None:
    reasoning = {"type": "reasoning", "content": "hm"}
    asked = call("c", x=1)
    first = chat(1, [user("a")], reasoning, text(""), asked)
    repeated = {**call("other"), "arguments": '{"x": 1}'}
    history = [user("a"), message("assistant", repeated, reasoning)]
    second = stopped(2, [*history, message("user", result("r"))], text("b"))
    assert told(only(first, second)) == [
        "user a",
        "hm",
        "call c",
        "result r",
        "b",
        "stop",
    ]


def test_a_repeated_request_is_a_new_run_of_the_same_turn() -> None:
    failed = chat(1, [user("a")], status={"code": 2, "message": "busy"})
    assert told(only(failed, stopped(2, [user("a")], text("b")))) == [
        "user a",
        "stop busy",
        "b",
        "stop",
    ]


def test_a_history_that_was_cut_is_matched_at_its_end() -> None:
    start = [user("a")]
    first = stopped(1, start, text("b"))
    full = [*start, message("assistant", text("b")), user("c")]
    second = stopped(2, full, text("d"))
    cut = [*full[1:], message("assistant", text("d")), user("e")]
    third = stopped(3, cut, text("f"))
    last = stopped(4, [*cut, message("assistant", text("f")), user("g")], text("h"))
    session = only(first, second, third, last)
    asked = [each for each in told(session) if each.startswith("user")]
    assert asked == ["user a", "user c", "user e", "user g"]
    assert notes(session) == ["history-differs"]


def test_conversations_beside_each_other_keep_their_histories() -> None:
    system = message("system", text("s"))
    spans = [
        stopped(1, [system, user("a")], text("b")),
        stopped(2, [system, user("x")], text("y")),
        stopped(3, [system, user("a"), message("assistant", text("b")), user("c")]),
        stopped(4, [user("other")]),
    ]
    session = only(*spans)
    asked = [each for each in told(session) if each.startswith("user")]
    assert asked == ["user a", "user x", "user c", "user other"]
    assert told(session).count("system") == 1
    assert notes(session) == ["history-differs"]


def test_a_summary_in_place_of_the_history_is_new() -> None:
    first = stopped(1, [user("a"), message("assistant", text("b")), user("c")])
    second = stopped(2, [user("a"), user("summary")], conversation__compacted=True)
    session = only(first, second)
    assert told(session)[-2:] == ["user summary", "stop"]
    assert notes(session) == ["compacted", "history-differs"]


def test_tokens_of_agents_repeat_those_of_their_models() -> None:
    used = {"usage__input_tokens": 2, "usage__output_tokens": 1}
    agent = span(1, "invoke_agent", end=9, **used, input__messages=[user("a")])
    model = stopped(2, [user("a")], text("b"), parent=1, **used)
    (*_, stop) = events(only(agent, model))
    assert stop["usage"] == {
        "total_input_tokens": 2,
        "total_output_tokens": 1,
        "turns": 1,
        "duration_ms": 8000.0,
    }


def test_the_old_names_of_tokens_count_too() -> None:
    used = {"usage__prompt_tokens": 2, "usage__completion_tokens": 1}
    (*_, stop) = events(only(stopped(1, [user("a")], **used)))
    assert stop["usage"]["total_input_tokens"] == 2


def test_an_agent_alone_is_a_run() -> None:
    agent = span(
        1,
        "invoke_agent",
        input__messages=[user("a")],
        output__messages=[message("assistant", text("b"), call(), text("c"))],
        usage__input_tokens=5,
    )
    agent["attributes"] += attributes({"chat_replay.usage.turns": 2})
    tool = span(2, "execute_tool", 1, tool__call__id="c", tool__call__result='{"x": 1}')
    session = only(agent, tool)
    assert told(session) == ["user a", "b", "call c", "result {'x': 1}", "c", "stop"]
    assert events(session)[-1]["usage"] == {
        "total_input_tokens": 5,
        "turns": 2,
        "duration_ms": 1000.0,
    }


def test_agents_below_an_agent_are_part_of_its_run() -> None:
    outer = span(1, "invoke_workflow", end=9)
    inner = span(2, "invoke_agent", 1, input__messages=[user("a")])
    again = span(3, "invoke_agent", 2)
    assert told(only(outer, inner, again)) == ["user a", "stop"]


def test_an_agent_that_goes_on_has_no_stop() -> None:
    agent = {**span(1, "invoke_agent", end=0), "endTimeUnixNano": "0"}
    model = chat(2, [user("a")], text("b"), parent=1, usage__input_tokens=3)
    session = only(agent, model)
    assert told(session) == ["user a", "b"]
    usage = {"total_input_tokens": 3, "turns": 1}
    assert events(session)[-1]["imported"]["usage"] == usage
    assert notes(session) == ["usage-without-stop"]


def test_two_agents_are_two_runs_and_an_input_within_one_begins_another() -> None:
    spans = [
        span(1, "invoke_agent", end=4),
        stopped(2, [user("a")], text("b"), parent=1),
        stopped(3, [user("a"), message("assistant", text("b")), user("c")], parent=1),
        span(5, "invoke_agent", end=7, status={"code": "STATUS_CODE_ERROR"}),
        chat(6, [user("d")], parent=5),
    ]
    assert told(only(*spans)) == [
        "user a",
        "b",
        "stop",
        "user c",
        "stop",
        "user d",
        "stop error",
    ]


def test_a_run_ends_where_its_last_response_did() -> None:
    asks = chat(1, [user("a")], call(), response__finish_reasons='["tool_calls"]')
    stop = events(only(asks))[-1]
    assert stop["imported"]["finish_reason"] == "tool_calls"
    assert stop["usage"] == {"turns": 1}
    assert told(only(chat(1, [user("a")], text("b")))) == ["user a", "b"]


def test_a_filtered_response_is_an_error() -> None:
    output = [{**message("assistant", text("b")), "finish_reason": "content_filter"}]
    spans = span(1, "chat", output__messages=output)
    assert told(only(spans)) == ["b", "stop content_filter"]
    reasons = span(1, "chat", response__finish_reasons="error")
    assert told(only(reasons)) == ["stop error"]


def test_responses_without_messages_count() -> None:
    spans = [span(n, "chat", response__finish_reasons=["stop"]) for n in (1, 2)]
    assert told(only(*spans)) == ["stop", "stop"]


def test_what_else_spans_say_is_kept_once() -> None:
    first = chat(1, [user("Go")], call(), request__model="m", request__seed=7)
    ran = span(2, "execute_tool", 1, tool__name="g", tool__call__result="1")
    again = stopped(3, [user("Go")], text("A"), request__model="n", request__seed=7)
    session = only(first, ran, again)
    spans = [e.get("imported", {}).get("spans") for e in events(session)]
    known = {"gen_ai.request.model": "m", "gen_ai.request.seed": 7}
    assert spans == [[known], None, None, [{"gen_ai.request.model": "n"}], None]


def test_no_member_of_a_span_or_around_it_is_lost() -> None:
    said = [message("user", text("Go"))], [message("assistant", text("A"))]
    event = {"name": "e", "attributes": attributes({"a": 1})}
    found = span(1, "chat", input__messages=said[0], output__messages=said[1])
    found |= {"name": "chat m", "kind": 3, "events": [event]}
    scopes = [{"scope": {"name": "s"}, "spans": [found]}]
    resource = {"attributes": attributes({"service.name": "x"})}
    around = {"resource": resource, "scopeSpans": scopes}
    lost = lost_marks([{"resourceSpans": [around]}], "otel", OpenTelemetry())
    of_span = "/0/resourceSpans/0/scopeSpans/0/spans/0/"
    kept = {f"{of_span}{each}" for each in ("name", "kind", "events/0/name", "*")}
    kept |= {"/0/resourceSpans/0/*", "/0/resourceSpans/0/resource/*"}
    kept |= {"/0/resourceSpans/0/scopeSpans/0/scope/*"}
    assert not lost & kept


def test_tokens_without_events_have_no_place() -> None:
    session = only(span(1, "chat", usage__input_tokens=1))
    assert told(session) == []
    assert notes(session) == ["usage-without-stop"]


def test_a_stop_waits_for_the_results_of_its_calls() -> None:
    first = stopped(1, [user("a")], call())
    history = [user("a"), message("assistant", call())]
    second = stopped(2, [*history, message("user", result("r"), text("more"))])
    assert told(only(first, second)) == [
        "user a",
        "call c",
        "result r",
        "stop",
        "user more",
        "stop",
    ]


def test_results_of_tools_follow_the_calls_of_a_response() -> None:
    failed = {"code": 2}
    spans = [
        chat(1, [user("a")], call("c"), call("d"), call("e")),
        span(2, "execute_tool", tool__call__id="c", tool__call__result="r"),
        span(3, "execute_tool", tool__call__id="c", tool__call__result="again"),
        span(4, "execute_tool", tool__call__id="d", status=failed, error=1),
        span(5, "execute_tool", tool__call__id="e"),
    ]
    session = only(*spans)
    assert told(session) == [
        "user a",
        "call c",
        "call d",
        "call e",
        "result r",
        "result error",
    ]
    assert events(session)[-1]["imported"]["is_error"] is True
    assert session.report
    assert session.report.skipped == {"execute_tool": 1}


def test_a_tool_that_no_message_names_is_told_by_its_span() -> None:
    known = {"tool__name": "f", "tool__call__arguments": {"x": 1}}
    spans = [
        chat(1, [user("a")], text("b")),
        span(2, "execute_tool", tool__call__id="o", tool__call__result=[1, 2.5]),
        span(3, "execute_tool", **known),
        span(4, "execute_tool", 3, **known),
    ]
    found = events(only(*spans))
    assert [_told(each) for each in found[2:]] == [
        "result [1, 2.5]",
        "call 0000000000000003",
    ]
    assert found[3]["arguments"] == {"x": 1}


def test_a_tool_without_an_id_is_known_by_its_name() -> None:
    spans = [
        chat(1, [user("a")], call(None)),
        span(2, "execute_tool", tool__name="f", tool__call__result="r"),
    ]
    assert told(only(*spans)) == ["user a", "call 0000000000000001/0"]


def test_calls_without_ids_are_paired_by_position() -> None:
    first = chat(1, [user("a")], call(None, "f"), call(None, "g"))
    history = [user("a"), message("assistant", call(None, "f"), call(None, "g"))]
    results = message("tool", result(1, None), result(2, None), result(3, None))
    session = only(first, stopped(2, [*history, results]))
    names = [each["name"] for each in events(session) if "result" in each]
    assert names == ["f", "g", ""]
    assert notes(session) == ["id-made", "paired-by-position"]


def test_tools_of_the_provider() -> None:
    known = {"type": "server_tool_call", "id": "s", "name": "web"}
    inner = {"type": "search", "query": "q"}
    answer = {"type": "server_tool_call_response", "id": "s"}
    parts = [
        {**known, "server_tool_call": inner},
        {**answer, "server_tool_call_response": {"hits": 1}},
    ]
    call_event, result_event = events(only(chat(1, [], *parts)))
    assert call_event["arguments"] == inner
    assert result_event["result"] == {"hits": 1}
    assert result_event["name"] == "web"


def test_what_is_none_of_the_eight_is_kept() -> None:
    blob = {"type": "blob", "modality": "image", "content": "AA=="}
    parts = [text("a"), blob, 7, text("b")]
    outputs = [blob, 1, {"type": "text"}, {"type": "tool_call"}, {"odd": 1}]
    outputs.append({"type": "tool_call_response"})
    instructions = [text("be nice")]
    inputs = [message("user", *parts), message("developer", text("d"))]
    spans = chat(1, inputs, *outputs, system_instructions=instructions)
    session = only(spans, chat(2, [], text("x"), system_instructions=instructions))
    assert told(session) == [
        "system_instructions",
        "user a\n\nb",
        "blob",
        "part",
        "system",
        "blob",
        "part",
        "text",
        "tool_call",
        "part",
        "tool_call_response",
        "x",
    ]
    assert events(session)[1]["imported"]["media"] == 2
    assert notes(session) == ["missing-field"]


def test_further_choices_are_counted() -> None:
    outputs = [message("assistant", text("a")), message("assistant", text("b"))]
    session = only(span(1, "chat", output__messages=outputs))
    assert told(session) == ["a"]
    assert notes(session) == ["other-choice"]


def test_messages_in_an_event_of_a_span() -> None:
    known = {"gen_ai.output.messages": json.dumps([message("assistant", text("a"))])}
    details = {
        "name": "gen_ai.client.inference.operation.details",
        "attributes": attributes(known),
    }
    assert told(only(span(1, "chat", events=[details, 1]))) == ["a"]


def test_messages_before_there_were_parts() -> None:
    prompt = json.dumps([{"role": "user", "content": "a"}, {"role": "user"}, 1])
    spans = span(1, "", prompt=prompt, completion='{"text": "b"}', system="x")
    assert told(only(spans)) == ["user a", "part", "b"]
    assert told(only(span(1, "", prompt="bare", completion="text"))) == [
        "user bare",
        "text",
    ]


def test_other_conventions_are_named() -> None:
    event = {"name": "gen_ai.user.message", "attributes": []}
    session = only(span(1, "chat", events=[event], response__finish_reasons=["stop"]))
    assert session.report
    assert [each.detail for each in session.report.notes] == ["gen_ai.user.message"]
    bare = {**span(1, ""), "attributes": attributes({"llm.input_messages": "x"})}
    with pytest.raises(DecodeError, match=r"llm\.input_messages"):
        read(bare)


def test_sessions_are_told_apart_by_conversation_and_by_trace() -> None:
    spans = [
        span(1, "invoke_agent", conversation__id="x", input__messages=[user("a")]),
        span(2, "chat", 1),
        span(3, "chat", trace="t2"),
        span(4, "chat", trace="t3", conversation__id="x"),
        span(5, "chat", trace=""),
        span(6, "", trace="t2"),
        span(7, "", trace="t9"),
    ]
    found = read(*spans)
    assert [each.session_id for each in found] == ["x", "t2", "recording"]
    assert [each.report and each.report.records for each in found] == [4, 2, 1]


def test_a_sub_agent_is_a_session_of_its_own() -> None:
    spans = [
        stopped(1, [user("a")], call(), conversation__id="x"),
        span(2, "execute_tool", 1, tool__call__id="c", tool__call__result="r", end=9),
        span(3, "invoke_agent", 2, input__messages=[user("sub")]),
        stopped(4, [user("sub")], text("done"), parent=3),
        span(5, "execute_tool", 1, tool__name="g", end=9),
        stopped(6, [user("plain")], parent=5),
        stopped(7, [user("plain")], parent=5),
    ]
    main, sub, plain = read(*spans)
    assert told(main) == ["user a", "call c", "result r", "execute_tool", "stop"]
    assert told(sub) == ["user sub", "done", "stop"]
    assert told(plain) == ["user plain", "stop", "stop"]
    assert (main.session_id, sub.session_id, plain.session_id) == (
        "x",
        "x/0000000000000003",
        "x/0000000000000005",
    )
    parent = json.loads(replay.dumps(sub))["imported"]["parent"]
    assert parent == {"session_id": "x", "call_id": "c"}


def test_spans_that_are_their_own_ancestors_are_read() -> None:
    assert told(only(span(1, "chat", 2), span(2, "chat", 1))) == []


def test_other_operations_are_counted_or_kept() -> None:
    spans = [span(1, "embeddings"), span(2, "create_agent"), span(3, "sing"), "odd"]
    session = only(*spans)
    assert session.report
    assert session.report.skipped == {"embeddings": 1, "create_agent": 1}
    assert told(session) == ["sing", "span"]


def test_names_as_other_programs_write_them() -> None:
    known = {
        "trace_id": TRACE,
        "span_id": "1",
        "parent_span_id": "",
        "start_time_unix_nano": 1_000_000_000,
        "end_time_unix_nano": "x",
        "attributes": [
            *attributes({"gen_ai.operation.name": "chat", "gen_ai.x": None}),
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 5}},
            {"key": "odd", "value": 1},
            {"value": 1},
            7,
        ],
        "status": {"code": 2},
    }
    document = {"resource_spans": [{"scope_spans": [{"spans": [known]}]}]}
    (session,) = sessions_in(json.dumps(document).encode())
    assert session.session_id == TRACE
    (stop,) = events(session)
    assert stop["usage"] == {"total_input_tokens": 5, "turns": 1}


def test_times_that_cannot_be_are_left_out() -> None:
    odd = {**span(1, "chat", status={"code": 2}), "endTimeUnixNano": "9" * 40}
    (stop,) = events(only(odd))
    assert stop["imported"].keys() == {"spans"}


def test_json_lines_with_other_lines_and_broken_ones() -> None:
    lines = [json.dumps(trace(stopped(1, [user("a")]))), '{"resourceMetrics": []}']
    data = "\n".join([*lines, "{broken"]).encode()
    (session,) = sessions_in(data)
    assert told(session) == ["user a", "stop", "line", "line"]
    assert notes(session) == ["torn-line"]
    assert session.report
    assert session.report.records == 3


def test_a_long_document_on_one_line_is_recognized() -> None:
    data = json.dumps(trace(stopped(1, [user("a" * 70_000)]))).encode()
    (session,) = sessions_in(data)
    assert session.format == NAME


def test_a_list_of_documents_is_read_as_one() -> None:
    documents = [trace(chat(1, [user("a")], text("b"))), 7, trace(chat(2, [user("c")]))]
    (session,) = sessions_in(json.dumps(documents).encode())
    assert told(session) == ["user a", "b", "user c", "line"]


def test_a_span_that_was_exported_again_counts_once() -> None:
    whole = stopped(1, [user("a")], text("b"), usage__input_tokens=5)
    session = only(chat(1, [user("a")]), whole, chat(2, [user("c")], text("d")), whole)
    assert told(session) == ["user a", "b", "stop", "user c", "d"]
    assert events(session)[2]["usage"] == {"total_input_tokens": 5, "turns": 1}
    assert session.report
    assert session.report.skipped == {"repeated": 2}


def test_messages_of_the_chat_completions_api_are_read() -> None:
    function = {"name": "f", "arguments": '{"x": 1}'}
    calls = [{"id": "c", "function": function}, "odd"]
    prompt = [
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ]
    image = {"type": "image_url"}
    completion = [{"role": "assistant", "content": ["b", image]}]
    session = only(
        span(
            1,
            "",
            prompt=json.dumps(prompt),
            completion=json.dumps(completion),
            system="x",
        )
    )
    assert told(session) == ["user a", "call c", "part", "result r", "b", "image_url"]
    assert events(session)[1]["arguments"] == {"x": 1}


def test_what_is_no_message_is_kept() -> None:
    odd: Any = 7
    session = only(chat(1, [odd, user("a")], text("b")), chat(2, [user("c")]))
    assert told(session) == ["part", "user a", "b", "user c"]
    assert told(only(span(1, "chat", prompt="42"))) == ["user 42"]


def test_names_in_snake_case_are_read() -> None:
    known = span(1, "chat", input__messages=[user("a")], usage__input_tokens=3)
    text_of_json = json.dumps(trace(known))
    for each in ("resourceSpans", "scopeSpans", *OTHER_VALUES):
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in each)
        text_of_json = text_of_json.replace(f'"{each}"', f'"{snake}"')
    (session,) = sessions_in(text_of_json.encode())
    assert told(session) == ["user a"]
    assert events(session)[0]["imported"]["usage"]["total_input_tokens"] == 3


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: object = "x"
    for _ in range(80):
        deep = [deep]
    with pytest.raises(LimitExceededError, match="nested deeper"):
        read(span(1, "chat", deep=deep))


def test_arguments_nested_very_deep_in_a_text_are_kept_as_one() -> None:
    text_of_json = "[" * 100_000 + "]" * 100_000
    session = only(chat(1, [], {**call(), "arguments": text_of_json}))
    assert events(session)[0]["arguments"] == {"_raw": text_of_json}


def test_a_trace_cut_anywhere_gives_a_session_or_one_clear_error() -> None:
    whole = trace(chat(1, [user("a")], call()), stopped(2, [user("a")], text("b")))
    for data in (json.dumps(whole, indent=0), EXAMPLE.read_text()):
        for size in range(0, len(data), 23):
            with suppress(ReplayError):
                assert sessions_in(data[:size].encode(), NAME)


def test_a_file_of_spans_that_grows_only_adds_events() -> None:
    lines = EXAMPLE.read_text().splitlines(keepends=True)[:4]
    kept: list[str] = []
    for count in range(1, len(lines) + 1):
        (session,) = sessions_in("".join(lines[:count]).encode())
        found = [each for each in told(session) if each != "stop"]
        assert found[: len(kept)] == kept
        kept = found


def test_bookkeeping_can_be_kept() -> None:
    (session,) = foreign.converted(EXAMPLE, keep="all")
    assert session.report
    assert session.report.skipped == {}
    kept = [each for each in told(session) if each in ("execute_tool", "span")]
    assert kept == ["execute_tool", "span"]
