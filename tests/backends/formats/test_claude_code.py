"""Transcripts of Claude Code: their records, and the events that they give."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from claude_code_records import (
    Record,
    assistant,
    brief,
    call,
    chained,
    imported,
    lines_of,
    notes,
    odd_variants,
    result,
    sessions,
    text,
    user,
    values,
)
from marked_records import lost_marks
from replay.errors import DecodeError
from replay_backends.formats.agent_logs.claude_code import ClaudeCode
from replay_backends.formats.head import Head
from replay_backends.json_file import JSONFileBackend
from replay_command import Run
from shared_data import shared_folder

USAGE = {
    "input_tokens": 1,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "output_tokens": 4,
}
END = {"stop_reason": "end_turn", "usage": USAGE}
PAGE = "claude-code"
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "formats"


def one(folder: Path, *records: object, keep: str | None = None) -> replay.Session:
    (session,) = sessions(folder, records, keep=keep)
    assert session.format == PAGE
    report = session.report
    assert report
    assert report.records == len([each for each in records if each != ""])
    return session


# --- the page's examples, and the samples


def transcripts() -> list[Path]:
    return [each for each in foreign.samples(PAGE) if ".meta." not in each.name]


@pytest.fixture
def samples() -> list[Path]:
    if not (found := transcripts()):
        pytest.skip(f"the shared test data is not there: {shared_folder()}")
    return found


def test_the_examples_of_the_page_give_the_events_that_it_says(
    shared: Path, tmp_path: Path
) -> None:
    examples = [*foreign.examples(PAGE)]
    assert len(examples) == 3, shared
    for example in examples:
        path = tmp_path / "log.jsonl"
        path.write_text(example.text, "utf-8")
        (session,) = foreign.converted(path)
        assert foreign.plain(session) == example.events, example.name


def test_a_compaction_and_a_notification_are_kept_whole(tmp_path: Path) -> None:
    boundary = chained("c1", type="system", subtype="compact_boundary")
    summary = user("c2", "This session is being continued …", isCompactSummary=True)
    done = user("n1", "<task-notification>…", origin={"kind": "task-notification"})
    answer = assistant("a1", text("Done."), message={"id": "m", **END})
    session = one(tmp_path, boundary, summary, done, answer)
    first = [each.as_object() for each in session.events][:3]
    assert first == [
        {"type": "claude-code/system.compact_boundary", "record": boundary},
        {"type": "claude-code/compact-summary", "record": summary},
        {"type": "claude-code/notification", "record": done},
    ]
    assert [each.split(":")[0] for each in brief(session)[3:]] == ["text", "stop"]


def test_each_sample_is_recognized_and_converted(samples: list[Path], run: Run) -> None:
    for path in samples:
        for session in foreign.converted(path):
            assert session.format == PAGE
            assert session.report
            assert session.report.records
        done = run("transcript", path)
        assert done.returncode == 0, done.stderr


def test_each_record_of_a_sample_is_counted_once(samples: list[Path]) -> None:
    for path in samples:
        data = path.read_text("utf-8")
        records = (
            json.loads(data)["loglines"]
            if path.suffix == ".json"
            else [line for line in data.splitlines() if line.strip()]
        )
        for keep in (None, "all"):
            reports = [each.report for each in foreign.converted(path, keep=keep)]
            assert sum(each.records for each in reports if each) == len(records)
            if keep:
                assert not any(each.skipped for each in reports if each)


def naive_tokens(records: list[Any]) -> tuple[int, int]:
    """Count each response once, by the copy of its usage with the most output."""
    best: dict[str, dict[str, int]] = {}
    for number, record in enumerate(records):
        message = record.get("message")
        if record["type"] != "assistant":
            continue
        usage, key = message.get("usage", {}), message.get("id", str(number))
        if usage.get("output_tokens", 0) >= best.get(key, {}).get("output_tokens", 0):
            best[key] = usage
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return (
        sum(usage.get(part, 0) for usage in best.values() for part in parts),
        sum(usage.get("output_tokens", 0) for usage in best.values()),
    )


def test_the_tokens_of_a_sample_are_those_of_its_responses(
    samples: list[Path], tmp_path: Path
) -> None:
    for path in samples:
        if path.suffix == ".jsonl" and "agent-" not in path.name:
            records = [*map(json.loads, path.read_text("utf-8").splitlines())]
            usage = replay.load_plugin("usage", output=tmp_path / "usage")
            with replay.ReplayEngine([usage]) as engine:
                for session in foreign.converted(path):
                    engine.replay(session)
            total = usage.total()
            found = total.total_input_tokens or 0, total.total_output_tokens or 0
            assert found == naive_tokens(records), path.name


@pytest.mark.slow
def test_a_sample_that_is_cut_anywhere_is_read_up_to_there(
    samples: list[Path], tmp_path: Path
) -> None:
    for path in samples:
        if path.suffix == ".jsonl" and path.stat().st_size < 3000:
            check_cuts(path.read_bytes(), tmp_path)


def check_cuts(data: bytes, folder: Path, step: int = 1) -> None:
    """Check that a log's beginnings give beginnings of its events."""
    path = folder / "growing.jsonl"
    path.write_bytes(data)
    (whole,) = foreign.converted(path)
    events = foreign.plain(whole)
    for end in range(data.index(b"\n") + 1, len(data), step):
        path.write_bytes(data[:end])
        (session,) = JSONFileBackend(str(path)).sessions()
        assert session.format == PAGE
        found = foreign.plain(session)
        while found and found[-1]["type"] in ("stop", "claude-code/line"):
            found.pop()
        assert found == events[: len(found)], end


