"""AG-UI's event streams."""

import json
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from cut_recordings import beginning_of, cut_sessions, sessions_of
from replay.errors import DecodeError
from replay_backends.formats.api_captures.ag_ui import AGUI

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/formats/ag-ui.sse"
#: A recording of the model's side, which isn't AG-UI's.
OTHER = ".recording.json"
START = {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
FINISH = {"type": "RUN_FINISHED", "threadId": "t", "runId": "r"}
STOP = {"type": "stop", "usage": {}, "is_error": False, "error": None}
USER = {"id": "u", "role": "user", "content": "Hi"}


def sessions(folder: Path, *records: object, **options: object) -> list[replay.Session]:
    path = folder / "capture.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in records), "utf-8")
    found = foreign.converted(path, format="ag-ui", **options)
    for each in found:
        assert each.report
        assert not (options and each.report.skipped)
    return found


def session(folder: Path, *records: object, **options: object) -> replay.Session:
    (only,) = sessions(folder, *records, **options)
    assert only.report
    assert only.report.records == len(records)
    return only


def events(folder: Path, *records: object) -> list[Any]:
    return [*foreign.plain(session(folder, *records))]


def imported(found: replay.Session, index: int) -> Any:  # noqa: ANN401 - JSON
    event: Any = found.events[index].as_object()
    return event.get("imported")


def codes(found: replay.Session) -> list[tuple[str, str, str]]:
    assert found.report
    return [(each.code, each.at, each.detail) for each in found.report.notes]


def start(*messages: object, **members: object) -> dict[str, object]:
    return {**START, "input": {"messages": [*messages], **members}}


def text(message_id: str, delta: str) -> dict[str, str]:
    return {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": delta}


def call(call_id: str, name: str = "f", delta: str = "{}") -> list[dict[str, str]]:
    return [
        {"type": "TOOL_CALL_START", "toolCallId": call_id, "toolCallName": name},
        {"type": "TOOL_CALL_ARGS", "toolCallId": call_id, "delta": delta},
        {"type": "TOOL_CALL_END", "toolCallId": call_id},
    ]


def answer(call_id: str, content: object = "ok") -> dict[str, object]:
    return {"type": "TOOL_CALL_RESULT", "toolCallId": call_id, "content": content}


def pairs(found: list[Any]) -> list[tuple[str, object]]:
    """Return each event's type, and what it says."""
    keys = ("content", "call_id", "record", "error")
    return [
        (each["type"], next((each[key] for key in keys if key in each), None))
        for each in found
    ]


# The page and the samples


def test_the_examples_of_the_page_give_its_events(tmp_path: Path) -> None:
    found = list(foreign.examples("ag-ui"))
    if not found:
        pytest.skip("the shared data isn't here")
    for example in found:
        path = tmp_path / "example.json"
        path.write_text(example.text, "utf-8")
        (read,) = foreign.converted(path)
        assert (read.format, foreign.plain(read)) == ("ag-ui", example.events)


def test_the_samples_are_recognized_and_all_records_counted() -> None:
    paths = [each for each in foreign.samples("ag-ui") if each.suffix == ".json"]
    if not paths:
        pytest.skip("the shared data isn't here")
    for path in paths:
        if path.name.endswith(OTHER):
            with pytest.raises(replay.UnrecognizedError):
                replay.load(path)
            continue
        (read,) = foreign.converted(path)
        assert read.format == "ag-ui"
        assert read.report
        assert read.report.records == len(json.loads(path.read_bytes()))
        replay.transcript(read)


def test_a_stream_with_headings_between_is_read_from_its_first_frame_on(
    tmp_path: Path,
) -> None:
    paths = [each for each in foreign.samples("ag-ui") if each.suffix == ".txt"]
    if not paths:
        pytest.skip("the shared data isn't here")
    (data,) = (each.read_bytes() for each in paths)
    path = tmp_path / "sample.sse"
    path.write_bytes(data.partition(b"\n")[2])
    read = foreign.converted(path)
    assert [each.session_id for each in read] == [f"thread_0{n}" for n in (1, 2, 3, 4)]
    assert [len(foreign.plain(each)) for each in read] == [3, 2, 7, 3]


def test_tokens_are_the_sums_of_the_runs() -> None:
    for path in foreign.samples("ag-ui"):
        if path.suffix != ".json" or path.name.endswith(OTHER):
            continue
        (read,) = foreign.converted(path)
        given = [
            sum(each.get("inputTokens", 0) for each in record.get("usage", ()))
            for record in json.loads(path.read_bytes())
            if record["type"] in ("RUN_FINISHED", "RUN_ERROR")
        ]
        stops = [each for each in read.events if isinstance(each, replay.Stop)]
        assert [each.usage.total_input_tokens or 0 for each in stops] == given


def test_the_example_is_read_with_its_times() -> None:
    (read,) = foreign.converted(EXAMPLE)
    assert pairs([*foreign.plain(read)]) == [
        ("user_input", "Will it rain in Bergen?"),
        ("thinking_delta", "I look it up."),
        ("tool_call", "c1"),
        ("tool_result", "c1"),
        ("text_delta", "Yes, "),
        ("text_delta", "as ever."),
        ("stop", None),
    ]
    assert read.last_updated_at == "2026-05-28T20:26:42.500000"
    assert imported(read, 2) == {"timestamp": "2026-05-28T20:26:40+00:00"}
    assert read.report
    assert read.report.version == "1.0"
    stop = read.events[-1]
    assert isinstance(stop, replay.Stop)
    assert (stop.usage.total_input_tokens, stop.usage.total_output_tokens) == (31, 9)


def test_a_growing_stream_gives_the_beginning_of_its_events() -> None:
    (read,) = foreign.converted(EXAMPLE)
    whole = foreign.plain(read)
    made = ("stop", "ag-ui/line", "ag-ui/incomplete-tool-call")
    for each in cut_sessions(EXAMPLE.read_bytes(), "ag-ui", AGUI()):
        begun = beginning_of(each, made)
        assert begun == whole[: len(begun)]


def test_a_list_that_breaks_off_is_refused(tmp_path: Path) -> None:
    whole = json.dumps([START, FINISH]).encode()
    for size in range(1, len(whole)):
        with pytest.raises(DecodeError, match="not JSON"):
            list(sessions_of(whole[:size], "ag-ui", AGUI()))
    path = tmp_path / "cut.json"
    path.write_bytes(whole[:-1])
    with pytest.raises(DecodeError, match="not JSON"), replay.open(path) as source:
        list(source)


# Messages


def test_a_message_right_after_another_is_kept_apart_by_a_made_final(
    tmp_path: Path,
) -> None:
    read = session(tmp_path, START, text("a", "A"), text("a", "a"), text("b", "B"))
    assert pairs([*foreign.plain(read)]) == [
        ("text_delta", "A"),
        ("text_delta", "a"),
        ("text", "Aa"),
        ("text_delta", "B"),
    ]
    assert imported(read, 2) == {"made": True}
    assert codes(read) == [("final-made", "line:4", "")]
    (turn,) = replay.transcript(read).turns
    assert [
        each.content for each in turn.steps if isinstance(each, replay.Message)
    ] == ["Aa", "B"]


def test_bookkeeping_that_is_kept_changes_no_message(tmp_path: Path) -> None:
    end = {"type": "TEXT_MESSAGE_END", "messageId": "a"}
    records = (START, text("a", "A"), end, text("b", "B"))
    plain = session(tmp_path, *records)
    kept = session(tmp_path, *records, keep="all")
    known = [each for each in foreign.plain(kept) if "record" not in each]
    assert known == foreign.plain(plain)
    assert plain.report
    assert plain.report.skipped == {"RUN_STARTED": 1, "TEXT_MESSAGE_END": 1}


def test_messages_with_an_unknown_event_between_are_joined_and_that_is_noted(
    tmp_path: Path,
) -> None:
    custom = {"type": "CUSTOM", "name": "x"}
    records = (text("a", "A"), custom, text("b", "B"), text("c", "C"))
    read = session(tmp_path, START, *records)
    assert pairs([*foreign.plain(read)])[2:] == [
        ("text_delta", "B"),
        ("text", "AB"),
        ("text_delta", "C"),
    ]
    assert [code for code, *_ in codes(read)] == ["blocks-joined", "final-made"]


def test_interleaved_messages_keep_the_order_in_which_they_arrived(
    tmp_path: Path,
) -> None:
    read = session(tmp_path, START, text("a", "A"), text("b", "B"), text("a", "C"))
    assert [each for _, each in pairs([*foreign.plain(read)])] == [*"AABBC"]
    assert ("interleaved-blocks", "line:4", "") in codes(read)


def test_a_streamed_message_of_the_user_is_one_input(tmp_path: Path) -> None:
    role = {"type": "TEXT_MESSAGE_START", "messageId": "u", "role": "user", "name": "N"}
    end = {"type": "TEXT_MESSAGE_END", "messageId": "u"}
    read = session(tmp_path, START, role, text("u", "H"), text("u", "i"), end)
    assert pairs([*foreign.plain(read)]) == [("user_input", "Hi")]
    assert imported(read, 0) == {"messageId": "u", "name": "N"}
    (cut,) = events(tmp_path, START, role, text("u", "H"))
    assert cut["type"] == "ag-ui/incomplete-message"
    assert cut["record"]["content"] == "H"


def test_messages_of_the_system_are_unknown(tmp_path: Path) -> None:
    role = {"type": "TEXT_MESSAGE_START", "messageId": "s", "role": "system"}
    end = {"type": "TEXT_MESSAGE_END", "messageId": "s"}
    read = session(tmp_path, START, role, text("s", "Be kind."), end, end)
    assert [each["type"] for each in foreign.plain(read)] == [
        "ag-ui/TEXT_MESSAGE_START",
        "ag-ui/TEXT_MESSAGE_CONTENT",
        "ag-ui/TEXT_MESSAGE_END",
    ]


def test_another_type_ends_a_chunk(tmp_path: Path) -> None:
    message = {"type": "TEXT_MESSAGE_CHUNK"}
    user = {**message, "messageId": "u", "role": "user"}
    tool = {"type": "TOOL_CALL_CHUNK", "toolCallId": "c", "toolCallName": "f"}
    more = {"type": "TOOL_CALL_CHUNK", "delta": '{"x":1}'}
    think = {"type": "REASONING_MESSAGE_CHUNK", "messageId": "g"}
    records = [
        *(user, {**message, "delta": "Hi"}),
        *({**think, "delta": "H"}, {"type": think["type"], "delta": "m"}, think),
        *(tool, more, {**tool, "toolCallId": "d", "delta": ""}, {"type": "CUSTOM"}),
        *({**message, "messageId": "a"}, {**message, "delta": "A"}),
        {**message, "messageId": "b", "delta": "B"},
    ]
    found = events(tmp_path, START, *records)
    assert pairs(found) == [
        ("user_input", "Hi"),
        ("thinking_delta", "H"),
        ("thinking_delta", "m"),
        ("tool_call", "c"),
        ("tool_call", "d"),
        ("ag-ui/CUSTOM", {"type": "CUSTOM"}),
        ("text_delta", "A"),
        ("text", "A"),
        ("text_delta", "B"),
    ]
    assert found[3]["arguments"] == {"x": 1}


def test_reasoning_from_before_version_1_is_thinking(tmp_path: Path) -> None:
    begin = {"type": "THINKING_TEXT_MESSAGE_START"}
    think = {"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": "Hm"}
    empty = {**think, "delta": ""}
    read = session(tmp_path, begin, think, empty, begin, think)
    assert pairs([*foreign.plain(read)]) == [
        ("thinking_delta", "Hm"),
        ("thinking", "Hm"),
        ("thinking_delta", "Hm"),
    ]


# Calls


def test_a_call_that_never_ends_is_kept_as_unknown(tmp_path: Path) -> None:
    begin, more, end = call("c", delta='{"x"')
    read = session(tmp_path, START, begin, more, FINISH)
    whole = {"toolCallId": "c", "toolCallName": "f", "arguments": '{"x"'}
    assert pairs([*foreign.plain(read)]) == [
        ("ag-ui/incomplete-tool-call", whole),
        ("stop", None),
    ]
    assert codes(read) == [("incomplete-block", "line:4", "")]
    assert pairs(events(tmp_path, START, begin, begin, end, end)) == [
        ("ag-ui/incomplete-tool-call", {**whole, "arguments": ""}),
        ("tool_call", "c"),
    ]


def test_a_result_ends_its_call(tmp_path: Path) -> None:
    begin, more, _ = call("c", "find")
    parts = [{"type": "text", "text": "ok"}]
    found = events(tmp_path, START, begin, more, answer("c", parts), answer("d"))
    assert [(each["type"], each["name"]) for each in found] == [
        ("tool_call", "find"),
        ("tool_result", "find"),
        ("tool_result", ""),
    ]
    assert found[1]["result"] == "ok"


def test_arguments_that_are_no_object_are_kept_raw(tmp_path: Path) -> None:
    read = session(tmp_path, START, *call("c", delta="[1]"))
    (made,) = foreign.plain(read)
    assert made["arguments"] == {"_raw": "[1]"}
    assert imported(read, 0) == {"arguments": "raw"}
    assert codes(read) == [("arguments-raw", "line:4", "")]


def test_parts_of_a_call_that_never_began_are_kept(tmp_path: Path) -> None:
    _, more, end = call("c")
    assert [each["type"] for each in events(tmp_path, START, more, end)] == [
        "ag-ui/TOOL_CALL_ARGS",
        "ag-ui/TOOL_CALL_END",
    ]


# Runs


@pytest.mark.parametrize(
    ("outcome", "is_kept"),
    [
        ({"type": "interrupt", "interrupts": [{"id": "i", "reason": "ask"}]}, True),
        ({"type": "success", "pendingToolCallIds": ["c"]}, True),
        ({"type": "success"}, False),
        (None, False),
    ],
)
def test_a_run_that_waits_for_an_answer_goes_on_with_the_next(
    outcome: object, *, is_kept: bool, tmp_path: Path
) -> None:
    """The page has no stop here; the settled rule has one where the file ends."""
    usage = [{"inputTokens": 3, "outputTokens": 2}]
    paused = {**FINISH, "outcome": outcome, "usage": usage}
    kept = [("ag-ui/RUN_FINISHED", paused)] if is_kept else []
    stop = ("stop", None)
    first = [START, *call("c"), paused]
    alone = session(tmp_path, *first)
    assert pairs([*foreign.plain(alone)]) == [("tool_call", "c"), *kept, stop]
    assert imported(alone, -1)["runId"] == "r"
    tool = {"id": "a", "role": "tool", "toolCallId": "c", "content": "ok"}
    goes_on = [*first, start(tool), text("m", "Done"), {**FINISH, "usage": usage}]
    last = events(tmp_path, *goes_on)
    assert pairs(last) == [
        *(("tool_call", "c"), *kept, ("tool_result", "c"), ("text_delta", "Done")),
        stop,
    ]
    assert last[-1]["usage"] == {"total_input_tokens": 6, "total_output_tokens": 4}
    turned = pairs(events(tmp_path, *first, start(tool, USER)))
    assert turned[1 + len(kept) :] == [
        *(stop, ("tool_result", "c"), ("user_input", "Hi"))
    ]
    extra = pairs(events(tmp_path, *first, {"type": "CUSTOM"}))
    assert [kind for kind, _ in extra[-2:]] == ["stop", "ag-ui/CUSTOM"]
    broken = session(tmp_path, *goes_on[:-1])
    assert codes(broken) == [("usage-without-stop", "line:7", "")]
    tokens = {"total_input_tokens": 3, "total_output_tokens": 2}
    assert imported(broken, -1)["usage"] == tokens


def test_an_error_without_a_message_has_its_code(tmp_path: Path) -> None:
    usage = [{"inputTokens": 1, "outputTokens": True}, "odd"]
    found = events(tmp_path, {"type": "RUN_ERROR", "code": "E", "usage": usage})
    assert found == [
        {**STOP, "usage": {"total_input_tokens": 1}, "is_error": True, "error": "E"}
    ]
    (bare,) = events(tmp_path, {"type": "RUN_ERROR", "usage": 1})
    assert bare["error"] == "unknown error"


def test_a_cancelled_run_is_an_aborted_one(tmp_path: Path) -> None:
    read = session(tmp_path, START, {**FINISH, "outcome": {"type": "cancelled"}})
    assert pairs([*foreign.plain(read)]) == [("stop", "aborted: cancelled")]
    assert imported(read, 0)["finish_reason"] == "cancelled"


def test_the_answer_to_an_interrupt_is_kept(tmp_path: Path) -> None:
    resumed = start(resume=[{"interruptId": "i", "status": "resolved"}])
    assert pairs(events(tmp_path, resumed)) == [("ag-ui/RUN_STARTED", resumed)]


def test_what_else_a_run_began_with_is_kept_with_its_first_event(
    tmp_path: Path,
) -> None:
    system = {"id": "s", "role": "system", "content": "Be kind."}
    read = session(tmp_path, start(system, USER, tools=["t"]))
    assert pairs([*foreign.plain(read)]) == [
        ("ag-ui/system", system),
        ("user_input", "Hi"),
    ]
    run = {"threadId": "t", "runId": "r", "input": {"tools": ["t"]}}
    assert imported(read, 1) == {"id": "u", "run": run}


def test_each_thread_is_a_session(tmp_path: Path) -> None:
    path = tmp_path / "threads.json"
    other = {**START, "threadId": "o"}
    records = [{"type": "CUSTOM"}, START, FINISH, other, text("m", "A"), START]
    for found in (
        sessions(tmp_path, *records),
        (path.write_text(json.dumps(records)), foreign.converted(path))[1],
    ):
        assert [each.session_id for each in found] == ["t", "o"]
        assert [each.report and each.report.records for each in found] == [4, 2]


def test_a_broken_line_is_kept_and_noted_in_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    lines = [json.dumps(START), "RUN_STARTED {", json.dumps({**START, "threadId": "o"})]
    path.write_text("\n".join(lines) + "\n")
    first, second = foreign.converted(path)
    assert [code for code, *_ in codes(first)] == ["bad-line"]
    assert codes(second) == []
    path.write_text("\n".join([*lines, '{"RUN_STARTED":NaN}']) + "\n")
    with pytest.raises(DecodeError, match="NaN"), replay.open(path) as source:
        list(source)


def test_events_of_sub_agents_are_left_out_and_counted(tmp_path: Path) -> None:
    begun = {"type": "SUBAGENT_STARTED", "subagentRunId": "x"}
    theirs = {**text("m", "A"), "subagentRunId": "x"}
    read = session(tmp_path, start({**USER, "subagentRunId": "x"}), begun, theirs)
    assert pairs([*foreign.plain(read)]) == [("ag-ui/SUBAGENT_STARTED", begun)]
    assert read.report
    assert read.report.skipped == {"RUN_STARTED": 1, "subagent": 1}


# Histories


def test_a_history_adds_only_what_is_new(tmp_path: Path) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f"}}]
    history = [
        USER,
        {"id": "m", "role": "assistant", "content": "A", "toolCalls": calls},
        {"id": "x", "role": "tool", "toolCallId": "c", "content": "ok"},
        {"id": "g", "role": "reasoning", "content": "Hm"},
        {"id": "v", "role": "activity", "content": {"x": 1}},
    ]
    streamed = [text("m", "A"), *call("c"), answer("c")]
    snapshot = {"type": "MESSAGES_SNAPSHOT", "messages": history}
    again = {**USER, "id": "u2", "content": "Again"}
    records = [start(USER), *streamed, snapshot, snapshot, start(*history, again)]
    assert pairs(events(tmp_path, *records)) == [
        ("user_input", "Hi"),
        ("text_delta", "A"),
        ("tool_call", "c"),
        ("tool_result", "c"),
        ("thinking", "Hm"),
        ("ag-ui/activity", history[-1]),
        ("user_input", "Again"),
    ]


def test_a_history_with_new_ids_is_known_by_its_places(tmp_path: Path) -> None:
    end = {"type": "TEXT_MESSAGE_END", "messageId": "m"}
    calls = [{"id": "d", "function": {"name": "f", "arguments": "{}"}}]
    streamed = [start(USER), text("m", "A"), end, *call("c"), answer("c")]
    renamed = [
        {**USER, "id": "1"},
        {"id": "2", "role": "reasoning", "content": ""},
        {"id": "3", "role": "assistant", "content": "A", "toolCalls": calls},
        {"id": "4", "role": "tool", "toolCallId": "d", "content": "ok"},
        {**USER, "id": "5"},
    ]
    found = events(tmp_path, *streamed, FINISH, start(*renamed))
    assert pairs(found[4:]) == [("stop", None), ("user_input", "Hi")]


def test_a_history_alone_gives_whole_messages(tmp_path: Path) -> None:
    image = {"type": "image", "source": {"type": "url", "value": "x"}}
    hello = {"type": "text", "text": "Hello"}
    function = {"name": "f", "arguments": '{"x":1}'}
    history = [
        {"role": "user", "content": [hello, image, hello]},
        {"role": "reasoning", "content": "Hm", "encryptedValue": "e"},
        {"role": "assistant", "content": [hello, image], "toolCalls": [7, {"id": "c"}]},
        {"role": "assistant", "toolCalls": [{"function": function}]},
        {"role": "tool", "toolCallId": "c", "content": "no", "error": "bad"},
        {"role": "assistant", "toolCalls": "odd"},
        "odd",
    ]
    read = session(tmp_path, text("m", "A"), start(*history))
    found = [*foreign.plain(read)]
    assert pairs(found) == [
        ("text_delta", "A"),
        ("user_input", "Hello\n\nHello"),
        ("ag-ui/image", image),
        ("thinking", "Hm"),
        ("text", "Hello"),
        ("ag-ui/image", image),
        ("ag-ui/message", {"toolCall": 7}),
        ("tool_call", "c"),
        ("tool_call", "line:2/1"),
        ("tool_result", "c"),
        ("ag-ui/message", {"toolCall": "odd"}),
        ("ag-ui/message", {"content": "odd"}),
    ]
    assert (found[7]["name"], found[8]["arguments"]) == ("", {"x": 1})
    kept = {**imported(read, 1)}
    del kept["run"]
    assert kept == {"blocks": 2, "media": 1}
    assert imported(read, 3) == {"encryptedValue": "e"}
    assert imported(read, 8) == {"id": "made"}
    assert imported(read, 9) == {"error": "bad", "is_error": True}


def test_a_whole_message_after_deltas_of_others_takes_nothing_from_them(
    tmp_path: Path,
) -> None:
    think = {"type": "REASONING_MESSAGE_CONTENT", "messageId": "g", "delta": "Hm"}
    more = [{"id": "n", "role": "assistant", "content": "New"}]
    snapshot = {"type": "MESSAGES_SNAPSHOT", "messages": more}
    read = session(tmp_path, text("a", "A"), think, text("b", "B"), snapshot)
    (turn,) = replay.transcript(read).turns
    assert [
        each.content for each in turn.steps if isinstance(each, replay.Message)
    ] == ["A", "Hm", "B", "New"]
    assert ("final-made", "line:4", "") in codes(read)


# What this library exports, and what is missing


def test_the_export_of_this_library_is_read_back(tmp_path: Path) -> None:
    event = {"type": "todo_list", "items": []}
    ours = {"type": "RAW", "event": event, "source": "llamacloud"}
    records = [
        *(START, text("a", "A"), ours, text("a", "B")),
        *({**ours, "source": "else"}, {**ours, "event": {"x": 1}}),
        {**FINISH, "metadata": {"incomplete": True}},
    ]
    path = tmp_path / "ours.json"
    path.write_text(json.dumps(records))
    with replay.open(path) as source:
        (read,) = source
    found = [*foreign.plain(read)]
    assert found[1] == event
    assert [each["type"] for each in found] == [
        *("text_delta", "todo_list", "text_delta", "ag-ui/RAW", "ag-ui/RAW")
    ]


def test_a_history_that_is_no_list_is_kept(tmp_path: Path) -> None:
    odd = [start(), {**START, "input": {"messages": {"0": USER}}}]
    assert pairs(events(tmp_path, *odd)) == [("ag-ui/RUN_STARTED", odd[1])]


def test_nothing_that_is_missing_raises(tmp_path: Path) -> None:
    kinds = [
        *("TEXT_MESSAGE_CONTENT", "REASONING_MESSAGE_CONTENT", "MESSAGES_SNAPSHOT"),
        *("TOOL_CALL_ARGS", "NEW_TYPE", ""),
    ]
    read = session(tmp_path, *({"type": kind, "x": 1} for kind in kinds), 7)
    assert read.session_id == "capture"
    assert [each["type"] for each in foreign.plain(read)] == [
        *(f"ag-ui/{kind or 'record'}" for kind in kinds),
        "ag-ui/line",
    ]
    assert codes(read) == [("missing-field", "line:1", "messageId")]
    bare = [{"type": each} for each in ("TOOL_CALL_START", "TOOL_CALL_RESULT")]
    chunk = {"type": "TEXT_MESSAGE_CHUNK", "delta": "A"}
    nothing = start({"role": "user"}), text("m", "")
    assert pairs(events(tmp_path, *bare, chunk, *nothing)) == [
        *(("tool_call", ""), ("tool_result", ""), ("text_delta", "A")),
        ("user_input", ""),
    ]


def test_a_time_that_is_none_is_kept_as_it_is(tmp_path: Path) -> None:
    for time in (10**400, True, None, "x", "2026-05-28T20:26:42+00:00"):
        read = session(tmp_path, {**text("a", "A"), "timestamp": time})
        assert bool(read.last_updated_at) == (time == "2026-05-28T20:26:42+00:00")
        assert imported(read, 0).get("timestamp") == time
