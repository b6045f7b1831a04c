"""Arguments of public functions, accepted or refused with advice."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

import replay
from replay import Event, Session, Text, TextDelta, ToolCall, UnknownEvent
from replay.authoring import SourceText, read_sessions

OBJECTS: Final[list[dict[str, Any]]] = [
    {"type": "text_delta", "content": "He"},
    {"type": "text_delta", "content": "llo"},
    {"type": "text", "content": "Hello"},
]
EVENTS: Final[list[Event]] = [TextDelta("He"), TextDelta("llo"), Text("Hello")]
SESSION: Final = Session("session", events=EVENTS)
PATH: Final = "session.json"
ANY: Final[Any] = replay  # untyped, for arguments that a type checker would refuse


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change to a folder that holds the session."""
    monkeypatch.chdir(tmp_path)
    Path(PATH).write_bytes(replay.dumps(SESSION))


@pytest.mark.parametrize(
    "recording",
    [SESSION, EVENTS, tuple(EVENTS), iter(EVENTS), OBJECTS, PATH, Path(PATH)],
    ids=["session", "events", "tuple", "iterator", "dicts", "string", "path"],
)
def test_a_session_can_be_given_by_its_events_or_its_location(
    recording: replay.Session,
) -> None:
    events = [*recording] if isinstance(recording, type(iter([]))) else recording
    expected = replay.transcript(SESSION)
    assert replay.transcript(events) == expected
    assert replay.render(events) == replay.render(expected)
    assert replay.ReplayEngine().replay(events).messages == {"text": 1}


def test_coalesce_takes_objects_of_events() -> None:
    assert [*replay.coalesce(OBJECTS)] == [*replay.coalesce(EVENTS)]


def test_a_file_of_a_plugin_can_be_a_path() -> None:
    Path("mine.py").write_text("def replay_text(message): pass\n")
    assert replay.load_plugin(Path("mine.py")).__name__ == "replay_plugin_mine"


def with_source(call: Callable[[Any], object]) -> object:
    """Return the result of a call with an open source."""
    with replay.open(PATH) as source:
        return call(source)


