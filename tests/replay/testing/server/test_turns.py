"""Where turns begin and end, and which one answers."""

import json

import pytest

import replay
from replay.testing import odd_histories
from replay.testing.server.timing import Span, choose, spans_of

ASK = {"type": "user_input", "content": "Well?"}
TEXT = {"type": "text", "content": "Yes."}
STOP = {"type": "stop", "usage": {}, "is_error": False, "error": None}
ODD = {"type": "citation"}


@pytest.mark.parametrize(
    ("events", "spans"),
    [
        ([], []),
        ([ASK, TEXT, STOP], [Span("Well?", 1, 3)]),
        ([ASK, ASK, TEXT], [Span("Well?", 1, 1), Span("Well?", 2, 3)]),
        ([TEXT, STOP, ASK], [Span(None, 0, 2), Span("Well?", 3, 3)]),
        ([ASK, TEXT, STOP, ODD, TEXT], [Span("Well?", 1, 4), Span(None, 4, 5)]),
        ([ODD, ODD], [Span(None, 0, 2)]),
        ([ODD, ASK, TEXT], [Span("Well?", 2, 3)]),
    ],
)
def test_a_turn_is_what_the_engine_takes_for_one(
    events: list[object], spans: list[Span]
) -> None:
    assert list(spans_of(replay.loads(json.dumps(events)))) == spans


def test_no_turn_holds_a_user_input() -> None:
    for session in odd_histories(longest=100):
        for span in spans_of(session):
            events = session.events[span.start : span.stop]
            assert not [each for each in events if isinstance(each, replay.UserInput)]


SPANS = [Span("a", 1, 2), Span("b", 3, 4), Span("a", 5, 6)]


@pytest.mark.parametrize(
    ("prompt", "replayed", "number"),
    [
        ("b", [], 1),
        ("b", [1], 1),
        ("a", [], 0),
        ("a", [0], 2),
        ("a", [0, 2], 0),
        ("c", [], 0),
        ("c", [0, 1], 2),
        ("c", [0, 1, 2], 0),
    ],
)
def test_the_turn_of_the_prompt_answers_or_else_the_next(
    prompt: str, replayed: list[int], number: int
) -> None:
    assert choose(SPANS, prompt, replayed) == number


def test_where_there_is_no_turn_none_answers() -> None:
    assert choose([], "a", []) is None