def test_the_example_holds_what_its_page_shows(run: Run) -> None:
    path = EXAMPLE / "claude-code.jsonl"
    done = run("transcript", path)
    assert "The test failed because" in done.stdout
    assert run("check", path).returncode == 0
    types = [each.partition(":")[0] for each in brief(replay.load(path))]
    assert types.count("stop") == 2


def test_the_example_may_be_cut_anywhere(tmp_path: Path) -> None:
    lines = (EXAMPLE / "claude-code.jsonl").read_bytes().splitlines(keepends=True)
    check_cuts(b"".join(lines[1:6]), tmp_path, 23)


# --- responses


def test_the_blocks_of_a_response_stay_together(tmp_path: Path) -> None:
    calls = [
        assistant(f"a{number}", call(f"c{number}"), message={"id": "m"})
        for number in range(3)
    ]
    answers = [result(f"r{number}", f"c{number}") for number in range(2)]
    mixed = [calls[0], answers[0], calls[1], answers[1], calls[2]]
    session = one(tmp_path, user("u", "Go"), *mixed)
    assert brief(session) == [
        "user_input: Go",
        *["tool_call: Read"] * 3,
        *["tool_result: done"] * 2,
    ]


def test_the_usage_of_a_response_counts_once_and_the_largest_counts(
    tmp_path: Path,
) -> None:
    placeholder = {**USAGE, "output_tokens": 1}
    session = one(
        tmp_path,
        user("u", "Go"),
        assistant("a1", text("A"), message={"id": "m", "usage": placeholder}),
        assistant("a2", text("B"), message={"id": "m", **END}),
        assistant("a3", text("C"), message={"id": "m", "usage": placeholder}),
    )
    usage = {"total_input_tokens": 321, "total_output_tokens": 4, "turns": 1}
    assert brief(session)[-1] == f"stop: {usage}"
    assert imported(session, 1)["usage"] == USAGE
    assert "usage" not in imported(session, 2)
    assert imported(session, -1)["finish_reason"] == "end_turn"
    tokens = {"input_tokens": 321, "output_tokens": 4}
    assert imported(session, -1)["responses"] == {"m": tokens}


def test_blocks_without_an_event_of_their_own_are_kept(tmp_path: Path) -> None:
    blocks = [
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "", "signature": "x"},
        {"type": "fallback", "from": "a", "to": "b"},
        {"type": "text", "text": 1},
        {"no": "type"},
        7,
    ]
    session = one(tmp_path, assistant("a", *blocks))
    types = ["redacted_thinking", "thinking", "fallback", "text", "part", "part"]
    assert brief(session) == [f"claude-code/{each}" for each in types]


