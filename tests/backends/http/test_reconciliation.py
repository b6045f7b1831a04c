"""What is missing of a turn that broke off."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import replay
from replay.coalescing.texts import joined, taken_apart
from replay.model.events import (
    Event,
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
from replay_backends.http.reconciliation import Progress

OPENING = UserInput("Why?")
STOP = Stop(Usage(), is_error=False)
DELTAS = (TextDelta, ThinkingDelta)
FULLS = (Text, Thinking)

pieces = st.lists(
    st.sampled_from(["a", "b ", " c", "\U0001f600", "\ud83d", "\ude00", "x\ny"]),
    min_size=1,
    max_size=4,
)


@st.composite
def blocks(draw: st.DrawFn) -> list[Event]:
    """Return a block as it is sent: its deltas, then its full event."""
    kind = draw(st.sampled_from(["text", "thinking"]))
    content = draw(pieces)
    text = joined("".join(content))
    if kind == "text":
        return [*map(TextDelta, content), Text(text)]
    return [*map(ThinkingDelta, content), Thinking(text)]


calls = st.builds(ToolCall, st.sampled_from("cd"), st.just("n"), st.just({}))
results = st.builds(ToolResult, st.sampled_from("cd"), st.just("n"), st.none())
others = st.one_of(calls, results, st.just(UnknownEvent({"type": "new"}))).map(
    lambda e: [e]
)
turns = st.lists(blocks() | others, max_size=8).map(
    lambda parts: [*(event for part in parts for event in part), STOP]
)


def both(turn: Sequence[Event]) -> list[Event]:
    """Return a turn as a history that keeps all of it."""
    return [*turn]


def fulls_only(turn: Sequence[Event]) -> list[Event]:
    return [event for event in turn if not isinstance(event, DELTAS)]


def deltas_only(turn: Sequence[Event]) -> list[Event]:
    return [event for event in turn if not isinstance(event, FULLS)]


def deltas_cut_otherwise(turn: Sequence[Event]) -> list[Event]:
    """Return a turn whose deltas have one unit each, and no full event."""
    cut: list[Event] = []
    for event in deltas_only(turn):
        if isinstance(event, TextDelta | ThinkingDelta):
            cut += map(type(event), taken_apart(event.content))
        else:
            cut.append(event)
    return cut


def messages(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Return what a turn says, message by message."""
    found = replay.coalesce([OPENING, *events])
    return [
        (each.kind, each.content) for each in found if isinstance(each, replay.Message)
    ]


def said(events: Sequence[Event]) -> list[object]:
    """Return what a turn says between tool events, each kind in one piece."""
    stretches: list[object] = []
    current = {"text": "", "thinking": ""}
    for each in replay.coalesce([OPENING, *events]):
        if isinstance(each, replay.Message):
            current[each.kind] += each.content
        elif isinstance(each, ToolCall | ToolResult | Stop):
            stretches += [{k: joined(v) for k, v in current.items()}, each]
            current = {"text": "", "thinking": ""}
    return [*stretches, current]


def solid(stretches: Sequence[object]) -> list[object]:
    """Return what is said between tool events, without its white space."""
    return [
        {kind: "".join(text.split()) for kind, text in each.items()}
        if isinstance(each, dict)
        else each
        for each in stretches
    ]


def missing(
    come: Sequence[Event], history: Sequence[Event], *, known: int = 0
) -> list[Event] | None:
    """Return what is missing of what has come."""
    progress = Progress()
    for event in come:
        progress.take(event)
    return progress.missing(history, OPENING.content, known)


@given(turns, st.data())
def test_where_the_history_keeps_all_the_rest_is_the_rest(
    turn: list[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(turn)))
    assert missing(turn[:cut], [OPENING, *turn]) == turn[cut:]


@given(turns, st.data())
def test_where_it_keeps_full_events_each_message_is_there_once(
    turn: list[Event], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(turn)))
    rest = missing(turn[:cut], [OPENING, *fulls_only(turn)])
    assert rest is not None
    assert said([*turn[:cut], *rest]) == said(turn)


@pytest.mark.parametrize("shape", [deltas_only, deltas_cut_otherwise])
@given(turn=turns, data=st.data())
def test_where_it_keeps_deltas_all_is_said_once(
    shape: object, turn: list[Event], data: st.DataObject
) -> None:
    assert callable(shape)
    cut = data.draw(st.integers(0, len(turn)))
    rest = missing(turn[:cut], [OPENING, *shape(turn)])
    assert rest is not None
    assert said([*turn[:cut], *rest]) == said(turn)


@given(turns, st.data())
def test_white_space_that_the_service_trims_takes_nothing_with_it(
    turn: list[Event], data: st.DataObject
) -> None:
    trimmed = [
        type(each)(each.content.strip())
        if isinstance(each, TextDelta | ThinkingDelta)
        else each
        for each in deltas_only(turn)
    ]
    cut = data.draw(st.integers(0, len(turn)))
    rest = missing(turn[:cut], [OPENING, *trimmed])
    assert rest is not None
    assert solid(said([*turn[:cut], *rest])) == solid(said(turn))


