"""Reconciliation: the rest of a turn that broke off."""

from collections.abc import Sequence
from itertools import chain
from typing import get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import replay
from histories import histories
from replay.coalescing.surrogates import join_surrogates, split_surrogates
from replay.model.events import (
    Boundary,
    Delta,
    Event,
    FullEvent,
    Kind,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
)
from replay_backends.http.reconciliation import ReceivedTurn, text_views

OPENING = UserInput("Why?")
CALL = ToolCall("c", "find", {})
STOP = Stop(Usage(), is_error=False)
pieces = st.lists(
    st.sampled_from(["a", "b ", " c", "\U0001f600", "\ud83d", "\ude00", "x\ny"]),
    min_size=1,
    max_size=4,
)


@st.composite
def blocks(draw: st.DrawFn) -> list[Event]:
    """Return a block as sent: its deltas, then its full event."""
    content = draw(pieces)
    whole = join_surrogates("".join(content))
    if draw(st.booleans()):
        return [*map(TextDelta, content), Text(whole)]
    return [*map(ThinkingDelta, content), Thinking(whole)]


calls = st.builds(ToolCall, st.sampled_from("cd"), st.just("n"), st.just({}))
results = st.builds(ToolResult, st.sampled_from("cd"), st.just("n"), st.none())
others = st.one_of(calls, results, st.just(UnknownEvent({"type": "new"}))).map(
    lambda event: [event]
)
turns = st.lists(blocks() | others, max_size=8).map(
    lambda parts: [*chain.from_iterable(parts), STOP]
)


def fulls_only(turn: Sequence[Event]) -> list[Event]:
    return [event for event in turn if not isinstance(event, Delta)]


def deltas_only(turn: Sequence[Event]) -> list[Event]:
    return [event for event in turn if not isinstance(event, FullEvent)]


def deltas_cut_otherwise(turn: Sequence[Event]) -> list[Event]:
    """Return a turn with deltas of one unit each, and no full event."""
    cut: list[Event] = []
    for event in deltas_only(turn):
        if isinstance(event, Delta):
            cut += map(type(event), split_surrogates(event.content))
        else:
            cut.append(event)
    return cut


def deltas_trimmed(turn: Sequence[Event]) -> list[Event]:
    return [
        type(event)(event.content.strip()) if isinstance(event, Delta) else event
        for event in deltas_only(turn)
    ]


def messages(events: Sequence[Event]) -> list[tuple[str, str]]:
    found = replay.coalesce([OPENING, *events])
    return [
        (each.kind, each.content) for each in found if isinstance(each, replay.Message)
    ]


def said(events: Sequence[Event]) -> list[object]:
    """Return a turn's texts between tool events, each kind joined."""
    stretches: list[object] = []
    current = {"text": "", "thinking": ""}
    for each in replay.coalesce([OPENING, *events]):
        if isinstance(each, replay.Message):
            current[each.kind] += each.content
        elif isinstance(each, Boundary):
            stretches += [{k: join_surrogates(v) for k, v in current.items()}, each]
            current = {"text": "", "thinking": ""}
    return [*stretches, current]


def solid(text: str) -> str:
    """Return a text's UTF-16 units without white space."""
    return "".join(split_surrogates(text).split())


def without_space(stretches: Sequence[object]) -> list[object]:
    return [
        {kind: solid(text) for kind, text in each.items()}
        if isinstance(each, dict)
        else each
        for each in stretches
    ]


def missing(
    come: Sequence[Event], history: Sequence[Event], *, known: int = 0
) -> list[Event] | None:
    received = ReceivedTurn()
    for event in come:
        received.take(event)
    return received.missing(history, OPENING.content, known)


# Laws

many = pytest.mark.parametrize(
    "examples", [200, pytest.param(3_000, marks=pytest.mark.slow)]
)


def are_settled_in_order(found: Sequence[object], history: Sequence[Event]) -> bool:
    """Tell whether no full event settles what comes before another one's deltas.

    Text is counted as it arrives, and can't be put before text counted earlier.
    """
    places = {id(event): place for place, event in enumerate(history)}
    for kind in get_args(Kind):
        settled = [
            places[id(each.event)]
            for each in found
            if isinstance(each, replay.Message) and each.kind == kind and each.event
        ]
        if settled != sorted(settled):
            return False
    return True


