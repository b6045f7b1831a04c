"""Deltas to messages: the rules one by one, and the laws for any history."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import cuttings, histories, is_delta, places
from reference import Reference
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
from replay.codec.parts import parts_of_events
from replay.model.diagnostics import DELTA_FAMILY
from replay.model.events import Delta
from replay.model.messages import Step

CALL = ToolCall("c1", "find", {})
END = Stop(Usage(), is_error=False)
FAILED = Stop(Usage(), is_error=True, error="overloaded")
MYSTERY = UnknownEvent({"type": "mystery"})


def told(*events: Event) -> list[tuple[str, str, int, str, bool]]:
    """Return the messages that come out, without their events."""
    return [
        (item.kind, item.content, item.index, item.source, item.complete)
        for item in coalesce(events)
        if isinstance(item, Message)
    ]


def oddities(*events: Event) -> list[tuple[str, int | None, str]]:
    found: list[Diagnostic] = []
    list(coalesce(events, on_diagnostic=found.append))
    return [attrs.astuple(each) for each in found if each.code != "unknown-type"]


# Rule 1


def test_a_run_is_one_message() -> None:
    assert told(TextDelta("Re"), TextDelta("venue"), END) == [
        ("text", "Revenue", 0, "deltas", True)
    ]


def test_unknown_events_do_not_interrupt_a_run() -> None:
    assert told(TextDelta("Re"), MYSTERY, TextDelta("venue"), END) == [
        ("text", "Revenue", 0, "deltas", True)
    ]


def test_empty_deltas_of_the_other_kind_do_not_interrupt_a_run() -> None:
    assert told(TextDelta("Re"), ThinkingDelta(""), TextDelta("venue"), END) == [
        ("text", "Revenue", 0, "deltas", True)
    ]


def test_empty_deltas_are_no_message() -> None:
    assert told(TextDelta(""), ThinkingDelta(""), END) == []


def test_a_run_begins_at_its_first_delta_that_is_not_empty() -> None:
    assert told(TextDelta(""), TextDelta("a"), END) == [
        ("text", "a", 1, "deltas", True)
    ]


def test_the_other_kind_ends_a_run() -> None:
    assert told(TextDelta("a"), ThinkingDelta("b"), TextDelta("c"), END) == [
        ("text", "a", 0, "deltas", True),
        ("thinking", "b", 1, "deltas", True),
        ("text", "c", 2, "deltas", True),
    ]


def test_a_full_event_of_the_other_kind_ends_a_run() -> None:
    assert told(TextDelta("a"), Thinking("b"), TextDelta("c"), END) == [
        ("text", "a", 0, "deltas", True),
        ("thinking", "b", 1, "full", True),
        ("text", "c", 2, "deltas", True),
    ]


# Rule 2


def test_each_boundary_ends_the_waiting() -> None:
    result = ToolResult("c1", "find", None)
    for boundary in (CALL, result, END, FAILED, UserInput("And?")):
        assert [type(item) for item in coalesce([TextDelta("a"), boundary])] == [
            TextDelta,
            Message,
            type(boundary),
        ]


# Rule 3


def test_deltas_and_their_full_event_are_one_message() -> None:
    full = Text("Revenue")
    messages = list(coalesce([TextDelta("Re"), TextDelta("venue"), full, END]))
    assert messages[2] == Message("text", "Revenue", 0, "both", event=full)


def test_a_full_event_settles_all_runs_that_it_joins() -> None:
    events = TextDelta("a"), ThinkingDelta("x"), TextDelta("b"), Text("ab"), END
    assert told(*events) == [
        ("text", "ab", 0, "both", True),
        ("thinking", "x", 1, "deltas", True),
    ]
    assert oddities(*events) == []


def test_halves_of_a_character_are_joined_within_a_run() -> None:
    assert told(TextDelta("\ud83d"), TextDelta("\ude00"), Text("\U0001f600")) == [
        ("text", "\U0001f600", 0, "both", True)
    ]


def test_halves_of_a_character_are_joined_across_runs() -> None:
    events = (
        TextDelta("a\ud83d"),
        ThinkingDelta("x"),
        TextDelta("\ude00b"),
        Text("a\U0001f600b"),
        END,
    )
    assert told(*events)[0] == ("text", "a\U0001f600b", 0, "both", True)
    assert oddities(*events) == []


def test_a_half_that_is_left_over_is_kept() -> None:
    assert told(TextDelta("a\ud83d"), END) == [("text", "a\ud83d", 0, "deltas", True)]


# Rule 4


def test_a_full_event_settles_the_longest_tail_that_it_equals() -> None:
    events = TextDelta("a"), ThinkingDelta("x"), TextDelta("b"), Text("b"), END
    assert told(*events) == [
        ("text", "a", 0, "deltas", True),
        ("thinking", "x", 1, "deltas", True),
        ("text", "b", 2, "both", True),
    ]
    assert oddities(*events) == []


def test_two_blocks_whose_deltas_all_came_first_are_two_messages() -> None:
    events = TextDelta("one"), TextDelta("two"), Text("one"), Text("two"), END
    assert told(*events) == [
        ("text", "one", 0, "both", True),
        ("text", "two", 0, "both", True),
    ]
    assert oddities(*events) == []


def test_a_full_event_settles_runs_and_a_part_of_the_next() -> None:
    events = (
        TextDelta("one"),
        ThinkingDelta("x"),
        TextDelta("two"),
        Text("onet"),
        Text("wo"),
        END,
    )
    assert told(*events) == [
        ("text", "onet", 0, "both", True),
        ("thinking", "x", 1, "deltas", True),
        ("text", "wo", 2, "both", True),
    ]


def test_a_rest_that_reaches_the_boundary_is_delivered_and_told() -> None:
    events = TextDelta("one two"), Text("one"), END
    assert told(*events) == [
        ("text", "one", 0, "both", True),
        ("text", " two", 0, "deltas", True),
    ]
    assert oddities(*events) == [
        ("delta-surplus", 0, "4 characters more in the deltas")
    ]


def test_a_rest_at_the_end_of_the_events_is_told_too() -> None:
    events = TextDelta("a b"), Text("a")
    assert oddities(*events) == [
        ("delta-surplus", 0, "2 characters more in the deltas")
    ]


def test_white_space_is_no_rest() -> None:
    events = TextDelta("one"), ThinkingDelta("x"), TextDelta(" \n"), Text("one"), END
    assert told(*events) == [
        ("text", "one", 0, "both", True),
        ("thinking", "x", 1, "deltas", True),
    ]
    assert oddities(*events) == []


def test_a_full_event_that_cuts_a_character_in_half_is_no_beginning() -> None:
    events = TextDelta("a\U0001f600b"), Text("a\ud83d"), END
    assert [code for code, *_ in oddities(*events)] == ["delta-mismatch"]


def test_a_blank_rest_that_reaches_the_boundary_is_no_rest() -> None:
    events = (
        *(TextDelta("One. "), ThinkingDelta("x"), TextDelta("Two.")),
        *(Text("One."), Text("Two."), END),
    )
    assert [content for _, content, *_ in told(*events)] == ["One.", "x", "Two."]
    assert oddities(*events) == []


def test_one_character_is_told_as_one() -> None:
    assert oddities(TextDelta("ab"), Text("a"), END) == [
        ("delta-surplus", 0, "1 character more in the deltas")
    ]


# Rule 5


def test_white_space_at_the_ends_is_no_difference() -> None:
    events = (
        TextDelta("\n one"),
        ThinkingDelta("x"),
        TextDelta(" two "),
        Text("one two"),
    )
    assert told(*events)[0] == ("text", "one two", 0, "both", True)
    assert oddities(*events) == []


def test_blank_deltas_and_a_blank_full_event_agree() -> None:
    events = TextDelta(" "), Text("\n\n"), END
    assert told(*events) == [("text", "\n\n", 0, "both", True)]
    assert oddities(*events) == []


def test_a_full_event_that_goes_on_after_its_deltas_wins() -> None:
    events = TextDelta("one"), ThinkingDelta("x"), TextDelta(" t"), Text("one two"), END
    assert told(*events)[0] == ("text", "one two", 0, "both", True)
    assert oddities(*events) == [
        ("delta-gap", 3, "2 characters more in the full event")
    ]


def test_a_full_event_that_differs_wins_over_the_latest_run_only() -> None:
    events = TextDelta("one"), ThinkingDelta("x"), TextDelta("two"), Text("twist"), END
    assert told(*events) == [
        ("text", "one", 0, "deltas", True),
        ("thinking", "x", 1, "deltas", True),
        ("text", "twist", 2, "both", True),
    ]
    assert oddities(*events) == [
        ("delta-mismatch", 3, "first difference at character 2")
    ]


def test_offsets_count_characters_not_halves() -> None:
    events = TextDelta("\ud83d"), TextDelta("\ude00x"), Text("\U0001f600y"), END
    assert oddities(*events) == [
        ("delta-mismatch", 2, "first difference at character 1")
    ]


def test_an_empty_full_event_settles_nothing() -> None:
    assert told(TextDelta("a"), Text(""), END) == [("text", "a", 0, "deltas", True)]


def test_an_empty_full_event_alone_is_an_empty_message() -> None:
    assert told(Text(""), END) == [("text", "", 0, "full", True)]


# Rule 6


def test_a_full_event_alone_is_a_message_of_its_own() -> None:
    assert told(Text("one"), Text("one"), END) == [
        ("text", "one", 0, "full", True),
        ("text", "one", 1, "full", True),
    ]


def test_a_full_event_after_its_deltas_were_delivered_is_folded_in() -> None:
    events = TextDelta("one"), CALL, TextDelta("two"), END, Text("onetwo")
    assert told(*events) == [
        ("text", "one", 0, "deltas", True),
        ("text", "two", 2, "deltas", True),
    ]
    assert oddities(*events) == [("late-full", 4, "repeats what its deltas gave")]


def test_a_message_is_folded_into_once() -> None:
    events = TextDelta("one"), END, Text("one"), Text("one")
    assert told(*events) == [
        ("text", "one", 0, "deltas", True),
        ("text", "one", 3, "full", True),
    ]


def test_nothing_is_folded_into_what_came_before_the_user_input() -> None:
    events = TextDelta("one"), UserInput("And?"), Text("one")
    assert told(*events)[1] == ("text", "one", 2, "full", True)


def test_nothing_is_folded_past_a_full_message() -> None:
    events = TextDelta("one"), CALL, Text("two"), Text("one")
    assert told(*events)[2] == ("text", "one", 3, "full", True)


def test_a_late_full_event_that_goes_on_is_delivered_and_told() -> None:
    events = TextDelta("zero"), CALL, TextDelta("one"), END, Text("one two")
    assert told(*events)[2] == ("text", "one two", 4, "full", True)
    assert oddities(*events) == [
        ("late-full-differs", 4, "4 characters more than its deltas gave")
    ]


def test_nothing_is_folded_past_a_message_that_was_settled() -> None:
    events = (
        *(TextDelta("Done."), CALL, ToolResult("c1", "find", None)),
        *(TextDelta("Next."), Text("Next."), Text("Done."), END),
    )
    assert [content for _, content, *_ in told(*events)] == ["Done.", "Next.", "Done."]
    assert oddities(*events) == []


def test_halves_are_joined_before_a_late_full_event_is_compared() -> None:
    events = (
        *(TextDelta("\ud83d"), ThinkingDelta("x"), TextDelta("\ude00"), END),
        Text("\U0001f600"),
    )
    assert [code for code, *_ in oddities(*events)] == ["late-full"]


# Rule 7


def test_what_a_boundary_cuts_off_is_not_complete() -> None:
    assert told(TextDelta("a"))[0][-1] is False
    for boundary, complete in (
        (FAILED, False),
        (UserInput("And?"), False),
        (END, True),
        (CALL, True),
        (ToolResult("c1", "find", None), True),
    ):
        assert told(TextDelta("a"), boundary)[0][-1] is complete


def test_a_full_event_is_complete_wherever_it_stands() -> None:
    assert told(TextDelta("a"), Text("a"), FAILED)[0][-1] is True


# Rule 8


def test_a_settled_message_waits_for_an_earlier_pending_one() -> None:
    events: list[Event] = [
        ThinkingDelta("x"),
        TextDelta("a"),
        Text("a"),
        Thinking("x"),
        END,
    ]
    kinds = [
        item.kind if isinstance(item, Message) else "" for item in coalesce(events)
    ]
    assert kinds == ["", "", "thinking", "text", ""]


# Rule 11


def test_all_but_full_events_come_as_they_are() -> None:
    events: list[Event] = [UserInput("q"), MYSTERY, TextDelta("a"), CALL, END]
    assert [
        item for item in coalesce(events) if not isinstance(item, Message)
    ] == events


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match="expected an event such as Text, got dict"):
        list(coalesce([{"type": "text"}]))  # type: ignore[list-item]  # that is the test


# Laws


@given(histories)
def test_the_rules_are_what_a_second_writing_of_them_says(
    history: list[Event],
) -> None:
    reference = Reference(history)
    assert told(*history) == reference.told
    odd = [(code, index) for code, index, _ in oddities(*history)]
    assert [each for each in odd if each[0] in DELTA_FAMILY] == reference.odd


def placed(script: Transcript, history: Sequence[Event]) -> list[object]:
    """Return a transcript with each index as the place where its event begins."""
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


@given(histories)
def test_deltas_without_full_events_are_delivered_character_for_character(
    history: list[Event],
) -> None:
    events = [event for event in history if not isinstance(event, Text | Thinking)]
    for kind in (TextDelta, ThinkingDelta):
        deltas = "".join(e.content for e in events if isinstance(e, kind))
        name = kind.type.removesuffix("_delta")
        messages = "".join(
            item.content
            for item in coalesce(events)
            if isinstance(item, Message) and item.kind == name
        )
        assert joined_pairs(messages) == joined_pairs(deltas)


def joined_pairs(text: str) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")


@given(histories)
def test_it_can_tell_which_deltas_each_message_is_made_of(
    history: list[Event],
) -> None:
    made, messages = list[Composition](), list[Message]()
    walk = Walk(made)
    for index, part in parts_of_events(history):
        advance = walk.step(part, index)
        messages += (*advance.released, *advance.settled)
    messages += walk.finish().released
    taken: dict[int, str] = {}
    alone: dict[str, list[str]] = {"text": [], "thinking": []}
    for each in made:
        text = "".join(piece for _, piece in each.runs)
        taken |= {run: taken.get(run, "") + piece for run, piece in each.runs}
        full = None if each.full is None else history[each.full]
        content, text = joined_pairs(getattr(full, "content", "")), joined_pairs(text)
        if each.repeats:
            told = alone[each.kind][-each.repeats :]
            assert joined_pairs("".join(told)) == content
        elif each.full is None:
            alone[each.kind].append("".join(piece for _, piece in each.runs))
        elif each.fits:
            assert text.strip() == content.strip() or content.startswith(text)
    assert sorted(
        (each.kind, each.runs[0][0], each.full is None) for each in made if each.runs
    ) == sorted(
        (each.kind, each.index, each.source == "deltas")
        for each in messages
        if each.source != "full"
    )
    told_runs = "".join(text for _, text in sorted(taken.items()))
    deltas = "".join(e.content for e in history if isinstance(e, Delta))
    assert solid(told_runs) == solid(deltas)  # a blank rest is of no message


def solid(text: str) -> str:
    """Return a text without its white space, halves of characters joined."""
    return joined_pairs("".join(text.split()))


@given(histories)
def test_every_full_event_with_content_is_told_once_or_late(
    history: list[Event],
) -> None:
    found: list[Diagnostic] = []
    items = list(coalesce(history, on_diagnostic=found.append))
    told_events = [item.event for item in items if isinstance(item, Message)]
    late = sum(each.code == "late-full" for each in found)
    full = sum(isinstance(e, Text | Thinking) and e.content != "" for e in history)
    assert sum(e is not None and e.content != "" for e in told_events) == full - late


@given(histories)
def test_coalescing_keeps_all_other_events(history: list[Event]) -> None:
    others = [item for item in coalesce(history) if not isinstance(item, Message)]
    assert others == [e for e in history if not isinstance(e, Text | Thinking)]
    assert all(any(other is event for event in history) for other in others)
    assert sum(map(is_delta, others)) == sum(map(is_delta, history))
