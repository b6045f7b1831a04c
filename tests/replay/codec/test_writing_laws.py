import copy
import json
import pickle
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from json_values import exact
from recorded_sessions import (
    documents,
    events,
    first_lines,
    recorded_events,
    sessions,
    strings,
)
from replay.codec.reader import loads
from replay.codec.writer import dumps
from replay.model.events import Event, Text, UnknownEvent
from replay.model.sessions import Session


@given(documents, st.sampled_from([{}, {"indent": 1}, {"ensure_ascii": False}]))
def test_a_document_comes_back_as_it_was(
    document: dict[str, Any], layout: dict[str, Any]
) -> None:
    text = json.dumps(document, **layout)
    session = loads(text)
    assert session.shape == "document"
    assert exact(json.loads(dumps(session))) == exact(document)


@given(st.lists(recorded_events, max_size=4))
def test_a_list_comes_back_as_a_list(events: list[object]) -> None:
    session = loads(json.dumps(events))
    assert session.shape == "list"
    assert exact(json.loads(dumps(session))) == exact(events)


@given(first_lines, st.lists(recorded_events, max_size=4))
def test_lines_come_back_as_lines(first: object, others: list[object]) -> None:
    lines = [first, *others]
    session = loads("\n".join(map(json.dumps, lines)))
    assert session.shape == "lines"
    written = dumps(session).decode("utf-8").removesuffix("\n").split("\n")
    assert [exact(json.loads(line)) for line in written] == [*map(exact, lines)]


@given(documents)
def test_what_was_written_is_written_the_same_again(document: dict[str, Any]) -> None:
    written = dumps(loads(json.dumps(document)))
    assert dumps(loads(written)) == written


@given(documents)
def test_a_session_pickles_and_copies(document: dict[str, Any]) -> None:
    session = loads(json.dumps(document))
    for other in (pickle.loads(pickle.dumps(session)), copy.deepcopy(session)):  # noqa: S301 - our own bytes
        assert other == session
        assert dumps(other) == dumps(session)


@given(sessions)
def test_a_session_made_by_hand_is_read_back_equal(session: Session) -> None:
    assert loads(dumps(session)) == session


@given(st.lists(events, max_size=4))
def test_a_list_made_by_hand_is_read_back_equal(given_events: list[Event]) -> None:
    session = Session("session", events=given_events, shape="list")
    assert loads(dumps(session)) == session


@given(st.lists(st.builds(Text, strings), min_size=1), st.lists(events, max_size=4))
def test_lines_made_by_hand_are_read_back_equal(
    first: list[Event], others: list[Event]
) -> None:
    session = Session("session", events=first + others, shape="lines")
    assert loads(dumps(session)) == session


@given(sessions)
def test_what_is_made_by_hand_is_known_when_read_strictly(session: Session) -> None:
    known = [each for each in session.events if not isinstance(each, UnknownEvent)]
    whole = attrs.evolve(session, events=known)
    assert loads(dumps(whole), strict=True) == whole