@many
def test_text_is_counted_by_the_rules_of_coalescing(examples: int) -> None:
    """Leave out full events that contradict their deltas or settle out of order.

    And deltas that were sent again, which could be told only by keeping their text.
    """

    @settings(max_examples=examples)
    @given(histories)
    def law(history: list[Event]) -> None:
        codes: list[str] = []
        found = [
            *replay.coalesce(history, on_diagnostic=lambda d: codes.append(d.code))
        ]
        told = {"text": "", "thinking": ""}
        for each in found:
            if isinstance(each, replay.Message):
                told[each.kind] += each.content
        uncountable = {"delta-mismatch", "late-full", "replayed-deltas"}
        assume(not uncountable.intersection(codes))
        assume(are_settled_in_order(found, history))
        counted = text_views(history)
        for kind in get_args(Kind):
            assert counted.get((kind, "said"), "") == solid(told[kind])

    law()


@many
def test_each_message_of_a_turn_that_broke_off_is_there_once(examples: int) -> None:
    @settings(max_examples=examples)
    @given(turns, st.data())
    def law(turn: list[Event], data: st.DataObject) -> None:
        cut = data.draw(st.integers(0, len(turn)))
        come = turn[:cut]
        assert missing(come, [OPENING, *turn]) == turn[cut:]
        for shape in fulls_only, deltas_only, deltas_cut_otherwise, deltas_trimmed:
            rest = missing(come, [OPENING, *shape(turn)])
            assert rest is not None
            now, whole = said([*come, *rest]), said(turn)
            if shape is deltas_trimmed:
                now, whole = without_space(now), without_space(whole)
            assert now == whole

    law()


# Cases


def test_two_blocks_whose_deltas_came_first_are_settled_one_by_one() -> None:
    turn: list[Event] = [*map(TextDelta, "ab"), *map(Text, "ab"), STOP]
    for cut in range(len(turn) + 1):
        rest = missing(turn[:cut], [OPENING, *fulls_only(turn)])
        assert rest is not None
        assert messages([*turn[:cut], *rest]) == [("text", "a"), ("text", "b")]


IT_ROSE: list[Event] = [*map(TextDelta, ["It ", "rose", "."]), Text("It rose."), STOP]
Case = tuple[list[Event], list[Event], list[Event] | None]


def case(come: list[Event], history: list[Event], rest: list[Event] | None) -> Case:
    return come, history, rest