def test_a_response_that_begins_with_something_unknown_tells_its_usage_later(
    tmp_path: Path,
) -> None:
    redacted = {"type": "redacted_thinking", "data": "x"}
    said = assistant("a", redacted, text("Yes."), message={"id": "m", **END})
    session = one(tmp_path, said)
    assert values(session)[0] == {
        "type": "claude-code/redacted_thinking",
        "record": redacted,
    }
    assert imported(session, 1)["usage"] == USAGE


def test_a_response_that_goes_on_after_a_prompt_counts_where_it_began(
    tmp_path: Path,
) -> None:
    session = one(
        tmp_path,
        user("u", "Go"),
        assistant("a1", text("A"), message={"id": "m", **END}),
        user("v", "On", "a1"),
        assistant("a2", text("B"), parent="v", message={"id": "m", **END}),
    )
    usage = {"total_input_tokens": 321, "total_output_tokens": 4, "turns": 1}
    assert [each for each in brief(session) if "stop" in each] == [
        f"stop: {usage}",
        "stop",
    ]


def test_empty_texts_and_thinking_are_no_events(tmp_path: Path) -> None:
    empty = [text(""), {"type": "thinking", "thinking": ""}]
    session = one(tmp_path, user("u", "Go"), assistant("a", *empty, message=END))
    assert [each.partition(":")[0] for each in brief(session)] == ["user_input", "stop"]


def test_thinking_keeps_its_signature_and_a_text_its_citations(tmp_path: Path) -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    cited = {**text("So."), "citations": [1]}
    session = one(tmp_path, assistant("a", thinking, cited, message={"model": "m"}))
    assert brief(session) == ["thinking: Hm.", "text: So."]
    assert imported(session, 0)["signature"] == "c2ln"
    assert imported(session, 1)["citations"] == [1]
    assert imported(session, 1)["model"] == "m"


def test_tools_of_the_server_are_called_and_answered_in_a_response(
    tmp_path: Path,
) -> None:
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{}]}
    session = one(
        tmp_path,
        assistant(
            "a",
            call("s", "web_search", type="server_tool_use"),
            found,
            call("t", "look", type="mcp_tool_use", server_name="maps"),
        ),
    )
    assert brief(session)[0] == "tool_call: web_search"
    assert session.events[1].as_object()["name"] == "web_search"  # type: ignore[index]
    assert [imported(session, index).get("server") for index in (0, 2)] == [
        True,
        "maps",
    ]


def test_what_the_program_said_for_the_model_is_no_text(tmp_path: Path) -> None:
    harness = {"model": "<synthetic>"}
    session = one(
        tmp_path,
        assistant("a1", text("No response requested."), message=harness),
        assistant("a2", text("Something else"), message=harness),
    )
    assert brief(session) == ["claude-code/assistant"]
    assert session.report
    assert session.report.skipped == {"no-response": 1}


def test_an_error_of_the_api_ends_the_run(tmp_path: Path) -> None:
    for said, error, told in (
        ("API Error: 529", "overloaded", "API Error: 529"),
        ("", "overloaded", "overloaded"),
        ("", None, "API error"),
    ):
        failed = assistant("a", text(said), isApiErrorMessage=True, error=error)
        session = one(tmp_path, user("u", "Hi"), failed)
        assert brief(session) == ["user_input: Hi", f"stop: {told}"]


# --- the ends of runs


def ends(folder: Path, *after: Record, **message: object) -> list[str]:
    said = assistant("a", text("Yes."), message={"id": "m", "usage": USAGE, **message})
    return brief(one(folder, user("u", "Go"), said, *after))


def test_any_recorded_end_of_the_last_response_is_a_stop(tmp_path: Path) -> None:
    for reason in ("end_turn", "max_tokens", "tool_use", "pause_turn"):
        assert ends(tmp_path, stop_reason=reason)[-1].startswith("stop: {")
    assert ends(tmp_path, stop_reason="refusal")[-1] == "stop: refusal"


