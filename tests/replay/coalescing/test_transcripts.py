"""Transcripts: their turns, tool exchanges and diagnostics."""

import json
from pathlib import Path

import attrs
import pytest
from hypothesis import given

from histories import histories
from replay import (
    Diagnostic,
    Event,
    Message,
    Session,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolExchange,
    ToolResult,
    Transcript,
    Turn,
    UnknownEvent,
    Usage,
    UserInput,
    coalesce,
    loads,
    transcript,
)
from replay.coalescing.transcripts import diagnose
from replay.model.diagnostics import DELTA_FAMILY

END = Stop(Usage(turns=2), is_error=False)
FAILED = Stop(Usage(), is_error=True, error="overloaded")
MYSTERY = UnknownEvent({"type": "mystery"})


def call(call_id: str, name: str = "find") -> ToolCall:
    return ToolCall(call_id, name, {})


def result(call_id: str, value: object = None, name: str = "find") -> ToolResult:
    return ToolResult(call_id, name, value)


def script(*events: Event) -> Transcript:
    return transcript(Session("s", events=events))


def turns(*events: Event) -> tuple[Turn, ...]:
    return script(*events).turns


def exchanges(*events: Event) -> list[tuple[str | None, list[object], str]]:
    return [
        (
            step.call.call_id if step.call else None,
            [each.result for each in step.results],
            step.status,
        )
        for turn in turns(*events)
        for step in turn.steps
        if isinstance(step, ToolExchange)
    ]


def codes(*events: Event) -> list[str]:
    return [each.code for each in script(*events).diagnostics]


# Turns


def test_a_turn_runs_from_a_user_input_to_the_next_one() -> None:
    one, two = turns(UserInput("q"), Text("a"), END, UserInput("r"), Text("b"), END)
    assert (one.user_input, one.answer) == (UserInput("q"), "a")
    assert (two.user_input, two.answer) == (UserInput("r"), "b")


def test_a_turn_ends_as_its_stop_says() -> None:
    for stop, status in (END, "complete"), (FAILED, "error"):
        for asked in (), (UserInput("q"),):
            (turn,) = turns(*asked, stop)
            assert (turn.status, turn.stop, turn.usage) == (status, stop, stop.usage)
    (turn,) = turns(UserInput("q"), TextDelta("a"))
    assert (turn.status, turn.stop, turn.usage) == ("incomplete", None, None)


def test_a_failed_turn_keeps_its_partial_content() -> None:
    (turn,) = turns(UserInput("q"), TextDelta("par"), FAILED)
    assert turn.steps == (Message("text", "par", 1, "deltas", complete=False),)


def test_content_after_a_stop_opens_a_turn_without_a_user_input() -> None:
    for event in Text("b"), TextDelta("b"), call("c1"), result("c1"):
        _, second = turns(UserInput("q"), END, event)
        assert second.user_input is None


def test_how_many_turns_there_are() -> None:
    q = UserInput("q")
    cases: list[tuple[int, list[Event]]] = [
        (0, []),
        (2, [q, q, END]),
        (1, [q, END, TextDelta("")]),  # an empty delta opens none
        (1, [q, TextDelta("a"), END, Text("a")]),  # nor does a late full event
    ]
    for count, events in cases:
        assert len(turns(*events)) == count


def test_several_stops_are_of_one_turn_and_the_last_one_counts() -> None:
    (turn,) = turns(UserInput("q"), FAILED, END)
    assert (turn.stop, turn.status) == (END, "complete")
    assert codes(UserInput("q"), FAILED, END) == ["repeated-stop"]


def test_unknown_events_join_the_latest_turn_or_the_first() -> None:
    for events, steps in (
        ([UserInput("q"), END, MYSTERY], [MYSTERY]),
        ([MYSTERY, UserInput("q"), END], [MYSTERY]),
        ([MYSTERY, MYSTERY], [MYSTERY, MYSTERY]),
    ):
        (turn,) = turns(*events)
        assert [*turn.steps] == steps
        assert turn.user_input == next((e for e in events if e != MYSTERY), None)


