"""Coalescing of deltas: the rules one by one, and the laws for any history."""

import sys
from collections.abc import Iterator, Sequence
from random import Random
from types import FrameType

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from histories import cuttings, histories, is_delta, places, random_history
from reference import Reference, characters
from replay import (
    Diagnostic,
    Event,
    Message,
    Session,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolExchange,
    ToolResult,
    Transcript,
    UnknownEvent,
    Usage,
    UserInput,
    coalesce,
    transcript,
)
from replay.coalescing.coalescer import Composition
from replay.coalescing.walk import Walk
from replay.codec.history import DecodedEvents
from replay.codec.parts import grouped_parts
from replay.model.diagnostics import DELTA_FAMILY
from replay.model.events import Delta
from replay.model.messages import Step

CALL = ToolCall("c1", "find", {})
RESULT = ToolResult("c1", "find", None)
END = Stop(Usage(), is_error=False)
FAILED = Stop(Usage(), is_error=True, error="overloaded")
MYSTERY = UnknownEvent({"type": "mystery"})
SMILE = "\U0001f600"


def message_fields(*events: Event) -> list[tuple[str, str, int, str, bool]]:
    """Return the coalesced messages, without their events."""
    return [
        (item.kind, item.content, item.index, item.source, item.complete)
        for item in coalesce(events)
        if isinstance(item, Message)
    ]


def oddities(*events: Event) -> list[tuple[str, int | None, str]]:
    found: list[Diagnostic] = []
    list(coalesce(events, on_diagnostic=found.append))
    return [attrs.astuple(each) for each in found if each.code != "unknown-type"]


def messages_in_short(*events: Event) -> list[str]:
    """Return the messages in short; thinking has brackets, incomplete ones dots."""
    return [
        f"{index} {source}: "
        + (f"[{text}]" if kind == "thinking" else text)
        + ("" if complete else "…")
        for kind, text, index, source, complete in message_fields(*events)
    ]


Case = tuple[Sequence[Event], Sequence[str], Sequence[tuple[str, int, str]]]


def case(
    events: Sequence[Event],
    messages: Sequence[str],
    *odd: tuple[str, int, str],
) -> Case:
    return events, messages, odd