@pytest.mark.parametrize("shape", [both, fulls_only, deltas_only, deltas_cut_otherwise])
def test_a_turn_that_broke_off_anywhere_has_each_message_once(
    shape: Callable[[Sequence[Event]], Sequence[Event]],
) -> None:
    turn: list[Event] = [
        ThinkingDelta("Look"),
        ThinkingDelta(" up."),
        Thinking("Look up."),
        TextDelta("I "),
        TextDelta("look."),
        Text("I look."),
        ToolCall("c", "find", {}),
        ToolResult("c", "find", None),
        TextDelta("It "),
        TextDelta("rose"),
        TextDelta("."),
        Text("It rose."),
        STOP,
    ]
    for cut in range(len(turn) + 1):
        rest = missing(turn[:cut], [OPENING, *shape(turn)])
        assert rest is not None, cut
        assert messages([*turn[:cut], *rest]) == messages(turn), cut


def test_two_blocks_whose_deltas_came_first_are_settled_one_by_one() -> None:
    turn: list[Event] = [*map(TextDelta, "ab"), *map(Text, "ab"), STOP]
    for cut in range(len(turn) + 1):
        rest = missing(turn[:cut], [OPENING, *fulls_only(turn)])
        assert rest is not None
        assert messages([*turn[:cut], *rest]) == [("text", "a"), ("text", "b")]


def test_a_stream_of_full_events_alone_is_not_repeated_by_deltas() -> None:
    history: list[Event] = [
        OPENING,
        TextDelta("a"),
        TextDelta("b"),
        TextDelta("c"),
        STOP,
    ]
    assert missing([Text("ab")], history) == [TextDelta("c"), STOP]


def test_the_latest_turn_of_the_prompt_is_meant() -> None:
    history: list[Event] = [OPENING, Text("old"), STOP, OPENING, Text("new"), STOP]
    assert missing([], history) == [Text("new"), STOP]


def test_a_turn_ends_where_the_next_begins() -> None:
    history: list[Event] = [
        OPENING,
        Text("ours"),
        STOP,
        UserInput("And Q4?"),
        Text("theirs"),
        STOP,
    ]
    assert missing([TextDelta("ou")], history) == [Text("ours"), STOP]


def test_white_space_around_a_prompt_may_be_lost() -> None:
    assert missing([], [UserInput(" Why?\n"), STOP]) == [STOP]


@pytest.mark.parametrize("history", [[], [STOP], [UserInput("Other?"), STOP]])
def test_there_may_be_no_such_turn(history: list[Event]) -> None:
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
    progress = Progress()
    progress.take(TextDelta("a"))
    half: list[Event] = [OPENING, TextDelta("a"), TextDelta("b")]
    for event in progress.missing(half, "Why?", 0) or []:
        progress.take(event)
    assert progress.missing([*half, Text("ab"), STOP], "Why?", 0) == [Text("ab"), STOP]


def test_a_half_of_a_character_is_no_whole_one() -> None:
    come = [TextDelta("a\ud83d")]
    assert missing(come, [OPENING, TextDelta("a\U0001f600b")]) == [TextDelta("\ude00b")]


def test_a_turn_that_says_something_else_is_not_meant() -> None:
    older: list[Event] = [OPENING, TextDelta("It fell."), Text("It fell."), STOP]
    newer: list[Event] = [OPENING, Text("It rose."), STOP]
    for come in ([TextDelta("It r")], [Text("It rose.")]):
        assert missing(come, older) is None
        assert missing(come, [*newer, *older]) == missing(come, newer)


def test_a_turn_that_says_less_and_is_over_is_not_meant() -> None:
    assert missing([TextDelta("It rose.")], [OPENING, Text("It"), STOP]) is None
    assert missing([TextDelta("It rose.")], [OPENING, STOP]) is None


def test_a_turn_of_which_not_all_is_kept_yet_is() -> None:
    call = ToolCall("c", "find", {})
    assert missing([TextDelta("It rose.")], [OPENING, TextDelta("It")]) == []
    assert missing([TextDelta("It rose.")], [OPENING, TextDelta("It"), call]) == [call]


def test_thinking_need_not_be_kept() -> None:
    come: list[Event] = [ThinkingDelta("Hm."), Thinking("Hm."), TextDelta("It")]
    assert missing(come, [OPENING, TextDelta("It"), STOP]) == [STOP]
    assert missing(come, [OPENING, Thinking("Oh."), TextDelta("It"), STOP]) is None


def test_white_space_within_what_was_said_may_be_lost() -> None:
    come = [TextDelta(" It\n"), TextDelta("rose")]
    assert missing(come, [OPENING, Text("It rose."), STOP]) == [Text("It rose."), STOP]


@pytest.mark.parametrize(
    "history", [[Text("It rose."), STOP], [TextDelta("It "), TextDelta("fell."), STOP]]
)
def test_a_full_event_may_differ_from_its_deltas(history: list[Event]) -> None:
    come: list[Event] = [TextDelta("It "), TextDelta("fell."), Text("It rose.")]
    assert missing(come, [OPENING, *history]) == [STOP]


def test_a_full_event_makes_up_for_a_delta_that_was_lost() -> None:
    history: list[Event] = [*map(TextDelta, ["It ", "rose", "."]), Text("It rose.")]
    come: list[Event] = [TextDelta("It "), Text("It rose.")]
    assert missing(come, [OPENING, *history, STOP]) == [STOP]


def test_where_something_was_lost_the_text_is_not_compared() -> None:
    progress = Progress()
    progress.take(TextDelta("It "))
    progress.take(TextDelta("."))
    history: list[Event] = [OPENING, Text("It rose."), STOP]
    assert progress.missing(history, "Why?", 0) is None
    assert progress.missing(history, "Why?", 0, has_gaps=True) == history[1:]
