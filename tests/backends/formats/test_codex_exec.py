"""What ``codex exec --json`` prints."""

import json
from pathlib import Path
from typing import Any, Final

import foreign
import replay
from marked_records import lost_marks
from replay import Session
from replay_backends.formats.agent_logs.codex import Codex

START: Final = {"type": "thread.started", "thread_id": "th"}
USAGE: Final = {"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 2}


def item(stage: str, kind: str, **members: object) -> dict[str, Any]:
    return {"type": f"item.{stage}", "item": {"id": "item_1", "type": kind, **members}}


def read(folder: Path, *records: object) -> Session:
    path = folder / "printed.jsonl"
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    path.write_text("".join(f"{line}\n" for line in lines))
    (session,) = foreign.converted(path)
    assert session.format == "codex"
    assert session.report
    assert session.report.records == len(records)
    return session


def events(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(replay.dumps(session))["events"]
    return found


def kinds(session: Session) -> list[str]:
    return [each["type"] for each in events(session)]


def test_a_run_is_read_from_what_exec_prints(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        START,
        {"type": "turn.started"},
        item("completed", "reasoning", text="I look."),
        item("started", "command_execution", command="ls", status="in_progress"),
        item("updated", "command_execution", command="ls", status="in_progress"),
        item(
            "completed",
            "command_execution",
            command="ls",
            aggregated_output="a.txt\n",
            exit_code=0,
            status="completed",
        ),
        item("completed", "agent_message", text="There is a.txt."),
        {"type": "turn.completed", "usage": USAGE},
    )
    assert session.session_id == "th"
    assert foreign.plain(session) == [
        {"type": "thinking", "content": "I look."},
        {
            "type": "tool_call",
            "call_id": "item_1",
            "name": "command_execution",
            "arguments": {"command": "ls"},
        },
        {
            "type": "tool_result",
            "call_id": "item_1",
            "name": "command_execution",
            "result": {"aggregated_output": "a.txt\n", "exit_code": 0},
        },
        {"type": "text", "content": "There is a.txt."},
        {
            "type": "stop",
            "usage": {"total_input_tokens": 9, "total_output_tokens": 2},
            "is_error": False,
            "error": None,
        },
    ]
    _, _, result, _, stop = events(session)
    assert result["imported"] == {"status": "completed"}
    assert stop["imported"] == {"usage": USAGE}


def test_a_tool_of_a_server_has_both_names(tmp_path: Path) -> None:
    names = {"server": "docs", "tool": "find"}
    session = read(
        tmp_path,
        START,
        item("completed", "mcp_tool_call", **names, arguments={"q": 1}, result=[1]),
        item("completed", "mcp_tool_call", **names, error={"message": "No"}),
    )
    call, result, _, failed = events(session)
    assert (call["name"], call["arguments"]) == ("docs/find", {"q": 1})
    assert (result["name"], result["result"]) == ("docs/find", [1])
    assert failed["result"] == {"message": "No"}
    assert failed["imported"]["is_error"] is True


def test_a_call_that_only_started_has_no_result(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        START,
        item("started", "command_execution", command="sleep"),
        item("updated", "command_execution", command="sleep"),
    )
    assert kinds(session) == ["tool_call", "codex/command_execution"]


def test_other_items_are_kept(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        START,
        item("started", "todo_list", items=[]),
        item("completed", "todo_list", items=[]),
        item("started", "web_search", query="x"),
        item("completed", "agent_message", text=""),
        item("completed", "agent_message", text=7),
        {"type": "item.completed"},
        {"type": "error", "message": "Reconnecting"},
        {"odd": 1},
        "not json",
    )
    assert kinds(session) == [
        "codex/todo_list",
        "codex/agent_message",
        "codex/agent_message",
        "codex/item.completed",
        "codex/error",
        "codex/untyped",
        "codex/line",
    ]


def test_a_failed_turn_says_why(tmp_path: Path) -> None:
    failed = {"type": "turn.failed", "error": {"message": "No quota"}}
    session = read(tmp_path, START, failed, {"type": "turn.failed"})
    assert [each["error"] for each in events(session)] == ["No quota", "error"]


def test_a_call_without_an_id_gets_its_line(tmp_path: Path) -> None:
    session = read(
        tmp_path,
        START,
        {"type": "item.completed", "item": {"type": "command_execution"}},
    )
    assert [each["call_id"] for each in events(session)] == ["line:2", "line:2"]
    assert session.report
    assert [each.code for each in session.report.notes] == ["id-made"]


def test_no_member_of_another_kind_than_expected_is_lost() -> None:
    command = {"command": "ls", "aggregated_output": "a", "exit_code": 0}
    asked = {"server": "s", "tool": "t", "arguments": {"a": 1}, "error": None}
    items = [
        {"id": "1", "type": "command_execution", "status": "completed", **command},
        {"id": "2", "type": "mcp_tool_call", "result": {"content": []}, **asked},
        {"id": "3", "type": "agent_message", "text": "Hi"},
    ]
    records = [
        *({"type": "item.completed", "item": each} for each in items),
        {"type": "turn.failed", "error": {"message": "m"}},
        {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 2}},
    ]
    start = {"type": "thread.started", "thread_id": "t"}
    assert lost_marks(records, "codex", Codex(), start) == set()
