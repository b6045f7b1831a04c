"""Sessions as JSON, and its hash."""

import copy
import io
import json
import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from json_values import nested
from recorded_sessions import (
    documents,
    events,
    first_lines,
    recorded_events,
    sessions,
    strings,
)
from replay import (
    EncodeError,
    Event,
    Limits,
    Session,
    Text,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
    dump,
    dumps,
    loads,
)
from replay.codec.writer import hash_session
from wire_objects import CALL, IMAGE, RESULT


def test_a_document_is_written_with_an_event_a_line() -> None:
    session = Session("ses-1", events=(Text("a"), Text("b")), shared_access="query")
    assert dumps(session) == (
        b'{"session_id":"ses-1","shared_access":"query","events":[\n'
        b'{"type":"text","content":"a"},\n'
        b'{"type":"text","content":"b"}\n'
        b"]}\n"
    )


def test_a_list_is_written_with_an_event_a_line() -> None:
    session = Session("ses-1", events=(Text("a"), Text("b")), shape="list")
    assert dumps(session) == (
        b'[\n{"type":"text","content":"a"},\n{"type":"text","content":"b"}\n]\n'
    )


def test_a_file_gets_what_dumps_returns() -> None:
    session = Session("ses-1", events=(Text("a"),))
    file = io.BytesIO()
    dump(session, file)
    assert file.getvalue() == dumps(session)


def test_an_evolved_session_is_written_with_its_new_value_and_its_extra_keys() -> None:
    for text in ('{"x": 1, "session_id": "a", "events": []}', '{"x": 1, "events": []}'):
        evolved = attrs.evolve(loads(text), session_id="b", generated_title="What?")
        written = {"x": 1, "session_id": "b", "events": [], "generated_title": "What?"}
        assert json.loads(dumps(evolved)) == written


def test_an_evolved_event_is_written_with_its_new_value_and_its_extra_keys() -> None:
    result = RESULT | {"x": 1, "image_attachment": IMAGE | {"x": 1}}
    session = loads(json.dumps([result]))
    (event,) = session.events
    assert isinstance(event, ToolResult)
    evolved = attrs.evolve(session, events=[attrs.evolve(event, result=[2])])
    assert json.loads(dumps(evolved)) == [result | {"result": [2]}]


@pytest.mark.parametrize("depth", [200, 500])
def test_what_is_as_deep_as_a_limit_allows_comes_back(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    text = f'{{"x": {nested}, "events": [{{"type": "odd", "x": {nested}}}]}}'
    limits = Limits(depth=depth)
    session = loads(text, limits=limits)
    assert loads(dumps(session), limits=limits) == session
    assert json.loads(dumps(session)) == json.loads(text)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        {"a": float("inf")},
        [{1, 2}],
        b"bytes",
        Path(),
        {1: "a"},
        {"a": {None: 1}},
        nested(501),
        pytest.param(10**4300, id="4301 digits"),
    ],
)
@pytest.mark.parametrize(
    "event", [UnknownEvent, lambda value: ToolResult("c", "n", value)]
)
def test_what_json_cannot_hold_is_not_written(
    value: object, event: Callable[[object], Event]
) -> None:
    given_event = event([value])
    with pytest.raises(EncodeError):
        dumps(Session("ses-1", events=(given_event,)))


def test_every_session_of_the_corpus_comes_back_as_it_was(shared: Path) -> None:
    files = sorted((shared / "corpus/sessions").glob("*.json"))
    assert files
    for file in files:
        data = file.read_bytes()
        written = dumps(loads(data, strict=True))
        assert (file.name, repr(json.loads(written))) == (
            file.name,
            repr(json.loads(data)),
        )


def test_every_naughty_string_comes_back_wherever_it_stands(shared: Path) -> None:
    for text in json.loads((shared / "torture/blns.json").read_bytes()):
        document = {
            "session_id": text,
            "generated_title": text,
            text + "!": text,
            "events": [
                {"type": "user_input", "content": text},
                {"type": "text", "content": text},
                CALL | {"call_id": text, "name": text, "arguments": {text: text}},
                RESULT | {"call_id": text, "name": text, "result": text},
                {"type": text, "content": text},
                text,
            ],
        }
        session = loads(json.dumps(document, ensure_ascii=False))
        said, call = session.events[1:3]
        assert isinstance(said, Text)
        assert isinstance(call, ToolCall)
        assert session.session_id == said.content == call.call_id == call.name == text
        assert call.arguments == {text: text}
        assert repr(json.loads(dumps(session))) == repr(document)


@given(documents, st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}]))
def test_a_document_comes_back_as_it_was(
    document: dict[str, Any], layout: dict[str, Any]
) -> None:
    text = json.dumps(document, **layout)
    session = loads(text)
    written = dumps(session)
    assert session.shape == "document"
    assert repr(json.loads(written)) == repr(document)
    assert dumps(loads(written)) == written


@given(st.lists(recorded_events, max_size=4))
def test_a_list_comes_back_as_a_list(events: list[object]) -> None:
    session = loads(json.dumps(events))
    assert session.shape == "list"
    assert repr(json.loads(dumps(session))) == repr(events)


@given(first_lines, st.lists(recorded_events, max_size=4))
def test_lines_come_back_as_lines(first: object, others: list[object]) -> None:
    lines = [first, *others]
    session = loads("\n".join(map(json.dumps, lines)))
    assert session.shape == "lines"
    written = dumps(session).decode("utf-8").removesuffix("\n").split("\n")
    assert [repr(json.loads(line)) for line in written] == [*map(repr, lines)]


@given(documents)
def test_a_session_pickles_and_copies(document: dict[str, Any]) -> None:
    session = loads(json.dumps(document))
    for other in (pickle.loads(pickle.dumps(session)), copy.deepcopy(session)):  # noqa: S301 - our own bytes
        assert other == session
        assert dumps(other) == dumps(session)


@given(sessions)
def test_a_session_made_by_hand_is_read_back_equal(session: Session) -> None:
    assert loads(dumps(session)) == session


@given(st.builds(Text, strings), st.lists(events, max_size=4))
def test_a_list_and_lines_made_by_hand_are_read_back_equal(
    first: Event, others: list[Event]
) -> None:
    for session in (
        Session("session", events=others, shape="list"),
        Session("session", events=[first, *others], shape="lines"),
    ):
        assert loads(dumps(session)) == session


@given(sessions)
def test_what_is_made_by_hand_is_known_when_read_strictly(session: Session) -> None:
    known = [each for each in session.events if not isinstance(each, UnknownEvent)]
    whole = attrs.evolve(session, events=known)
    assert loads(dumps(whole), strict=True) == whole


@pytest.mark.parametrize("length", [3, 3_000_000])
def test_it_is_that_of_what_is_written(length: int) -> None:
    session = Session("s", events=[UserInput("é" * length)])
    found = sha256()
    hash_session(session, found)
    assert found.digest() == sha256(dumps(session)).digest()