A_SESSION = "expected a session, its events or its location, not"
LOAD = "replay.load returns the session at a location, replay.open all of them"
A_FILE = "expected a file open for writing bytes, not"
TO_DUMP = 'with open(path, "wb") as file: replay.dump(session, file)'
MADE = "Session.from_events makes one of a list of events"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ANY.transcript(5), f"{A_SESSION} int: {LOAD}"),
        (lambda: ANY.transcript({}), f"{A_SESSION} dict: replay.loads(json.dumps("),
        (lambda: ANY.transcript([SESSION]), "its JSON object, not Session: take one"),
        (lambda: with_source(ANY.transcript), f"{A_SESSION} Source: {LOAD}"),
        (
            lambda: ANY.transcript(replay.transcript(SESSION)),
            f"{A_SESSION} Transcript: {LOAD}",
        ),
        (lambda: ANY.transcript(b"[]"), "not bytes: replay.load reads a file"),
        (lambda: ANY.render(None), f"{A_SESSION} NoneType: {LOAD}"),
        (lambda: with_source(ANY.ReplayEngine().replay), f"{A_SESSION} Source: {LOAD}"),
        (
            lambda: ANY.ReplayEngine().replay_live(SESSION),
            "expected what source.stream returns, not Session: engine.replay?",
        ),
        (lambda: ANY.coalesce(PATH), "coalesce(session.events), with session = "),
        (lambda: ANY.coalesce(SESSION), "expected a list of events, not Session: "),
        (lambda: [*ANY.coalesce([1])], "expected an event such as Text, got int"),
        (lambda: ANY.loads(SESSION), "expected JSON text, not Session: "),
        (lambda: ANY.loads(Path(PATH)), "replay.load reads a file"),
        (
            lambda: ANY.loads({"events": []}),
            "not dict: loads(json.dumps(…)), or Session.from_events takes a list of",
        ),
        (
            lambda: ANY.loads("[]", limits={"depth": 3}),
            "expected limits, not dict: replay.Limits(depth=…)",
        ),
        (
            lambda: next(read_sessions(ANY.dumps(SESSION), session_id="x")),
            "expected a SourceText, not bytes: SourceText(lambda: io.BytesIO(data))",
        ),
        (lambda: ANY.load(SESSION), "expected a path or a URL, not Session: "),
        (lambda: ANY.open(b"a"), "not bytes: replay.loads reads a text"),
        (lambda: ANY.dumps(EVENTS), f"expected a session, not list: {MADE}"),
        (lambda: ANY.dump(SESSION, PATH), f"{A_FILE} str: {TO_DUMP}"),
        (lambda: ANY.dump(SESSION, Path(PATH)), f"Path: {TO_DUMP}"),
        (lambda: ANY.dump(SESSION, io.StringIO()), f"{A_FILE} StringIO: {TO_DUMP}"),
        (lambda: ANY.dump(SESSION, 5), f"{A_FILE} int: {TO_DUMP}"),
        (lambda: ANY.replay_many(5, ["usage"]), "expected a location, or what replay."),
        (lambda: ANY.replay_many(PATH, 5), "plugins is a list of names, not int"),
        (lambda: ANY.ReplayEngine("usage"), "must be a list of plugins, not str"),
        (lambda: ANY.ReplayEngine({}), "plugins must be a list of plugins, not dict"),
        (lambda: ANY.ReplayEngine(SESSION), "be a list of plugins, not Session"),
        (
            lambda: ANY.load_plugin(Session),
            "expected the name of a plugin, not type: an engine takes plugins as they",
        ),
        (
            lambda: with_source(lambda source: source.sessions(unreadable=5)),
            "expected a function, not int: it is called with each error, ",
        ),
        (
            lambda: with_source(lambda source: source.summaries(unreadable="skip")),
            "expected a function, not str: ",
        ),
        (lambda: ANY.Session(EVENTS), "expected a string as session_id, not list: "),
        (
            lambda: ANY.Session("s", events=OBJECTS),
            "expected events such as Text, not dict: Session.from_events takes their",
        ),
        (lambda: ANY.Session("s", events=tuple(OBJECTS)), "such as Text, not dict: "),
        (
            lambda: ANY.Session("s", events="ab"),
            "expected events such as Text, not str",
        ),
        (lambda: ANY.Session.from_events(PATH), "expected a list of events, not str"),
        (lambda: ANY.Session.from_events({}), "replay.load reads a file, replay.loads"),
        (lambda: ANY.Session.from_events(SESSION), "a list of events, not Session"),
    ],
)
def test_what_cannot_work_is_refused_with_advice(
    call: Callable[[], object], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        call()


@pytest.mark.parametrize("jobs", [0, "2"])
def test_jobs_are_a_whole_number_from_1(jobs: Any) -> None:  # noqa: ANN401 - untyped
    with pytest.raises(ValueError, match="jobs must be a whole number from 1, not"):
        replay.replay_many(PATH, ["usage"], jobs=jobs)


def test_a_text_that_is_a_path_is_refused_with_advice() -> None:
    with pytest.raises(replay.DecodeError, match=r"replay\.load reads a file"):
        replay.loads(PATH)


# Session.from_events


def test_a_session_is_made_of_events_and_of_their_objects() -> None:
    mixed: list[Any] = [EVENTS[0], OBJECTS[1], MappingProxyType(OBJECTS[2])]
    every: list[Any] = [EVENTS, OBJECTS, iter(OBJECTS), mixed]
    for entries in every:
        assert Session.from_events(entries) == SESSION


def test_such_a_session_has_the_header_that_it_is_given() -> None:
    header: dict[str, Any] = {
        "last_updated_at": "2026-01-01T00:00:00",
        "generated_title": "A title",
        "job_metadata": replay.JobMetadata(turns=2),
        "shared_access": "query",
    }
    made = Session.from_events(EVENTS, session_id="s", index_ids=["i"], **header)
    assert made == Session("s", events=EVENTS, index_ids=("i",), **header)


def test_such_a_session_is_written_as_a_document_and_loses_nothing() -> None:
    entries: list[dict[str, Any]] = [
        {"type": "citation", "page": 7},
        {"content": "Hi", "type": "text", "model": "m1"},
    ]
    made = Session.from_events(entries)
    assert isinstance(made.events[0], UnknownEvent)
    written = {"session_id": "session", "events": entries}
    assert json.loads(replay.dumps(made)) == written


def test_such_a_session_does_not_change_with_what_it_was_made_of() -> None:
    entry = {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"a": [1]}}
    (made,) = Session.from_events([entry]).events
    entry["arguments"]["a"].append(2)  # type: ignore[index]  # it is a dict
    assert made == ToolCall("c", "n", {"a": [1]})


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(replay.EncodeError, match="object is not JSON serializable"):
        Session.from_events([{"type": "text", "content": object()}])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: ANY.Limits(depth="3"), "a whole number as depth, not str"),
        (lambda: ANY.Limits(event_bytes=1.5), "a whole number as event_bytes"),
        (lambda: ANY.Limits(response_bytes=True), "a whole number as response_bytes"),
        (lambda: SourceText(ANY.__name__), "a function that opens a text, not str"),
        (lambda: ANY.transcript([ANY.UserInput(5)]), "str as UserInput.content"),
        (lambda: ANY.render([ANY.Text(None)]), "str as Text.content, not NoneType"),
        (lambda: ANY.render([ANY.ToolCall("c", "n", 3)]), "Mapping"),
        (lambda: ANY.render([ANY.ToolResult([], "n", 3)]), "str as ToolResult.call_id"),
        (lambda: ANY.render([ANY.Stop(None, is_error=False)]), "Usage as Stop.usage"),
        (lambda: ANY.render([ANY.Stop(ANY.Usage(), "no")]), "bool as Stop.is_error"),
        (lambda: Session("s", events=[ANY.TextDelta(b"x")]), "not bytes"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_where_it_is_given(
    build: Callable[[], object], words: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(words)):
        build()