#: Received events, the history after the prompt, missing events; None: no such turn.
CASES: dict[str, Case] = {
    "a stream of full events alone is not repeated by deltas": case(
        [Text("ab")],
        [TextDelta("a"), TextDelta("b"), TextDelta("c"), STOP],
        [TextDelta("c"), STOP],
    ),
    "the latest turn of the prompt is meant": case(
        [], [Text("old"), STOP, OPENING, Text("new"), STOP], [Text("new"), STOP]
    ),
    "a turn ends where the next begins": case(
        [TextDelta("ou")],
        [Text("ours"), STOP, UserInput("And Q4?"), Text("theirs"), STOP],
        [Text("ours"), STOP],
    ),
    "white space around a prompt may be lost": case(
        [], [UserInput(" Why?\n"), STOP], [STOP]
    ),
    "a half of a character is no whole one": case(
        [TextDelta("a\ud83d")], [TextDelta("a\U0001f600b")], [TextDelta("\ude00b")]
    ),
    "a turn that says something else is not meant": case(
        [TextDelta("It r")], [TextDelta("It fell."), Text("It fell."), STOP], None
    ),
    "nor is one whose full event does": case(
        [Text("It rose.")], [TextDelta("It fell."), Text("It fell."), STOP], None
    ),
    "an earlier turn that says the same is": case(
        [TextDelta("It r")],
        [Text("It rose."), STOP, OPENING, Text("It fell."), STOP],
        [Text("It rose."), STOP],
    ),
    "a turn that says less and is over is not meant": case(
        [TextDelta("It rose.")], [Text("It"), STOP], None
    ),
    "nor is one that says nothing": case([TextDelta("It rose.")], [STOP], None),
    "a turn of which not all is kept yet is": case(
        [TextDelta("It rose.")], [TextDelta("It"), CALL], [CALL]
    ),
    "thinking need not be kept": case(
        [ThinkingDelta("Hm."), Thinking("Hm."), TextDelta("It")],
        [TextDelta("It"), STOP],
        [STOP],
    ),
    "thinking that is kept must be the same": case(
        [ThinkingDelta("Hm."), Thinking("Hm."), TextDelta("It")],
        [Thinking("Oh."), TextDelta("It"), STOP],
        None,
    ),
    "white space within what was said may be lost": case(
        [TextDelta(" It\n"), TextDelta("rose")],
        [Text("It rose."), STOP],
        [Text("It rose."), STOP],
    ),
    "a full event may differ from its deltas": case(
        [TextDelta("It "), TextDelta("fell."), Text("It rose.")],
        [Text("It rose."), STOP],
        [STOP],
    ),
    "the deltas may be kept alone": case(
        [TextDelta("It "), TextDelta("fell."), Text("It rose.")],
        [TextDelta("It "), TextDelta("fell."), STOP],
        [STOP],
    ),
    "a full event makes up for a delta that was lost": case(
        [TextDelta("It "), Text("It rose.")], IT_ROSE, [STOP]
    ),
    "a full event that came twice counts once": case(
        [TextDelta("It "), Text("It "), Text("It ")],
        [Text("It "), Text("rose."), STOP],
        [Text("rose."), STOP],
    ),
    "nor does it take the place of deltas": case(
        [TextDelta("It "), Text("It "), Text("It ")],
        [TextDelta("It "), TextDelta("rose"), STOP],
        [TextDelta("rose"), STOP],
    ),
    "a second message of the same text gets deltas or it would be a repetition": case(
        [TextDelta("N"), TextDelta("o.")],
        [Text("No."), Text("No."), Text("No."), STOP],
        [
            Text("No."),
            TextDelta("No."),
            Text("No."),
            TextDelta("No."),
            Text("No."),
            STOP,
        ],
    ),
    "a repetition that was stored stays one": case(
        [TextDelta("N")],
        [TextDelta("No."), *[Text("No.")] * 3, STOP],
        [TextDelta("o."), *[Text("No.")] * 3, STOP],
    ),
    "what the user says within a turn is none of it": case(
        [TextDelta("It "), UserInput("Well?")], IT_ROSE, [*IT_ROSE[1:]]
    ),
}


@pytest.mark.parametrize("fact", CASES)
def test_what_is_missing(fact: str) -> None:
    come, history, rest = CASES[fact]
    assert missing(come, [OPENING, *history]) == rest


def test_there_may_be_no_such_turn() -> None:
    histories: list[list[Event]] = [[], [STOP], [UserInput("Other?"), STOP]]
    for history in histories:
        assert missing([], history) is None


def test_a_turn_that_was_known_before_is_not_meant() -> None:
    history: list[Event] = [OPENING, Text("old"), STOP]
    assert missing([], history, known=1) is None
    assert missing([], [*history, OPENING, STOP], known=3) == [STOP]


def test_a_turn_with_other_tool_calls_is_not_meant() -> None:
    call = ToolCall("c1", "find", {})
    older: list[Event] = [OPENING, call, STOP]
    newer: list[Event] = [OPENING, ToolCall("c2", "find", {}), STOP]
    assert missing([call], [*older, *newer]) == [STOP]
    assert missing([call], newer) is None
    assert missing([call, STOP], [OPENING, call]) is None


def test_what_was_given_as_the_rest_is_not_given_again() -> None:
    received = ReceivedTurn()
    received.take(TextDelta("a"))
    half: list[Event] = [OPENING, TextDelta("a"), TextDelta("b")]
    for event in received.missing(half, "Why?", 0) or []:
        received.take(event)
    assert received.missing([*half, Text("ab"), STOP], "Why?", 0) == [Text("ab"), STOP]


def test_where_something_was_lost_the_text_is_not_compared() -> None:
    received = ReceivedTurn()
    received.take(TextDelta("It "))
    received.take(TextDelta("."))
    history: list[Event] = [OPENING, Text("It rose."), STOP]
    assert received.missing(history, "Why?", 0) is None
    assert received.missing(history, "Why?", 0, has_gaps=True) == history[1:]
