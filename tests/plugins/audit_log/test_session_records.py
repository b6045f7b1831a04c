"""The facts in records: in clear, or sensitive."""

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
from replay_plugins.audit_log.session_records import (
    Facts,
    digest_of,
    of_call,
    of_content,
    of_message,
    of_plugin_error,
    of_report,
    of_result,
    of_session,
    of_stop,
    user_name,
)

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SESSION = Session("s", events=[Text("Hi")], shape="list")
CALL = ToolCall("c1", "find", {"q": [1]})
NAMES = {"gen_ai.tool.name": "find", "gen_ai.tool.call.id": "c1"}
IMAGE = ImageAttachment("f", "p.jpg")
COST = Usage(total_input_tokens=7, total_output_tokens=None, turns=2, duration_ms=1.5)
FAILED = PluginError("usage", "ValueError: secret", "replay_text", 3)
FAILED.__cause__ = ValueError("secret")


def known(event_type: str) -> replay.Event:
    text = f'[{{"type": "{event_type}", "content": "Hi", "lang": "de"}}]'
    return replay.loads(text).events[0]


@pytest.mark.parametrize(
    ("found", "clear", "sensitive"),
    [
        (
            of_session(SESSION),
            {"shape": "list", "session.digest": digest_of(SESSION), "events": 1},
            {},
        ),
        (
            of_plugin_error(FAILED),
            {"plugin": "usage", "hook": "replay_text", "error.type": "ValueError"},
            {"reason": "ValueError: secret"},
        ),
        (
            of_plugin_error(PluginError("usage", "no")),
            {"plugin": "usage", "hook": None, "error.type": "PluginError"},
            {"reason": "no"},
        ),
        (
            of_message(Message("text", "Hi", 3, "deltas", complete=False)),
            {"type": "text", "complete": False, "source": "deltas"},
            {"content": "Hi"},
        ),
        (
            of_message(Message("text", "Hi", 0, "full", event=known("text"))),  # type: ignore[arg-type]  # it is a text
            {"type": "text", "complete": True, "source": "full"},
            {"content": "Hi", "extra": {"lang": "de"}},
        ),
        (
            of_content(known("user_input")),
            {},
            {"content": "Hi", "extra": {"lang": "de"}},
        ),
        (of_content(UserInput("Hi")), {}, {"content": "Hi"}),
        (
            of_content(TextDelta("Hi"), type="text_delta"),
            {"type": "text_delta"},
            {"content": "Hi"},
        ),
        (of_call(CALL), NAMES, {"gen_ai.tool.call.arguments": {"q": [1]}}),
        (
            of_result(ToolResult("c1", "find", None), CALL),
            {**NAMES, "is_answer": True},
            {"gen_ai.tool.call.result": None},
        ),
        (
            of_result(ToolResult("c1", "find", 1, image_attachment=IMAGE), None),
            {**NAMES, "is_answer": False},
            {"gen_ai.tool.call.result": 1, "image_attachment": IMAGE.as_object()},
        ),
        (
            of_stop(Stop(COST, is_error=False)),
            {
                "is_error": False,
                "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": None,
                "round_trips": 2,
                "duration_ms": 1.5,
            },
            {},
        ),
    ],
)
def test_what_was_said_is_sensitive_and_all_else_is_clear(
    found: Facts, clear: dict[str, object], sensitive: dict[str, object]
) -> None:
    assert found == Facts(clear, sensitive)


def test_a_stop_hides_its_error_and_tells_the_indexes_it_left_out() -> None:
    found = of_stop(Stop(COST, is_error=True, error="no", skipped_index_ids=("i",)))
    assert found.clear["skipped_index_ids"] == ("i",)
    assert found.sensitive == {"error": "no"}


def test_a_report_is_told_in_numbers_and_may_bring_a_digest() -> None:
    report = ReplayReport("s", turns=2, events={"text": 3}, outcome="stopped")
    clear = {
        "outcome": "stopped",
        "turns": 2,
        "events": {"text": 3},
        "messages": {},
        "diagnostics": {},
        "plugin_errors": 0,
        "dropped_plugins": (),
    }
    assert of_report(report, None) == Facts(clear)
    digest = {"session.digest": digest_of(SESSION)}
    assert of_report(report, SESSION) == Facts(clear | digest)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json*")), ids=lambda p: p.name)
def test_a_digest_is_that_of_what_dumps_returns(path: Path) -> None:
    with replay.open(path) as source:
        for session in source:
            digest = sha256(replay.dumps(session)).hexdigest()
            assert digest_of(session) == f"sha256:{digest}"


def test_the_environment_cannot_name_another_actor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert getpass.getuser() == "somebody"
    assert user_name() != "somebody"
    assert user_name(54321) == "user 54321"  # who has no name