def test_steps_stand_in_the_order_of_their_first_events() -> None:
    (turn,) = turns(TextDelta("a"), MYSTERY, Thinking("t"), call("c1"), result("c1"))
    assert [type(step).__name__ for step in turn.steps] == [
        "Message",
        "UnknownEvent",
        "Message",
        "ToolExchange",
    ]


# Tool exchanges


Q, R = UserInput("q"), UserInput("r")
RESULTS_OF_BOTH = [result("", "was read", "read"), result("", "found", "find")]
#: Events, their tool exchanges, and the codes of their diagnostics.
EXCHANGES: dict[str, tuple[list[Event], list[object], list[str]]] = {
    "results pair with calls by id whatever their order": (
        [call("c1"), call("c2"), result("c2", 2), result("c1", 1)],
        [("c1", [1], "resolved"), ("c2", [2], "resolved")],
        [],
    ),
    "a result goes to the oldest unresolved call of its id": (
        [call("c1"), call("c1"), result("c1", 1), result("c1", 2)],
        [("c1", [1], "resolved"), ("c1", [2], "resolved")],
        [],
    ),
    "of the unresolved calls of its id it goes to one of its name": (
        [call("", "find"), call("", "read"), *RESULTS_OF_BOTH],
        [("", ["found"], "resolved"), ("", ["was read"], "resolved")],
        [],
    ),
    "of several such calls to the oldest": (
        [*[call("", "find"), call("", "read")] * 2, *RESULTS_OF_BOTH],
        [
            *[("", ["found"], "resolved"), ("", ["was read"], "resolved")],
            *[("", [], "unresolved")] * 2,
        ],
        [],
    ),
    "if no call has its name to the oldest unresolved one": (
        [
            call(""),
            call(""),
            call("", "read"),
            result("", 1, "read"),
            result("", 2, "x"),
        ],
        [("", [2], "resolved"), ("", [], "unresolved"), ("", [1], "resolved")],
        ["result-name-differs"],
    ),
    "even if a call of its name is resolved": (
        [call(""), call("", "read"), *[result("", 1, "read"), result("", 2, "read")]],
        [("", [2], "resolved"), ("", [1], "resolved")],
        ["result-name-differs"],
    ),
    "a second result goes to the call of its name too": (
        [call("", "find"), call("", "read"), *RESULTS_OF_BOTH * 2, result("", 0, "x")],
        [
            ("", ["found", "found"], "resolved"),
            ("", ["was read", "was read", 0], "resolved"),
        ],
        ["result-name-differs"],
    ),
    "late results of calls with one id go to those of their names": (
        [call("", "find"), call("", "read"), Q, *RESULTS_OF_BOTH],
        [
            *[("", [], "unresolved")] * 2,
            ("", ["was read"], "late"),
            ("", ["found"], "late"),
        ],
        ["late-result", "late-result"],
    ),
    "a late result of another name goes to an open call before one that has one": (
        [call(""), call(""), Q, result("", 1), result("", 2, "read")],
        [*[("", [], "unresolved")] * 2, ("", [1], "late"), ("", [2], "late")],
        ["late-result", "late-result", "result-name-differs"],
    ),
    "a late result of another name goes to a late call where none is open": (
        [call(""), Q, result("", 1), result("", 2, "read")],
        [("", [], "unresolved"), ("", [1, 2], "late")],
        ["late-result", "late-result", "result-name-differs"],
    ),
    "several results of one call are all kept": (
        [call("c1"), result("c1", 1), result("c1", 2)],
        [("c1", [1, 2], "resolved")],
        [],
    ),
    "a call without a result is unresolved": (
        [call("c1"), END],
        [("c1", [], "unresolved")],
        [],
    ),
    "a result without a call is an orphan": (
        [result("c1", 1), result("c1", 2)],
        [(None, [1], "orphan"), (None, [2], "orphan")],
        ["orphan-result", "orphan-result"],
    ),
    "a result for a call of an earlier turn is late": (
        [Q, call("c1"), R, result("c1", 1), result("c1", 2)],
        [("c1", [], "unresolved"), ("c1", [1, 2], "late")],
        ["late-result", "late-result"],
    ),
    "late results go to the calls of their turn in order": (
        [call("c1"), call("c1"), Q, result("c1", 0), R, result("c1", 1)],
        [*[("c1", [], "unresolved")] * 2, ("c1", [0], "late"), ("c1", [1], "late")],
        ["late-result", "late-result"],
    ),
    "a result after the stop still belongs to the call of its turn": (
        [call("c1"), END, result("c1", 1)],
        [("c1", [1], "resolved")],
        [],
    ),
    "an answered call of an earlier turn waits for nothing": (
        [call("c1"), result("c1", 1), Q, result("c1", 2)],
        [("c1", [1], "resolved"), (None, [2], "orphan")],
        ["orphan-result"],
    ),
    "a result of another name is told": (
        [call("c1", "find"), result("c1", 1, "read")],
        [("c1", [1], "resolved")],
        ["result-name-differs"],
    ),
}


