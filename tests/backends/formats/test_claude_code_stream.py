"""The stream that Claude Code prints, and the form of its web pages."""

import json
from pathlib import Path

import pytest

import foreign
import replay
from claude_code_records import (
    Record,
    brief,
    call,
    imported,
    lines_of,
    notes,
    odd_variants,
    sessions,
    text,
)
from replay_backends.json_file import JSONFileBackend

INIT = {
    "type": "system",
    "subtype": "init",
    "session_id": "s",
    "claude_code_version": "2.1.332",
}
RESULT = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "duration_ms": 2500,
    "num_turns": 2,
    "result": "Done.",
    "stop_reason": "end_turn",
    "session_id": "s",
    "usage": {
        "input_tokens": 1,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 300,
        "output_tokens": 4,
    },
}
USAGE = {
    "total_input_tokens": 321,
    "total_output_tokens": 4,
    "turns": 2,
    "duration_ms": 2500.0,
}


def printed(kind: str, *blocks: object, **more: object) -> Record:
    message = {"id": "m", "content": [*blocks], "stop_reason": None}
    return {
        "type": kind,
        "message": message,
        "parent_tool_use_id": None,
        "session_id": "s",
        **more,
    }


def streamed(**event: object) -> Record:
    return {"type": "stream_event", "event": event, "session_id": "s"}


def delta(kind: str, **piece: object) -> Record:
    return streamed(type="content_block_delta", delta={"type": kind, **piece})


def answered() -> Record:
    return printed("user", {"type": "tool_result", "tool_use_id": "c", "content": "x"})


def whole() -> list[Record]:
    """Return a stream with a tool, and with partial messages in its answer."""
    return [
        INIT,
        printed("assistant", call()),
        {**answered(), "tool_use_result": {"stdout": "x"}},
        streamed(type="message_start", message={"id": "n", "usage": {}}),
        streamed(type="content_block_start", content_block=text("")),
        delta("text_delta", text="Do"),
        delta("text_delta", text="ne."),
        {
            **printed("assistant", text("Done.")),
            "message": {"id": "n", "content": [text("Done.")]},
        },
        streamed(type="content_block_stop"),
        streamed(type="message_stop"),
        RESULT,
    ]


EVENTS = [
    "claude-code/system.init",
    "tool_call: Read",
    "tool_result: x",
    "text_delta: Do",
    "text_delta: ne.",
    "text: Done.",
    f"stop: {USAGE}",
]


def test_a_stream_gives_deltas_finals_and_a_stop(tmp_path: Path) -> None:
    (session,) = sessions(tmp_path, whole())
    assert brief(session) == EVENTS
    assert session.session_id == "s"
    assert session.report
    assert session.report.version == "2.1.332"
    assert imported(session, 2)["tool_use_result"] == {"stdout": "x"}
    assert imported(session, -1)["finish_reason"] == "end_turn"
    (turn,) = replay.transcript(session).turns
    assert turn.answer == "Done."


def test_a_stream_may_be_a_list(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(whole()), "utf-8")
    (session,) = foreign.converted(path)
    assert brief(session) == EVENTS


def test_a_stream_that_is_cut_anywhere_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "growing.jsonl"
    data = "".join(f"{json.dumps(each)}\n" for each in whole()).encode()
    for end in range(data.index(b"\n") + 1, len(data), 19):
        path.write_bytes(data[:end])
        (session,) = JSONFileBackend(str(path)).sessions()
        found = brief(session)
        if found[-1] == "claude-code/line":
            found.pop()
        assert found == EVENTS[: len(found)], end


def test_a_document_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    for value in (whole(), {"loglines": [printed("user", text("Go"))]}):
        data = json.dumps(value).encode()
        for end in range(1, len(data), 31):
            path.write_bytes(data[:end])
            with pytest.raises(replay.errors.ReplayError):
                [*JSONFileBackend(str(path)).sessions()]


def test_no_value_in_a_stream_raises_anything(tmp_path: Path) -> None:
    for odd_ones in odd_variants(whole()):
        path = tmp_path / "odd.jsonl"
        path.write_text(lines_of([INIT, *odd_ones]), "utf-8")
        found = [*JSONFileBackend(str(path)).sessions()]
        counts = [each.report.records for each in found if each.report]
        assert sum(counts) == 1 + len(odd_ones), odd_ones


def test_a_failed_result_says_why(tmp_path: Path) -> None:
    failed = {**RESULT, "is_error": True}
    for members, error in (
        ({}, "Done."),
        ({"result": None, "subtype": "error_max_turns"}, "error_max_turns"),
        ({"result": None, "subtype": None}, "error"),
    ):
        (session,) = sessions(tmp_path, [INIT, {**failed, **members}])
        assert brief(session)[-1] == f"stop: {error}"