def test_a_run_without_a_recorded_end_has_no_stop(tmp_path: Path) -> None:
    said = assistant("a", text("Half"), message={"usage": USAGE, "stop_reason": None})
    session = one(tmp_path, user("u", "Go"), said, user("u2", "Next", "a"))
    assert brief(session) == ["user_input: Go", "text: Half", "user_input: Next"]
    usage = {"total_input_tokens": 321, "total_output_tokens": 4, "turns": 1}
    assert imported(session, 1)["usage"] == {**USAGE, **usage}
    assert notes(session) == [("usage-without-stop", "line:2", 1)]


def test_tokens_without_any_event_are_reported_as_lost(tmp_path: Path) -> None:
    session = one(tmp_path, assistant("a", message={"usage": USAGE}))
    assert not session.events
    assert notes(session) == [("usage-without-stop", "line:1", 1)]


def test_a_run_without_tokens_says_nothing_of_them(tmp_path: Path) -> None:
    session = one(tmp_path, assistant("a", text("Hi"), message={"usage": "none"}))
    assert brief(session) == ["text: Hi"]
    assert not notes(session)


def test_records_of_the_end_of_a_run_end_it(tmp_path: Path) -> None:
    hooks = chained("h", type="system", subtype="stop_hook_summary")
    took = chained("t", type="system", subtype="turn_duration", durationMs=1500)
    assert ends(tmp_path, hooks)[-1].startswith("stop: {")
    assert "'duration_ms': 1500.0" in ends(tmp_path, took)[-1]
    for wrong in (None, True, 1 << 70):
        assert ends(tmp_path, {**took, "durationMs": wrong})[-1].startswith("stop: {")
    assert brief(one(tmp_path, took)) == []


def test_a_response_after_such_a_record_goes_on(tmp_path: Path) -> None:
    hooks = chained("h", type="system", subtype="stop_hook_summary")
    again = assistant("b", text("More"))
    assert ends(tmp_path, hooks, again)[-1] == "text: More"


def test_a_stop_follows_the_last_event_of_its_run(tmp_path: Path) -> None:
    later = chained("x", type="attachment", attachment={"type": "file"})
    assert [each.partition(":")[0] for each in ends(tmp_path, later, **END)] == [
        "user_input",
        "text",
        "stop",
        "claude-code/attachment.file",
    ]


def test_an_interrupt_fails_the_run(tmp_path: Path) -> None:
    for said in ("[Request interrupted by user]",):
        for content in (said, [text(said)]):
            found = ends(tmp_path, user("i", content))
            assert found[-1] == "stop: aborted: [Request interrupted by user]"


# --- what users' records are


def test_what_a_user_did_not_say_is_kept_under_its_kind(tmp_path: Path) -> None:
    for record, kind in (
        (user("u", "A skill", isMeta=True), "meta"),
        (user("u", "Synthetic", isSynthetic=True), "meta"),
        (user("u", "Summary", isCompactSummary=True), "compact-summary"),
        (user("u", "<task-notification>"), "notification"),
        (user("u", "Ready", origin={"kind": "coordinator"}), "notification"),
        (user("u", "<command-name>/model</command-name>"), "command"),
        (user("u", "<bash-input>ls</bash-input>"), "command"),
        (user("u", None), "user"),
        (chained("u", type="user"), "user"),
    ):
        session = one(tmp_path, record)
        (event,) = [each.as_object() for each in session.events]
        assert event == {"type": f"claude-code/{kind}", "record": record}
        reported = [("missing-field", "line:1", 1)] if kind == "user" else []
        assert notes(session) == reported


def test_what_a_user_said_is_kept_as_it_is(tmp_path: Path) -> None:
    said = "<system-reminder>x</system-reminder> Hi"
    session = one(tmp_path, user("u", said, origin={"kind": "human"}, promptId="p"))
    assert brief(session) == [f"user_input: {said}"]
    assert imported(session, 0)["promptId"] == "p"