@pytest.mark.parametrize("rule", EXCHANGES)
def test_the_rules_of_pairing(rule: str) -> None:
    events, pairs, odd = EXCHANGES[rule]
    assert (exchanges(*events), codes(*events)) == (pairs, odd)


def test_a_late_result_goes_to_the_latest_turn_that_waits_for_it() -> None:
    first, second = call("c1", "old"), call("c1", "new")
    *_, last = turns(
        *(UserInput("q"), first, UserInput("r"), second, UserInput("s")),
        *(result("c1", 1, "new"), END, result("c1", 2, "new")),
    )
    (step,) = last.steps
    assert isinstance(step, ToolExchange)
    assert (step.call, len(step.results)) == (second, 2)


def test_a_stop_that_contradicts_itself_is_told() -> None:
    for is_error, error in (True, None), (False, "overloaded"):
        stop = Stop(Usage(), is_error=is_error, error=error)
        assert codes(UserInput("q"), stop) == ["error-flag-differs"]


# Answers


def test_the_answer_is_the_text_after_the_last_tool_result() -> None:
    (turn,) = turns(
        *(UserInput("q"), Text("Let me look."), call("c1"), Text("Still looking.")),
        *(result("c1"), Thinking("Aha."), Text("It "), Text("rose."), END),
    )
    assert turn.answer == "It rose."


def test_a_late_result_takes_nothing_from_the_answer() -> None:
    *_, turn = turns(call("c1"), UserInput("q"), Text("a"), END, result("c1"))
    assert turn.answer == "a"


def test_a_turn_without_text_has_an_empty_answer() -> None:
    assert turns(UserInput("q"))[0].answer == ""


# The whole


def test_a_transcript_bears_the_title_and_what_was_odd_about_the_document() -> None:
    mark = Diagnostic("byte-order-mark", None, "the document begins with one")
    session = Session("s", generated_title="Q3", diagnostics=(mark,), events=[MYSTERY])
    told = transcript(session)
    assert (told.session_id, told.title) == ("s", "Q3")
    assert [each.code for each in told.diagnostics] == [mark.code, "unknown-type"]


@given(histories)
def test_a_transcript_tells_the_same_messages_as_coalesce(
    history: list[Event],
) -> None:
    found: list[Diagnostic] = []
    items = list(coalesce(history, on_diagnostic=found.append))
    told = script(*history)
    messages = [
        step for turn in told.turns for step in turn.steps if isinstance(step, Message)
    ]
    key = attrs.astuple
    assert sorted(map(repr, messages)) == sorted(
        repr(item) for item in items if isinstance(item, Message)
    )
    assert list(map(key, told.diagnostics)) == list(map(key, found))
    assert [*diagnose(Session("s", events=history))] == found


