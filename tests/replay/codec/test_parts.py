"""What is recorded and what is built by hand are walked alike."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from histories import histories
from replay import (
    Event,
    ReplayEngine,
    Session,
    TextDelta,
    ThinkingDelta,
    UnknownEvent,
    UserInput,
    dumps,
    loads,
    transcript,
)
from replay.codec.history import parts
from replay.codec.parts import Deltas
from spying import Spy

#: Entries of a history that are no events, or nearly some.
MALFORMED: st.SearchStrategy[object] = st.sampled_from(
    [
        *(5, None, "text_delta", [], {}, {"type": None}, {"type": []}, {"type": "new"}),
        {"content": "no type"},
        {"type": "text_delta"},
        {"type": "text_delta", "content": None},
        {"type": "thinking_delta", "content": 1},
        {"type": "text_delta", "content": "a", "extra": 1},
        {"content": "b", "type": "text_delta"},
        {"type": "text_delta", "content": "c"},
        {"type": "thinking_delta", "content": "d"},
        {"type": "user_input", "content": "e"},
    ]
)


def calls(session: Session) -> list[Any]:
    spy = Spy()
    ReplayEngine([spy]).replay(session)
    return [
        (name, arguments)
        for name, arguments in spy.calls
        if name not in ("replay_session_start", "replay_session_end")
    ]


@given(histories)
def test_a_recording_is_replayed_as_the_events_it_holds(history: list[Event]) -> None:
    recorded = loads(dumps(Session("s", events=history)))
    built = Session("s", events=list(recorded.events))
    assert transcript(recorded) == transcript(built)
    assert calls(recorded) == calls(built)


@given(st.lists(MALFORMED, max_size=12))
def test_what_is_malformed_is_replayed_in_its_place(entries: list[object]) -> None:
    recorded = loads(json.dumps(entries))
    built = Session("session", events=list(recorded.events))
    assert transcript(recorded) == transcript(built)
    assert calls(recorded) == calls(built)
    spy = Spy()
    ReplayEngine([spy]).replay(recorded)
    told = [event.as_object() for event in spy.told("replay_event")]  # type: ignore[attr-defined]  # events
    assert told == entries


def test_deltas_of_one_kind_are_one_part() -> None:
    history: list[Event] = [
        UserInput("q"),
        TextDelta("a"),
        TextDelta("b"),
        ThinkingDelta("c"),
    ]
    session = loads(dumps(Session("s", events=history)))
    for events in history, session.events:
        found = list(parts(events))
        assert [index for index, _ in found] == [0, 1, 3]
        texts = [part.text for _, part in found if isinstance(part, Deltas)]
        assert texts == ["ab", "c"]


def test_extra_keys_of_a_delta_reach_its_listener() -> None:
    session = loads('[{"type": "text_delta", "content": "a", "extra": 1}]')
    spy = Spy()
    ReplayEngine([spy]).replay(session)
    (event,) = spy.told("replay_text_delta")
    assert isinstance(event, TextDelta)
    assert event.extra == {"extra": 1}


def test_a_malformed_delta_ends_no_other() -> None:
    entries = [{"type": "text_delta", "content": text} for text in ("a", None, "b")]
    found = [part for _, part in parts(loads(json.dumps(entries)).events)]
    kinds = [type(part) for part in found]
    assert kinds == [Deltas, UnknownEvent, Deltas]