def test_the_texts_of_a_prompt_are_joined_and_its_media_follow(tmp_path: Path) -> None:
    image = {"type": "image", "source": {}}
    session = one(
        tmp_path,
        user("u", [text("A"), image, text("B"), {"type": "text"}]),
        user("v", [image]),
    )
    assert brief(session) == [
        "user_input: A\n\nB",
        "claude-code/image",
        "claude-code/text",
        "user_input",
        "claude-code/image",
    ]
    assert imported(session, 0)["blocks"] == 2
    assert imported(session, 0)["media"] == 2


def test_a_command_after_a_run_begins_another_and_one_within_does_not(
    tmp_path: Path,
) -> None:
    command = user("c", "<command-name>/init</command-name>")
    answer = assistant("b", text("Done."), message={"id": "n", **END})
    for reason, stops in (("end_turn", 2), ("tool_use", 1)):
        found = ends(tmp_path, command, answer, stop_reason=reason)
        assert sum(each.startswith("stop") for each in found) == stops
        assert found[-1].startswith("stop")


def test_what_was_typed_while_the_agent_worked_is_an_input(tmp_path: Path) -> None:
    def queued(prompt: object, **more: object) -> Record:
        attachment = {"type": "queued_command", "prompt": prompt, **more}
        return chained("q", type="attachment", attachment=attachment, promptId="p")

    assert "user_input: Wait" in ends(tmp_path, queued("Wait"))
    assert "user_input: Wait" in ends(tmp_path, queued([text("Wait")]))
    later = ends(tmp_path, queued("Wait"), user("v", "Wait", "a", promptId="p"))
    assert later.count("user_input: Wait") == 1
    other = ends(tmp_path, queued("Wait"), user("v", "Wait", "a", promptId="o"))
    assert other.count("user_input: Wait") == 2
    for notification in (
        queued("<task-notification>"),
        queued("Ready", commandMode="task-notification"),
    ):
        assert ends(tmp_path, notification)[-1] == "claude-code/notification"
    assert ends(tmp_path, queued(None))[-1] == "claude-code/attachment.queued_command"


def test_a_response_goes_on_below_what_was_typed_meanwhile(tmp_path: Path) -> None:
    queued = {"type": "queued_command", "prompt": "Wait"}
    session = one(
        tmp_path,
        user("u", "Go"),
        assistant("a1", text("A"), message={"id": "m", **END}),
        chained("q", type="attachment", attachment=queued),
        assistant("a2", text("B"), message={"id": "m", **END}),
    )
    told = ["user_input: Go", "text: A", "user_input: Wait", "text: B"]
    assert brief(session)[:-1] == told
    assert "'turns': 1" in brief(session)[-1]


# --- results


def test_a_result_has_the_name_of_its_call_wherever_that_is(tmp_path: Path) -> None:
    session = one(
        tmp_path,
        result("r", "c", [text("done")], toolUseResult={"stdout": "x"}),
        assistant("a", call("c", "Bash")),
        result("o", "unknown", is_error=True),
    )
    first, _, orphan = [each.as_object() for each in session.events]
    assert isinstance(first, Mapping)
    assert isinstance(orphan, Mapping)
    assert (first["name"], first["result"]) == ("Bash", "done")
    assert first["imported"]["tool_use_result"] == {"stdout": "x"}
    assert orphan["name"] == ""


def test_what_else_is_among_results_is_kept(tmp_path: Path) -> None:
    block = {"type": "tool_result", "tool_use_id": "c", "is_error": True}
    session = one(tmp_path, user("u", [block, text("And this"), {"x": 1}]))
    assert brief(session) == ["tool_result", "claude-code/text", "claude-code/part"]
    assert imported(session, 0)["is_error"] is True