T, TH = TextDelta, ThinkingDelta
#: Events and the messages they lead to, by rule.
RULES: dict[str, Case] = {
    "1 a run is one message": case([T("Re"), T("venue"), END], ["0 deltas: Revenue"]),
    "1 unknown events do not interrupt a run": case(
        [T("Re"), MYSTERY, T("venue"), END], ["0 deltas: Revenue"]
    ),
    "1 empty deltas of the other kind do not interrupt a run": case(
        [T("Re"), TH(""), T("venue"), END], ["0 deltas: Revenue"]
    ),
    "1 empty deltas are no message": case([T(""), TH(""), END], []),
    "1 a run begins at its first delta that is not empty": case(
        [T(""), T("a"), END], ["1 deltas: a"]
    ),
    "1 the other kind ends a run": case(
        [T("a"), TH("b"), T("c"), END], ["0 deltas: a", "1 deltas: [b]", "2 deltas: c"]
    ),
    "1 a full event of the other kind ends a run": case(
        [T("a"), Thinking("b"), T("c"), END],
        ["0 deltas: a", "1 full: [b]", "2 deltas: c"],
    ),
    "3 a full event settles all runs that it joins": case(
        [T("a"), TH("x"), T("b"), Text("ab"), END], ["0 both: ab", "1 deltas: [x]"]
    ),
    "3 halves of a character are joined within a run": case(
        [T("\ud83d"), T("\ude00"), Text(SMILE)], [f"0 both: {SMILE}"]
    ),
    "3 halves of a character are joined across runs": case(
        [T("a\ud83d"), TH("x"), T("\ude00b"), Text(f"a{SMILE}b"), END],
        [f"0 both: a{SMILE}b", "1 deltas: [x]"],
    ),
    "3 a half that is left over is kept": case(
        [T("a\ud83d"), END], ["0 deltas: a\ud83d"]
    ),
    "4 a full event settles the longest tail that it equals": case(
        [T("a"), TH("x"), T("b"), Text("b"), END],
        ["0 deltas: a", "1 deltas: [x]", "2 both: b"],
        ("delta-surplus", 0, "1 character more in the deltas"),
    ),
    "4 two blocks whose deltas all came first are two messages": case(
        [T("one"), T("two"), Text("one"), Text("two"), END],
        ["0 both: one", "0 both: two"],
    ),
    "4 a full event settles runs and a part of the next": case(
        [T("one"), TH("x"), T("two"), Text("onet"), Text("wo"), END],
        ["0 both: onet", "1 deltas: [x]", "2 both: wo"],
    ),
    "4 a rest that reaches the boundary is delivered and told": case(
        [T("one two"), Text("one"), END],
        ["0 both: one", "0 deltas:  two"],
        ("delta-surplus", 0, "4 characters more in the deltas"),
    ),
    "4 a rest at the end of the events is told too": case(
        [T("a b"), Text("a")],
        ["0 both: a", "0 deltas:  b…"],
        ("delta-surplus", 0, "2 characters more in the deltas"),
    ),
    "4 one character is told as one": case(
        [T("ab"), Text("a"), END],
        ["0 both: a", "0 deltas: b"],
        ("delta-surplus", 0, "1 character more in the deltas"),
    ),
    "4 white space is no rest": case(
        [T("one"), TH("x"), T(" \n"), Text("one"), END],
        ["0 both: one", "1 deltas: [x]"],
    ),
    "4 a blank rest that reaches the boundary is no rest": case(
        [T("One. "), TH("x"), T("Two."), Text("One."), Text("Two."), END],
        ["0 both: One.", "1 deltas: [x]", "2 both: Two."],
    ),
    "4 a blank run that no full event cut is a message although a rest is left": case(
        [T("a"), T("a"), Thinking(""), T(" "), Text("a"), END],
        ["0 both: a", "0 deltas: a", "2 full: []", "3 deltas:  "],
        ("delta-surplus", 0, "1 character more in the deltas"),
    ),
    "4 a full event that cuts a character in half is no beginning": case(
        [T(f"a{SMILE}b"), Text("a\ud83d"), END],
        ["0 both: a\ud83d"],
        ("delta-mismatch", 1, "first difference at character 1"),
    ),
    "5 white space at the ends is no difference": case(
        [T("\n one"), TH("x"), T(" two "), Text("one two"), END],
        ["0 both: one two", "1 deltas: [x]"],
    ),
    "5 blank deltas and a blank full event agree": case(
        [T(" "), Text("\n\n"), END], ["0 both: \n\n"]
    ),
    "5 a full event that goes on after its deltas wins": case(
        [T("one"), TH("x"), T(" t"), Text("one two"), END],
        ["0 both: one two", "1 deltas: [x]"],
        ("delta-gap", 3, "2 characters more in the full event"),
    ),
    "5 a full event that differs wins over the latest run only": case(
        [T("one"), TH("x"), T("two"), Text("twist"), END],
        ["0 deltas: one", "1 deltas: [x]", "2 both: twist"],
        ("delta-mismatch", 3, "first difference at character 2"),
        ("delta-surplus", 0, "3 characters more in the deltas"),
    ),
    "5 offsets count characters not halves": case(
        [T("\ud83d"), T("\ude00x"), Text(f"{SMILE}y"), END],
        [f"0 both: {SMILE}y"],
        ("delta-mismatch", 2, "first difference at character 1"),
    ),
    "5 an empty full event settles nothing": case(
        [T("a"), Text(""), END], ["0 deltas: a"]
    ),
    "5 an empty full event alone is an empty message": case(
        [Text(""), END], ["0 full: "]
    ),
    "6 a full event alone is a message of its own": case(
        [Text("one"), Text("two"), END], ["0 full: one", "1 full: two"]
    ),
    "6 a full event sent twice after its deltas is one message": case(
        [T("one"), Text("one"), Text("one"), MYSTERY, Text("one"), END],
        ["0 both: one"],
        ("repeated-full", 2, "its deltas came only once"),
        ("repeated-full", 4, "its deltas came only once"),
    ),
    "6 so is one that differs from its deltas": case(
        [T("Colour"), Text("Color"), Text("Color"), END],
        ["0 both: Color"],
        ("delta-mismatch", 1, "first difference at character 4"),
        ("repeated-full", 2, "its deltas came only once"),
    ),
    "6 the other kind does not come in between": case(
        [T("one"), Text("one"), TH("x"), Thinking("x"), Text("one"), Thinking("x")],
        ["0 both: one", "2 both: [x]"],
        ("repeated-full", 4, "its deltas came only once"),
        ("repeated-full", 5, "its deltas came only once"),
    ),
    "6 halves are joined before a repeated full event is compared": case(
        [T(SMILE), Text(SMILE), Text("\ud83d\ude00"), END],
        [f"0 both: {SMILE}"],
        ("repeated-full", 2, "its deltas came only once"),
    ),
    "6 a full event sent twice without deltas is told, and is two messages": case(
        [Text("one"), Text("one"), END],
        ["0 full: one", "1 full: one"],
        ("repeated-full", 1, "no deltas tell how often it was said"),
    ),
    "6 what its deltas say twice is two messages": case(
        [T("one"), Text("one"), T("one"), Text("one"), END],
        ["0 both: one", "2 both: one"],
    ),
    "6 another message in between makes an equal one another": case(
        [T("one"), Text("one"), Text("two"), Text("one"), END],
        ["0 both: one", "2 full: two", "3 full: one"],
    ),
    "6 across a boundary an equal full event is another message": case(
        [T("one"), Text("one"), CALL, Text("one"), END],
        ["0 both: one", "3 full: one"],
    ),
    "6 a full event after its deltas were delivered is folded in": case(
        [T("one"), CALL, T("two"), END, Text("onetwo")],
        ["0 deltas: one", "2 deltas: two"],
        ("late-full", 4, "repeats what its deltas gave"),
    ),
    "6 a message is folded into once": case(
        [T("one"), END, Text("one"), Text("one")],
        ["0 deltas: one", "3 full: one"],
        ("late-full", 2, "repeats what its deltas gave"),
    ),
    "6 nothing is folded into what came before the user input": case(
        [T("one"), UserInput("And?"), Text("one")], ["0 deltas: one…", "2 full: one"]
    ),
    "6 nothing is folded past a full message": case(
        [T("one"), CALL, Text("two"), Text("one")],
        ["0 deltas: one", "2 full: two", "3 full: one"],
    ),
    "6 nothing is folded past a message that was settled": case(
        [T("Done."), CALL, RESULT, T("Next."), Text("Next."), Text("Done."), END],
        ["0 deltas: Done.", "3 both: Next.", "5 full: Done."],
    ),
    "6 a late full event that goes on is delivered and told": case(
        [T("zero"), CALL, T("one"), END, Text("one two")],
        ["0 deltas: zero", "2 deltas: one", "4 full: one two"],
        ("late-full-differs", 4, "4 characters more than its deltas gave"),
    ),
    "6 a full event that begins with a part of a message is another one": case(
        [T("aab"), END, Text("ab c")], ["0 deltas: aab", "2 full: ab c"]
    ),
    "6 halves are joined before a late full event is compared": case(
        [T("\ud83d"), TH("x"), T("\ude00"), END, Text(SMILE)],
        ["0 deltas: \ud83d", "1 deltas: [x]", "2 deltas: \ude00"],
        ("late-full", 4, "repeats what its deltas gave"),
    ),
    "7 a stream sent again is one message": case(
        [T("Hel"), TH("x"), T("Hello."), Text("Hello."), END],
        ["1 deltas: [x]", "2 both: Hello."],
        ("replayed-deltas", 0, "the message after them begins with them"),
    ),
    "7 so it is when all of it came before": case(
        [TH("x"), T("a"), TH("x"), Thinking("x"), FAILED],
        ["1 deltas: a…", "2 both: [x]"],
        ("replayed-deltas", 0, "the message after them begins with them"),
    ),
    "7 a rest may be sent again too": case(
        [T("One. Tw"), TH(""), Thinking(""), T("Two."), Text("One. "), Text("Two.")],
        ["0 both: One. ", "2 full: []", "3 both: Two."],
        ("replayed-deltas", 0, "the message after them begins with them"),
    ),
    "7 only the next message that is settled counts": case(
        [*(T("a"), TH("x"), T("b"), TH("y"), T("ab")), Text("ab"), Text("b"), END],
        ["0 deltas: a", "1 deltas: [x]", "2 both: b", "3 deltas: [y]", "4 both: ab"],
        ("delta-surplus", 0, "1 character more in the deltas"),
    ),
    "7 a run whose full event comes after a later one is no surplus": case(
        [T("a"), TH("x"), T("ab"), Text("ab"), Text("a"), END],
        ["0 both: a", "1 deltas: [x]", "2 both: ab"],
    ),
    "7 a half of a character does not begin with the whole": case(
        [T("a\ud83d"), TH("x"), T(f"a{SMILE}"), Text(f"a{SMILE}"), END],
        ["0 deltas: a\ud83d", "1 deltas: [x]", f"2 both: a{SMILE}"],
        ("delta-surplus", 0, "2 characters more in the deltas"),
    ),
    "7 a blank run is neither surplus nor sent again": case(
        [T(" "), TH("x"), T(" a"), Text(" a"), END],
        ["0 deltas:  ", "1 deltas: [x]", "2 both:  a"],
    ),
    "7 what the end of the events cuts off is not complete": case(
        [T("a")], ["0 deltas: a…"]
    ),
    "7 a full event is complete wherever it stands": case(
        [T("a"), Text("a"), FAILED], ["0 both: a"]
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_rules(rule: str) -> None:
    events, messages, odd = RULES[rule]
    assert messages_in_short(*events) == messages
    assert oddities(*events) == [*odd]


def test_each_boundary_ends_the_waiting_and_may_cut_off() -> None:
    for boundary, is_complete in (
        *((CALL, True), (RESULT, True), (END, True)),
        *((FAILED, False), (UserInput("And?"), False)),
    ):
        _, message, last = coalesce([T("a"), boundary])
        assert message == Message("text", "a", 0, "deltas", complete=is_complete)
        assert last == boundary


def test_deltas_and_their_full_event_are_one_message() -> None:
    full = Text("Revenue")
    messages = list(coalesce([TextDelta("Re"), TextDelta("venue"), full, END]))
    assert messages[2] == Message("text", "Revenue", 0, "both", event=full)


# Laws


@given(histories)
def test_the_rules_are_what_a_second_writing_of_them_says(history: list[Event]) -> None:
    assert_as_written_twice(history)


@pytest.mark.slow
def test_they_are_on_twenty_thousand_histories() -> None:
    random = Random(0)  # noqa: S311 - chance, no secret
    for _ in range(20_000):
        assert_as_written_twice(random_history(random))


def assert_as_written_twice(history: list[Event]) -> None:
    reference = Reference(history)
    assert message_fields(*history) == reference.messages
    assert exchanges(history) == [
        (each.call, each.index, each.status, len(each.results))
        for each in reference.exchanges
    ]
    odd = [(code, index) for code, index, _ in oddities(*history)]
    assert [each for each in odd if each[0] in DELTA_FAMILY] == reference.odd


def exchanges(history: Sequence[Event]) -> list[object]:
    turns = transcript(Session("s", events=history)).turns
    return [
        (step.call, step.index, step.status, len(step.results))
        for turn in turns
        for step in turn.steps
        if isinstance(step, ToolExchange)
    ]


def placed(script: Transcript, history: Sequence[Event]) -> list[object]:
    """Return a transcript with each index replaced by the start of its event."""
    where = places(history)
    steps = [step for turn in script.turns for step in turn.steps]
    return [
        [attrs.evolve(turn, steps=()) for turn in script.turns],
        [len(turn.steps) for turn in script.turns],
        [_without_places(step) for step in steps],
        [where[step.index] for step in steps if not isinstance(step, UnknownEvent)],
        [where[step.end] for step in steps if isinstance(step, ToolExchange)],
        [(each.code, each.detail) for each in script.diagnostics],
        [where[each.index or 0] for each in script.diagnostics],
    ]


def _without_places(step: Step) -> Step:
    if isinstance(step, Message):
        return attrs.evolve(step, index=0)
    if isinstance(step, ToolExchange):
        return attrs.evolve(step, index=0, end=0)
    return step


@given(st.data())
def test_the_law_of_cutting(data: st.DataObject) -> None:
    history = data.draw(histories)
    anew = data.draw(cuttings(history))
    one = placed(transcript(Session("s", events=history)), history)
    assert placed(transcript(Session("s", events=anew)), anew) == one


@given(histories)
def test_every_message_is_delivered_before_the_next_boundary(
    history: list[Event],
) -> None:
    begun = {"text": 0, "thinking": 0}
    for item in coalesce([*history, END]):
        if isinstance(item, Message):
            begun[item.kind] = 0
        elif isinstance(item, TextDelta | ThinkingDelta):
            begun[item.type.removesuffix("_delta")] += len(item.content)
        elif not isinstance(item, UnknownEvent):
            assert not any(begun.values())


@given(histories)
def test_messages_come_in_the_order_of_their_first_events(
    history: list[Event],
) -> None:
    indexes = [item.index for item in coalesce(history) if isinstance(item, Message)]
    assert indexes == sorted(indexes)


@example([T("a"), Text("a")])
@given(histories)
def test_it_can_tell_which_deltas_each_message_is_made_of(
    history: list[Event],
) -> None:
    made, messages = list[Composition](), list[Message]()
    walk = Walk(made)
    for index, part in grouped_parts(history):
        effects = walk.step(part, index)
        messages += (*effects.released, *effects.settled)
    messages += walk.finish().released
    taken: dict[int, str] = {}
    alone: dict[str, list[str]] = {"text": [], "thinking": []}
    for each in made:
        text = "".join(piece for _, piece in each.runs)
        taken |= {run: taken.get(run, "") + piece for run, piece in each.runs}
        full = None if each.full is None else history[each.full]
        content, text = characters(getattr(full, "content", "")), characters(text)
        repeated = None if each.repeats is None else history[each.repeats]
        if isinstance(repeated, Text | Thinking):
            assert characters(repeated.content).startswith(text or content)
        elif each.repeated_messages:
            told = alone[each.kind][-each.repeated_messages :]
            assert characters("".join(told)) == content
        elif each.full is None:
            alone[each.kind].append("".join(piece for _, piece in each.runs))
        elif each.matches:
            assert text.strip() == content.strip() or content.startswith(text)
    assert sorted(
        (each.kind, each.runs[0][0], each.full is None)
        for each in made
        if each.runs and each.repeats is None
    ) == sorted(
        (each.kind, each.index, each.source == "deltas")
        for each in messages
        if each.source != "full"
    )
    told_runs = "".join(text for _, text in sorted(taken.items()))
    deltas = "".join(e.content for e in history if isinstance(e, Delta))
    assert solid(told_runs) == solid(deltas)  # a blank rest is of no message


def solid(text: str) -> str:
    """Return a text without white space, with halves of characters joined."""
    return characters("".join(text.split()))


@given(histories)
def test_every_full_event_with_content_is_told_once_or_repeats(
    history: list[Event],
) -> None:
    found: list[Diagnostic] = []
    items = list(coalesce(history, on_diagnostic=found.append))
    messages = [item for item in items if isinstance(item, Message)]
    told = [id(each.event) for each in messages if each.event and each.content]
    assert len(set(told)) == len(told)
    repeats = {each.index for each in found if each.code in REPEATS}
    for index, event in enumerate(history):
        if isinstance(event, Text | Thinking) and event.content:
            assert id(event) in told or index in repeats


REPEATS = {"late-full", "repeated-full"}


@given(histories)
def test_coalescing_keeps_all_other_events(history: list[Event]) -> None:
    others = [item for item in coalesce(history) if not isinstance(item, Message)]
    assert others == [e for e in history if not isinstance(e, Text | Thinking)]
    assert all(any(other is event for event in history) for other in others)
    assert sum(map(is_delta, others)) == sum(map(is_delta, history))


# Histories of any length are walked in time that grows as they do


def calls_to_walk(events: list[Event]) -> int:
    """Return the number of calls that a transcript makes: work, not time."""
    count = 0

    def note(_frame: FrameType, what: str, _argument: object) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    session = Session("s", events=events)
    sys.setprofile(note)
    try:
        transcript(session)
    finally:
        sys.setprofile(None)
    return count


READ = ToolCall("c1", "read", {})
READ_RESULT = ToolResult("c1", "read", None)
RUNS: list[Event] = [T("ab"), TH("x")]
#: Histories made of repeated parts.
HOSTILE: dict[str, list[list[Event]]] = {
    "deltas": [[T("a")]],
    "turns": [[UserInput("q"), Text("a"), END]],
    "calls of one id": [[CALL], [RESULT]],
    "calls of one id and two names": [[CALL, READ], [READ_RESULT, RESULT]],
    "calls of one id, left open turn after turn": [[CALL, UserInput("q")], [RESULT]],
    "runs, then a full event for each": [RUNS, [Text("ab"), Thinking("x")]],
    "runs, then full events that differ": [RUNS, [Text("ax")]],
    "runs, then full events that take a part": [RUNS, [Text("a")]],
    "late full events": [[T("a"), END, Text("a")]],
    "late full events that go on": [[T("a"), END, Text("ab")]],
    "runs, then one full event": [RUNS],
    "runs, then runs that go on and are settled": [RUNS, [T("abc"), Text("abc")]],
    "full events sent twice": [[T("a"), Text("a"), Text("a"), Text("b"), Text("b")]],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_twice_the_history_is_about_twice_the_work(name: str) -> None:
    work = []
    for size in 200, 400:
        history = [event for part in HOSTILE[name] for event in part * size]
        last = [Text("ab" * size)] if HOSTILE[name] == [RUNS] else []
        work.append(calls_to_walk([*history, *last]))
    assert work[1] < 2.2 * work[0]


class Counted(list[object]):
    """A list that counts the entries that are read."""

    looked_at = 0

    def __iter__(self) -> Iterator[object]:
        for value in super().__iter__():
            self.looked_at += 1
            yield value


def test_malformed_entries_cost_hardly_more_than_others() -> None:
    """Count the entries that are read, repeated reads included."""
    deltas = [{"type": "text_delta", "content": each} for each in ("a", None)]
    for malformed in [None], deltas:
        looked = []
        for size in 1000, 2000:
            values = Counted([*malformed] * size)
            list(DecodedEvents(values).parts())
            looked.append(values.looked_at / len(values))
        assert looked[1] < looked[0] + 8