def test_a_result_without_usage_counts_the_responses(tmp_path: Path) -> None:
    bare = {"type": "result", "is_error": False, "session_id": "s"}
    records = [INIT, printed("assistant", text("Yes.")), bare]
    (session,) = sessions(tmp_path, records)
    assert brief(session)[-1] == "stop: {'turns': 1}"


def test_a_stream_without_a_result_ends_as_its_last_response_did(
    tmp_path: Path,
) -> None:
    start = {"id": "n", "usage": {"input_tokens": 5, "output_tokens": 1}}
    records = [
        INIT,
        streamed(type="message_start", message=start),
        delta("thinking_delta", thinking="Hm."),
        streamed(
            type="message_delta",
            delta={"stop_reason": "end_turn"},
            usage={"output_tokens": 7},
        ),
    ]
    (session,) = sessions(tmp_path, records)
    usage = {"total_input_tokens": 5, "total_output_tokens": 7, "turns": 1}
    assert brief(session)[1:] == ["thinking_delta: Hm.", f"stop: {usage}"]
    (cut,) = sessions(tmp_path, records[:3])
    assert brief(cut)[1:] == ["thinking_delta: Hm."]
    assert notes(cut) == [("usage-without-stop", "line:3", 1)]


def test_a_block_may_begin_with_a_text(tmp_path: Path) -> None:
    thinking = {"type": "thinking", "thinking": "Hm"}
    records = [
        INIT,
        streamed(type="message_start", message={}),
        streamed(type="content_block_start", content_block=thinking),
        streamed(type="content_block_start", content_block=text("So")),
        streamed(type="content_block_start", content_block=call()),
    ]
    (session,) = sessions(tmp_path, records)
    assert brief(session)[1:] == ["thinking_delta: Hm", "text_delta: So"]


def test_pieces_that_come_again_are_skipped_and_unknown_ones_kept(
    tmp_path: Path,
) -> None:
    skipped = [
        delta("input_json_delta", partial_json="{"),
        delta("signature_delta", signature="x"),
        streamed(type="ping"),
    ]
    kept = [delta("new_delta"), streamed(type="new"), {**streamed(), "event": None}]
    (session,) = sessions(tmp_path, [INIT, *skipped, *kept])
    assert session.report
    assert session.report.skipped.total() == len(skipped)
    assert session.report.kept.total() == 1 + len(kept)


def test_a_stream_s_sub_agents_are_sessions_of_their_own(tmp_path: Path) -> None:
    records = [
        {"type": "a line", "before": "the session is named"},
        INIT,
        printed("assistant", call("task", "Task")),
        printed("user", text("Find it"), parent_tool_use_id="task"),
        printed("assistant", text("Found."), parent_tool_use_id="task"),
        {"type": "system", "subtype": "status"},
        '{"broken',
        RESULT,
    ]
    main, agent = sessions(tmp_path, records)
    assert brief(main)[:3] == [
        "claude-code/a line",
        "claude-code/system.init",
        "tool_call: Task",
    ]
    assert agent.session_id == "s/agent-task"
    assert brief(agent) == ["user_input: Find it", "text: Found."]
    parent = json.loads(replay.dumps(agent))["imported"]["parent"]
    assert parent == {"session_id": "s", "call_id": "task"}
    counted = [each.report.records for each in (main, agent) if each.report]
    assert sum(counted) == len(records)


def test_streams_in_one_file_are_sessions_of_their_own(tmp_path: Path) -> None:
    second = [{**INIT, "session_id": "t"}, {**RESULT, "session_id": "t"}]
    found = sessions(tmp_path, [INIT, RESULT, *second])
    assert [each.session_id for each in found] == ["s", "t"]


# --- the form of the web pages


def test_the_web_form_is_read_in_its_order(tmp_path: Path) -> None:
    lines = [
        {"type": "user", "message": {"role": "user", "content": "Go"}},
        {"type": "assistant", "message": {"content": [text("Hm."), call("c", "Bash")]}},
        {"type": "user", "message": answered()["message"]},
        {"type": "user", "isCompactSummary": True, "message": {"content": "So far"}},
        "no record",
    ]
    path = tmp_path / "a page.json"
    path.write_text(json.dumps({"loglines": lines}), "utf-8")
    (session,) = foreign.converted(path)
    assert session.session_id == "a page"
    assert brief(session) == [
        "user_input: Go",
        "text: Hm.",
        "tool_call: Bash",
        "tool_result: x",
        "claude-code/compact-summary",
        "claude-code/line",
    ]
    assert imported(session, 3).get("name") is None


def test_places_in_the_web_form_are_pointers(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"loglines": [{"type": "user"}]}), "utf-8")
    (session,) = foreign.converted(path)
    assert notes(session) == [("missing-field", "/loglines/0", 1)]