def test_calls_without_an_id_get_one_and_results_find_them(tmp_path: Path) -> None:
    def unnamed(uuid: str, parent: str) -> Record:
        return user(uuid, [{"type": "tool_result", "content": "done"}], parent)

    session = one(
        tmp_path,
        assistant("a", text("Hm."), call(None)),
        unnamed("r", "a"),
        assistant("b", call("x"), call("y")),
        unnamed("s", "b"),
        result("t", "x"),
        unnamed("u", "b"),
        unnamed("v", "gone"),
    )
    found: list[Any] = [each.as_object() for each in session.events]
    assert [each["call_id"] for each in found if "call_id" in each] == [
        "a/1", "a/1", "x", "y", "", "x", "y", "",
    ]  # fmt: skip
    assert imported(session, 1)["id"] == "made"
    assert notes(session) == [("id-made", "line:1", 1)]


# --- bookkeeping, titles and times


def test_bookkeeping_is_counted_and_the_unknown_is_kept(tmp_path: Path) -> None:
    def attached(kind: str, **more: object) -> Record:
        return chained(kind, type="attachment", attachment={"type": kind, **more})

    skipped = [
        {"type": "queue-operation", "operation": "enqueue"},
        {"type": "api-request-blob", "message": {"role": "user", "content": "Go"}},
        {"type": "mode", "mode": "plan"},
        {"type": "result", "key": "x"},
        attached("skill_listing"),
        attached("hook_success", content="", stdout=""),
        chained("p", type="progress"),
    ]
    kept = [
        {"type": "queue-operation", "operation": "popAll"},
        {"type": "a-new-one"},
        {"type": ["no", "text"]},
        {"type": "system"},
        attached("file"),
        attached("hook_success ", stdout="ok"),
        chained("b", type="attachment"),
    ]
    session = one(tmp_path, user("u", "Go"), *skipped, *kept)
    assert session.report
    assert session.report.skipped.total() == len(skipped)
    assert session.report.kept.total() == len(kept)
    whole = one(tmp_path, user("u", "Go"), *skipped, *kept, keep="all")
    assert whole.report
    assert not whole.report.skipped
    assert len(whole.events) == 1 + len(skipped) + len(kept)


def test_a_broken_line_is_kept(tmp_path: Path) -> None:
    session = one(tmp_path, user("u", "Go"), '{"type": "user", "mess')
    assert brief(session) == ["user_input: Go", "claude-code/line"]


def test_the_title_is_the_user_s_or_the_model_s_and_the_last_one(
    tmp_path: Path,
) -> None:
    titles: list[Record] = [
        {"type": "summary", "summary": "Of a leaf", "leafUuid": "u"},
        {"type": "ai-title", "aiTitle": "First"},
        {"type": "ai-title", "aiTitle": "Second"},
        {"type": "custom-title", "customTitle": "Mine"},
    ]
    told = (None, "Of a leaf", "First", "Second", "Mine")
    for count, title in enumerate(told):
        session = one(tmp_path, user("u", "Go"), *titles[:count])
        assert session.generated_title == title


def test_the_header_has_the_latest_time_and_the_report_the_version(
    tmp_path: Path,
) -> None:
    late = user("u", "Go", timestamp="2026-11-30T12:00:00+01:00")
    session = one(tmp_path, late, user("v", "On", "u", version="2.2.0"))
    assert session.session_id == "s"
    assert str(session.last_updated_at).startswith("2026-11-30T11:00:00")
    assert session.report
    assert session.report.version == "2.2.0"


def test_content_that_is_missing_raises_nothing(tmp_path: Path) -> None:
    session = one(
        tmp_path,
        chained("a", type="assistant"),
        chained("b", type="assistant", message={"content": 3}),
        {"type": "user", "sessionId": 3, "message": {"content": "Go"}},
        {"type": "assistant", "message": {"content": [text("Yes")]}},
    )
    kept = ["claude-code/assistant"] * 2
    assert brief(session) == [*kept, "user_input: Go", "text: Yes"]
    assert notes(session) == [("missing-field", "line:1", 2)]


def test_a_log_of_only_one_record_is_recognized(tmp_path: Path) -> None:
    assert brief(one(tmp_path, user("u", "Go"))) == ["user_input: Go"]


