"""What a record says of an event."""

import getpass
from hashlib import sha256
from pathlib import Path

import pytest

import replay
from replay import (
    ImageAttachment,
    Message,
    PluginError,
    ReplayReport,
    Session,
    Stop,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
    UserInput,
)
from replay_plugins.audit_log import session_records
from replay_plugins.audit_log.session_records import Facts, user_name

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
TITLED = '{"type": "%s", "content": "Hi", "lang": "de"}'


def test_a_session_is_known_by_what_it_hashes_to() -> None:
    session = Session("s", events=[Text("Hi")], shape="list")
    digest = sha256(replay.dumps(session)).hexdigest()
    assert session_records.of_session(session) == Facts(
        {"shape": "list", "session.digest": f"sha256:{digest}", "events": 1}
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json*")), ids=lambda p: p.name)
def test_a_digest_is_that_of_what_dumps_returns(path: Path) -> None:
    with replay.open(path) as source:
        for session in source:
            digest = sha256(replay.dumps(session)).hexdigest()
            assert session_records.digest_of(session) == f"sha256:{digest}"


def test_a_report_is_told_in_numbers() -> None:
    report = ReplayReport("s", turns=2, events={"text": 3}, outcome="stopped")
    assert session_records.of_report(report, None).clear == {
        "outcome": "stopped",
        "turns": 2,
        "events": {"text": 3},
        "messages": {},
        "diagnostics": {},
        "plugin_errors": 0,
        "dropped_plugins": (),
    }


def test_a_session_that_came_while_it_was_replayed_is_hashed_at_its_end() -> None:
    session = Session("s", events=[Text("Hi")])
    clear = session_records.of_report(ReplayReport("s"), session).clear
    assert clear["session.digest"] == session_records.digest_of(session)


def test_a_plugin_error_hides_what_may_quote_content() -> None:
    error = PluginError("usage", "ValueError: secret", "replay_text", 3)
    error.__cause__ = ValueError("secret")
    assert session_records.of_plugin_error(error) == Facts(
        {"plugin": "usage", "hook": "replay_text", "error.type": "ValueError"},
        {"reason": "ValueError: secret"},
    )


def test_a_plugin_error_without_a_cause_is_of_its_own_type() -> None:
    clear = session_records.of_plugin_error(PluginError("usage", "no")).clear
    assert clear["error.type"] == "PluginError"


def test_a_message_tells_what_it_was_put_together_from() -> None:
    message = Message("text", "Hi", 3, "deltas", complete=False)
    assert session_records.of_message(message) == Facts(
        {"type": "text", "complete": False, "source": "deltas"}, {"content": "Hi"}
    )


@pytest.mark.parametrize("kind", ["text", "user_input"])
def test_keys_that_nobody_knows_are_kept_and_hidden(kind: str) -> None:
    (event,) = replay.loads(f"[{TITLED % kind}]").events
    found = (
        session_records.of_message(Message("text", "Hi", 0, "full", event=event))
        if isinstance(event, Text)
        else session_records.of_content(event)
    )
    assert found.sensitive == {"content": "Hi", "extra": {"lang": "de"}}


def test_a_user_input_is_its_content() -> None:
    assert session_records.of_content(UserInput("Hi")) == Facts({}, {"content": "Hi"})


def test_a_delta_tells_its_type() -> None:
    found = session_records.of_content(TextDelta("Hi"), type="text_delta")
    assert found == Facts({"type": "text_delta"}, {"content": "Hi"})


CALL = ToolCall("c1", "find", {"q": [1]})
NAMES = {"gen_ai.tool.name": "find", "gen_ai.tool.call.id": "c1"}


def test_a_tool_call_has_the_names_of_open_telemetry() -> None:
    assert session_records.of_call(CALL) == Facts(
        NAMES, {"gen_ai.tool.call.arguments": {"q": [1]}}
    )


def test_a_tool_result_tells_whether_it_was_asked_for() -> None:
    result = ToolResult("c1", "find", None)
    sensitive = {"gen_ai.tool.call.result": None}
    assert session_records.of_result(result, CALL) == Facts(
        {**NAMES, "is_answer": True}, sensitive
    )
    assert session_records.of_result(result, None).clear["is_answer"] is False


def test_a_page_image_is_hidden_too() -> None:
    result = ToolResult("c1", "find", 1, image_attachment=ImageAttachment("f", "p.jpg"))
    assert session_records.of_result(result, None).sensitive["image_attachment"] == {
        "source_id": "f",
        "attachment_name": "p.jpg",
    }


def test_a_stop_tells_what_the_run_cost() -> None:
    usage = Usage(
        total_input_tokens=7, total_output_tokens=None, turns=2, duration_ms=1.5
    )
    assert session_records.of_stop(Stop(usage, is_error=False)) == Facts(
        {
            "is_error": False,
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": None,
            "round_trips": 2,
            "duration_ms": 1.5,
        }
    )


def test_a_stop_hides_its_error_and_tells_the_indexes_it_left_out() -> None:
    stop = Stop(Usage(), is_error=True, error="secret", skipped_index_ids=("i",))
    found = session_records.of_stop(stop)
    assert found.clear["skipped_index_ids"] == ("i",)
    assert found.sensitive == {"error": "secret"}


def test_the_environment_cannot_name_another_actor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert getpass.getuser() == "somebody"
    assert user_name() != "somebody"


def test_a_user_without_a_name_is_a_number() -> None:
    assert user_name(54321) == "user 54321"
