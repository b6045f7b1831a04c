"""The plugin ``audit_log``: a record for each step of a replay."""

import hmac
import itertools
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import pytest

import replay
from audit_logs import Record, kinds_of, lines_of, opened, records_of
from file_room import room_for
from replay import (
    AuditError,
    AuditFullError,
    AuditTamperedError,
    Event,
    ImageAttachment,
    Message,
    MustStopError,
    PluginError,
    ReplayEngine,
    ReplayReport,
    Session,
    Stop,
    StopReplay,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    UnknownNameError,
    Usage,
    UserInput,
    load_plugin,
)
from replay.testing import PluginContract
from replay_plugins import audit_log
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.log.content import ContentPolicy, salt_id
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
MODES: list[Any] = ["raise", "isolate"]
CONTENT = ["full", "digest", "committed"]

#: Fields that differ from log to log, or with the cuts between deltas.
PASSING = {"seq", "prev", "time", "monotonic_ns", "log", "note", "event", "events"}
PASSING |= {"session.digest", "clock_step", "batch_key"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a"


class TestAuditLog(PluginContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> Callable[[], object]:
        numbers = itertools.count()
        return lambda: AuditLog(
            tmp_path / str(next(numbers)), content="full", sync="session"
        )

    def worker_of(self, plugin: Callable[[], object]) -> object:
        made = plugin()
        assert isinstance(made, AuditLog)
        return made.batch_worker(made.path, content="full")

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, AuditLog)
        return [
            {key: value for key, value in record.items() if key not in PASSING}
            for record in records_of(plugin.path)
        ]


def replayed(path: Path, *sessions: Session, **options: Any) -> list[Record]:  # noqa: ANN401 - any option
    """Replay sessions into a log, and return its records."""
    with ReplayEngine([AuditLog(path, **options)]) as engine:
        for session in sessions:
            engine.replay(session)
    return records_of(path)


def two_turns() -> Session:
    return replay.load(EXAMPLES / "two_turns.json")


def test_a_session_is_recorded_in_order(path: Path) -> None:
    kinds = [record["kind"] for record in replayed(path, two_turns())]
    assert kinds == [
        *("log_opened", "session_start"),
        *("turn_start", "user_input", "message", "tool_call", "tool_call"),
        *("tool_result", "tool_result", "message", "stop", "turn_end"),
        *("turn_start", "user_input", "message", "tool_call", "tool_result"),
        *("message", "stop", "turn_end"),
        *("session_end", "checkpoint", "checkpoint"),
    ]


def test_a_record_tells_its_session_its_event_and_its_turn(path: Path) -> None:
    session = two_turns()
    records = replayed(path, session, content="full")
    called = [record for record in records if record["kind"] == "tool_call"][-1]
    assert called["actor"] == pwd.getpwuid(os.getuid()).pw_name
    assert [*called][6:] == [
        *("monotonic_ns", "gen_ai.conversation.id", "event", "turn"),
        *("gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.call.arguments"),
    ]
    assert called["gen_ai.conversation.id"] == "ses-harbour-lease"
    assert called["turn"] == 1
    event = session.events[called["event"]]
    assert isinstance(event, replay.ToolCall)
    assert called["gen_ai.tool.call.arguments"] == event.arguments


def test_a_message_is_recorded_at_its_first_event(path: Path) -> None:
    session = Session("s", events=[UserInput("?"), TextDelta("a"), Text("ab")])
    records = replayed(path, session, content="full")
    (message,) = (record for record in records if record["kind"] == "message")
    assert (message["event"], message["content"]) == (1, "ab")


def test_oddities_and_unknown_events_are_recorded(path: Path) -> None:
    records = replayed(
        path, replay.load(EXAMPLES / "unknown_event.json"), content="full"
    )
    odd = {record["kind"]: record for record in records}
    assert odd["unknown_event"]["code"] == "unknown-type"
    assert odd["unknown_event"]["raw"]["type"] not in ("text", "stop")
    assert odd["diagnostic"]["code"] == "unknown-type"
    assert odd["diagnostic"]["detail"]
    assert "event" in odd["diagnostic"]
    records = replayed(path, replay.loads(b'\xef\xbb\xbf{"events": []}'))
    assert records[-4]["kind"] == "diagnostic"  # about the document
    assert "event" not in records[-4]


def test_deltas_are_recorded_where_that_is_asked(tmp_path: Path) -> None:
    session = replay.load(EXAMPLES / "deltas_only.json")
    without = replayed(tmp_path / "a", session)
    with_them = replayed(tmp_path / "b", session, deltas=True, content="full")
    assert "delta" not in {record["kind"] for record in without}
    deltas = [record for record in with_them if record["kind"] == "delta"]
    assert [record["content"] for record in deltas] == [
        event.content
        for event in session.events
        if isinstance(event, replay.TextDelta | replay.ThinkingDelta)
    ]
    assert {record["type"] for record in deltas} >= {"text_delta"}


class Stream(ExitStack):
    """A live turn that doesn't break off."""

    session_id, prompt, user_input = "s", "Q?", UserInput("Q?")
    diagnostics: Sequence[replay.Diagnostic] = ()

    def __init__(self) -> None:
        super().__init__()
        self.events = iter([Text("A.")])

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Text:
        return next(self.events)

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        """Yield nothing."""
        assert known is None
        yield from ()


def test_a_live_turn_is_hashed_when_it_has_ended(path: Path) -> None:
    with ReplayEngine([AuditLog(path, content="full")]) as engine:
        engine.replay_live(Stream())  # type: ignore[arg-type]  # its exit returns more
    records = records_of(path)
    digests = [r["session.digest"] for r in records if "session.digest" in r]
    whole = Session("s", events=[UserInput("Q?"), Text("A.")])
    assert len(digests) == 2
    assert digests[1] == digest_of(whole) != digests[0]


class Huge(Sequence[Event]):
    """Events that don't fit into memory."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: object) -> Any:  # noqa: ANN401 - it gives nothing
        raise MemoryError


def test_where_there_is_no_memory_that_is_what_is_told(path: Path) -> None:
    with pytest.raises(MemoryError):
        ReplayEngine([AuditLog(path)]).replay(Session("s", events=Huge()))


# Content

SAID = "Harbour Street"


@pytest.mark.parametrize("content", CONTENT)
def test_content_is_in_the_log_only_where_that_is_asked(
    tmp_path: Path, content: str
) -> None:
    replayed(tmp_path / "a", two_turns(), content=content)
    assert (SAID in (tmp_path / "a").read_text()) == (content == "full")
    openings = tmp_path / "a.openings"
    assert openings.exists() == (content == "committed")
    assert (tmp_path / "a.salt").exists() == (content == "digest")
    if content == "committed":
        assert SAID in openings.read_text()


def test_every_sensitive_field_has_an_opening_of_its_own(path: Path) -> None:
    fields = [
        (record["seq"], name)
        for record in replayed(path, two_turns(), content="committed")
        for name, value in record.items()
        if isinstance(value, dict) and "commitment" in value
    ]
    lines = path.with_name("a.openings").read_bytes().splitlines()
    openings = [json.loads(line) for line in lines]
    assert fields
    assert [(each["seq"], each["field"]) for each in openings] == fields


def test_what_one_log_shows_cannot_be_found_in_another(tmp_path: Path) -> None:
    one, other = (
        {record["content"]["hmac_sha256"] for record in records if "content" in record}
        for records in (replayed(tmp_path / name, two_turns()) for name in "ab")
    )
    assert one
    assert not one & other


def test_no_guess_of_a_session_can_be_checked_by_its_digest(tmp_path: Path) -> None:
    session, digests = two_turns(), []
    for content in ("digest", "committed"):
        for name in ("a", "b"):
            path = tmp_path / f"{content}-{name}"
            records = replayed(path, session, content=content)
            digests += [r["session.digest"] for r in records if "session.digest" in r]
            assert digest_of(session).partition(":")[2] not in path.read_text()
    assert len({json.dumps(each) for each in digests}) == len(digests) == 4


def test_a_digest_is_keyed_by_the_salt(path: Path) -> None:
    session = two_turns()
    (shown,) = (r["session.digest"] for r in replayed(path, session) if "shape" in r)
    salt, text = path.with_name("a.salt").read_bytes(), json.dumps(digest_of(session))
    assert shown["hmac_sha256"] == hmac.digest(salt, text.encode(), "sha256").hex()


def test_sessions_that_differ_in_secrets_alone_have_one_digest_when_redacted(
    path: Path,
) -> None:
    mails = ("jo@example.com", "al@example.com")
    sessions = [Session("s", events=[UserInput(f"Ask {mail}.")]) for mail in mails]
    records = replayed(path, *sessions, content="redacted")
    digests = {r["session.digest"] for r in records if "session.digest" in r}
    shown = Session("s", events=[UserInput("Ask <EMAIL_1>.")])
    assert digests == {digest_of(shown)}


def test_redacted_content_is_in_the_log_without_its_secrets(path: Path) -> None:
    mail = "jo@example.com"
    texts = [f"Ask {mail}.", f"Or {mail}", "Nobody"]
    session = Session("s", events=[UserInput(text) for text in texts])
    records = replayed(path, session, session, content="redacted")
    shown = [record["content"] for record in records if "content" in record]
    assert shown == ["Ask <EMAIL_1>.", "Or <EMAIL_1>", "Nobody"] * 2


def test_a_log_names_its_salt_and_takes_no_other(path: Path) -> None:
    for content in ("digest", "committed", "digest"):
        AuditLog(path, content=content).replay_close()
    salt = path.with_name("a.salt")
    path.with_name("a.openings").write_bytes(b'{"seq')  # as a kill may leave it
    ids = [record.get("salt_id") for record in records_of(path) if "log" in record]
    assert ids == [salt_id(salt.read_bytes()), None, salt_id(salt.read_bytes())]
    kept = salt.rename(path.with_name("kept"))
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    with pytest.raises(AuditTamperedError, match=r"a\.salt: the salt of the log's dig"):
        AuditLog(path)
    assert not salt.exists()
    salt.write_bytes(bytes(32))
    with pytest.raises(AuditTamperedError, match=r"a\.salt: it isn't the salt"):
        AuditLog(path)
    salt.unlink()
    assert {each: each.read_bytes() for each in path.parent.iterdir()} == before
    kept.rename(salt)
    AuditLog(path).replay_close()


def test_a_log_of_an_older_version_misses_a_lost_salt(path: Path) -> None:
    opened(path, about={"content_policy": "digest"}).close()
    with pytest.raises(AuditTamperedError, match=r"a\.salt: the salt of the log's dig"):
        AuditLog(path)


# Options


def test_its_options_can_be_typed(tmp_path: Path) -> None:
    plugin = load_plugin(
        "audit_log",
        path=str(tmp_path / "a"),
        actor="auditor",
        content="full",
        deltas="yes",
        sync="500",
        max_bytes="1000",
        max_age="3600",
    )
    assert isinstance(plugin, AuditLog)
    assert (plugin.deltas, plugin.sync) == (True, 500)
    assert (plugin.max_bytes, plugin.max_age) == (1000, 3600.0)
    (record,) = records_of(tmp_path / "a")
    assert (record["actor"], record["sync"]) == ("auditor", 500)
    assert (record["content_policy"], record["signed"]) == ("full", False)
    assert record["version"]


def test_a_policy_that_is_not_known_is_refused(path: Path) -> None:
    for option, value, known in (
        ("content", "all", "full, digest, redacted, committed"),
        ("sync", "never", "record, session"),
    ):
        with pytest.raises(UnknownNameError, match=f"{value!r}.*{known}"):
            load_plugin("audit_log", path=str(path), **{option: value})
    assert not [*path.parent.iterdir()]


def test_options_that_cannot_be_are_refused(path: Path) -> None:
    for option in ("sync", "max_bytes", "max_age"):
        with pytest.raises(PluginError, match=f"{option} must be above zero, not 0"):
            load_plugin("audit_log", path=str(path), **{option: "0"})
    with pytest.raises(ValueError, match="a delta may hold half a secret"):
        AuditLog(path, content="redacted", deltas=True)


# Failures


def fail() -> None:
    raise ValueError(SAID)


def test_failures_of_other_plugins_are_recorded_and_not_quoted(path: Path) -> None:
    log = AuditLog(path)
    ReplayEngine([log, {"stop": fail}], on_plugin_error="isolate").replay(two_turns())
    records = records_of(path)
    failed = [record for record in records if record["kind"] == "plugin_error"]
    assert [record["hook"] for record in failed] == ["replay_stop"] * 2
    assert failed[0]["error.type"] == "ValueError"
    assert failed[0]["event"] < failed[1]["event"]
    assert records[-2]["plugin_errors"] == 2
    assert SAID not in path.read_text()


def stop() -> None:
    raise StopReplay


@pytest.mark.parametrize(("hook", "outcome"), [(fail, "failed"), (stop, "stopped")])
def test_a_replay_that_ends_early_is_recorded_as_that(
    path: Path, hook: Callable[[], None], outcome: str
) -> None:
    with suppress(PluginError):
        ReplayEngine([AuditLog(path), {"stop": hook}]).replay(two_turns())
    session_end, checkpoint = records_of(path)[-2:]
    assert (session_end["outcome"], checkpoint["kind"]) == (outcome, "checkpoint")


def test_a_full_disk_stops_the_replay_whatever_is_isolated(tmp_path: Path) -> None:
    for mode in MODES:
        reached: list[int] = []
        path, other = tmp_path / mode, {"text": lambda: reached.append(1)}  # noqa: B023 - called within the loop
        engine = ReplayEngine([AuditLog(path), other], on_plugin_error=mode)
        with room_for(2000), pytest.raises(AuditFullError):
            engine.replay(two_turns())
        assert not reached
        assert engine.report.outcome == "failed"
        lines = lines_of(path)
        engine.replay(two_turns())
        assert lines_of(path)[: len(lines)] == lines
        assert kinds_of(path).count("session_end") == 1


@pytest.mark.parametrize("content", CONTENT)
def test_what_cannot_be_recorded_stops_the_replay_whatever_is_isolated(
    tmp_path: Path, content: ContentPolicy
) -> None:
    recorded = {"type": "user_input", "content": "x", "at": {1}}
    strange = Session("s", events=[UserInput("x", recorded=recorded)])
    for mode in MODES:
        log = AuditLog(tmp_path / mode, content=content)
        engine = ReplayEngine([log], on_plugin_error=mode)
        with pytest.raises(MustStopError, match="cannot be recorded") as caught:
            engine.replay(strange)
        assert isinstance(caught.value, AuditError)


def test_a_path_that_names_no_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(AuditError, match="is a directory"):
        AuditLog(Path())
    assert [*tmp_path.iterdir()] == [tmp_path / "here"]


def test_a_log_that_cannot_be_begun_is_let_go(tmp_path: Path) -> None:
    salt = tmp_path / "a.salt"
    salt.write_bytes(b"isn't a salt")
    with pytest.raises(AuditError, match="isn't a salt") as caught:
        AuditLog(tmp_path / "a")
    salt.unlink()
    AuditLog(tmp_path / "a").replay_close()
    assert caught.tb is not None  # which still knows the first one


# The package

IS_IMPORTED = """
import sys
import replay_plugins.audit_log
print("replay_plugins.audit_log.plugin" in sys.modules)
replay_plugins.audit_log.AuditLog
print("replay_plugins.audit_log.plugin" in sys.modules)
"""


def test_the_plugin_is_imported_only_when_it_is_asked_for() -> None:
    command = [sys.executable, "-c", IS_IMPORTED]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    assert done.stdout.split() == [b"False", b"True"]


def test_nothing_else_is_found_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'AuditLogs'"):
        audit_log.AuditLogs  # type: ignore[attr-defined]  # noqa: B018 - that is the test


# The facts in records: in clear, or sensitive


HI = Session("s", events=[Text("Hi")], shape="list")
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
            of_session(HI, "full"),
            {"shape": "list", "events": 1},
            {"session.digest": digest_of(HI)},
        ),
        (
            of_session(HI, "redacted"),
            {"shape": "list", "session.digest": digest_of(HI), "events": 1},
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
    assert of_report(report, None, "full") == Facts(clear)
    digest = {"session.digest": digest_of(HI)}
    assert of_report(report, HI, "full") == Facts(clear, digest)
    assert of_report(report, HI, "redacted") == Facts(clear | digest)


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
    assert user_name() != "somebody"
    assert user_name(54321) == "user 54321"  # who has no name


def test_a_path_that_is_none_is_refused_by_its_option() -> None:
    told = "plugin 'audit_log': option 'path' must be a path, not int"
    with pytest.raises(PluginError, match=told):
        load_plugin("audit_log", path=5)