def test_a_log_whose_first_line_is_long_is_recognized(tmp_path: Path) -> None:
    said = "x" * 100_000
    first = user("u", said)
    late = {key: first.pop(key) for key in ("uuid", "sessionId")}
    for record in ({**late, **first}, {**first, **late}):
        session = one(tmp_path, record, assistant("a", text("Yes")))
        assert brief(session) == [f"user_input: {said}", "text: Yes"]


def test_a_log_that_holds_only_the_program_s_state_is_a_session_without_events(
    tmp_path: Path,
) -> None:
    for record in (
        {"type": "summary", "summary": "Of another", "leafUuid": "u"},
        {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
        {"type": "queue-operation", "operation": "enqueue", "sessionId": "log"},
        {"type": "permission-mode", "permissionMode": "plan", "sessionId": "log"},
    ):
        session = one(tmp_path, record)
        assert session.session_id == "log"
        assert not session.events


def test_the_session_is_named_as_its_file_if_any_record_is(tmp_path: Path) -> None:
    records = [user("u", "Go", sessionId="before"), user("v", "On", "u")]
    for name, told in (("s", "s"), ("elsewhere", "before")):
        (session,) = sessions(tmp_path, records, f"{name}.jsonl")
        assert session.session_id == told


def test_marks_of_bytes_and_ends_of_lines_make_no_difference(tmp_path: Path) -> None:
    data = lines_of([user("u", "Go"), assistant("a", text("Yes"), parent="u")])
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + data.replace("\n", "\r\n\r\n").encode())
    (session,) = foreign.converted(path)
    assert brief(session) == ["user_input: Go", "text: Yes"]


def test_other_json_is_not_taken_for_a_log() -> None:
    for record in (
        {"type": "user", "sessionId": "s", "projectHash": "p"},
        {"type": "chat", "sessionId": "s", "uuid": "u"},
        {"type": "user", "uuid": "u", "message": {}},
        {"type": "mode", "sessionId": "s"},
        {"type": "new-kind", "sessionId": "s"},
    ):
        data = lines_of([record]).encode()
        assert not ClaudeCode().recognizes(Head(data * 2, is_whole=True))
        assert not ClaudeCode().recognizes(Head(data, is_whole=True))


def test_a_file_without_any_known_record_is_refused(tmp_path: Path) -> None:
    for lines in ([{"type": "chat"}, {"x": 1}], ["{torn"]):
        path = tmp_path / "other.jsonl"
        path.write_text(lines_of(lines), "utf-8")
        with pytest.raises(DecodeError, match="none of its records"):
            foreign.converted(path, format=PAGE)


def test_a_large_log_is_converted_as_it_is_read(tmp_path: Path) -> None:
    said = "x" * 50_000
    turns = (
        record
        for number in range(100)
        for record in (
            user(f"u{number}", said, f"a{number - 1}" if number else None),
            assistant(f"a{number}", text(said), parent=f"u{number}", message=END),
        )
    )
    path = tmp_path / "log.jsonl"
    path.write_text(lines_of(turns), "utf-8")
    (session,) = foreign.converted(path)
    assert len(session.events) == 300


def test_no_value_in_a_record_raises_anything(tmp_path: Path) -> None:
    lines = (EXAMPLE / "claude-code.jsonl").read_text("utf-8").splitlines()
    records = [*map(json.loads, lines)][1:]
    for odd_ones in odd_variants(records):
        path = tmp_path / "odd.jsonl"
        path.write_text(lines_of([*records[:1], *odd_ones]), "utf-8")
        found = [*JSONFileBackend(str(path), format=PAGE).sessions()]
        counts = [each.report.records for each in found if each.report]
        assert sum(counts) == 1 + len(records), odd_ones


def test_no_further_member_of_a_message_or_a_block_is_lost() -> None:
    records = [
        user("u", "Go"),
        assistant("a", text("A"), {"type": "tool_use", "id": "c", "name": "f"}),
        user("r", [{"type": "tool_result", "tool_use_id": "c", "content": "x"}]),
    ]
    lost = lost_marks(records, "claude-code", ClaudeCode())
    assert {place for place in lost if place.endswith("/*")} == set()