@given(histories)
def test_no_event_but_an_empty_or_late_one_is_lost(history: list[Event]) -> None:
    told = script(*history)
    steps = [step for turn in told.turns for step in turn.steps]
    results = sum(len(step.results) for step in steps if isinstance(step, ToolExchange))
    calls = [
        step
        for step in steps
        if isinstance(step, ToolExchange) and step.call is not None
    ]
    own_calls = [step for step in calls if step.status != "late"]
    assert results == sum(isinstance(event, ToolResult) for event in history)
    assert len(own_calls) == sum(isinstance(event, ToolCall) for event in history)
    inputs = [turn.user_input for turn in told.turns if turn.user_input]
    assert inputs == [event for event in history if isinstance(event, UserInput)]


# The corpus: streams that providers really sent, with what they declared final


@pytest.fixture(scope="module")
def corpus(shared: Path) -> dict[str, Transcript]:
    return {
        path.stem: transcript(loads(path.read_bytes()))
        for path in sorted((shared / "corpus/sessions").glob("*.json"))
    }


@pytest.fixture(scope="module")
def declared(shared: Path) -> dict[str, list[dict[str, object]]]:
    text = (shared / "corpus/expected.json").read_text(encoding="utf-8")
    finals: dict[str, list[dict[str, object]]] = json.loads(text)
    return finals


def test_every_final_text_of_the_corpus_is_told_once_and_in_order(
    corpus: dict[str, Transcript], declared: dict[str, list[dict[str, object]]]
) -> None:
    assert len(corpus) == 217
    for name, finals in declared.items():
        for kind in "text", "thinking":
            told = [
                step.content
                for turn in corpus[name].turns
                for step in turn.steps
                if isinstance(step, Message) and step.kind == kind and step.event
            ]
            assert told == [each["content"] for each in finals if each["kind"] == kind]


def test_a_turn_of_the_corpus_has_an_answer_if_any_text_was_said(
    corpus: dict[str, Transcript],
) -> None:
    turns = [turn for script in corpus.values() for turn in script.turns]
    says_text = [
        any(
            isinstance(step, Message) and step.kind == "text" and step.content.strip()
            for step in turn.steps
        )
        for turn in turns
    ]
    assert says_text.count(True) == 215
    assert [bool(turn.answer.strip()) for turn in turns] == says_text


def test_every_character_of_the_corpus_is_told_once(
    shared: Path,
    corpus: dict[str, Transcript],
    declared: dict[str, list[dict[str, object]]],
) -> None:
    for name, told in corpus.items():
        if any(each["deltas_join_equal"] is False for each in declared.get(name, ())):
            continue
        document = json.loads((shared / f"corpus/sessions/{name}.json").read_bytes())
        for kind in "text", "thinking":
            length = {"deltas": 0, "full": 0, "both": 0}
            for turn in told.turns:
                for step in turn.steps:
                    if isinstance(step, Message) and step.kind == kind:
                        length[step.source] += len(step.content)
            recorded = {
                wire: sum(
                    len(e["content"]) for e in document["events"] if e["type"] == wire
                )
                for wire in (kind, f"{kind}_delta")
            }
            assert length["both"] + length["full"] == recorded[kind]
            assert length["both"] + length["deltas"] == recorded[f"{kind}_delta"]


def test_deltas_and_finals_disagree_just_where_the_providers_did(
    corpus: dict[str, Transcript], declared: dict[str, list[dict[str, object]]]
) -> None:
    differing = {
        name
        for name, finals in declared.items()
        if any(each["deltas_join_equal"] is False for each in finals)
    }
    told = {
        name
        for name, script in corpus.items()
        if any(each.code in DELTA_FAMILY for each in script.diagnostics)
    }
    assert told == differing
