"""Events whose secrets are replaced as they are read."""

import json
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import replay
from fake_secrets import EACH, PROSE, SECRETS
from histories import cuttings, histories
from replay import (
    Event,
    Message,
    Session,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    Usage,
)
from replay.codec.history import DecodedEvents
from replay.model.events import Kind
from replay.model.messages import MessageSource
from replay.sources.live_stream import ArrivingEvents
from replay_plugins.redact import Redacted, Redactor
from replay_plugins.redact.finder import Finder
from replay_plugins.redact.kinds import RULES
from replay_plugins.redact.redacted_events import SessionRedactor
from replay_plugins.redact.values import Pseudonyms, plain

KEY = b"sixteen bytes or more"
KEYED = Redactor(key=KEY)
CLASSES: dict[str, tuple[Callable[[str], Event], Callable[[str], Event]]] = {
    "text": (TextDelta, Text),
    "thinking": (ThinkingDelta, Thinking),
}


MessageFields = tuple[Kind, str, int, MessageSource, bool]


def redacted(
    events: Sequence[Event], patterns: Mapping[str, str] | None = None
) -> list[Event]:
    redactor = Redactor(key=KEY, patterns=patterns) if patterns else KEYED
    return [*redactor.session(Session("s", events=events)).events]


def messages_and_codes(
    events: Sequence[Event],
) -> tuple[list[MessageFields], list[str]]:
    """Return a history's messages, and the codes of its diagnostics."""
    codes: list[str] = []

    messages = [
        (each.kind, each.content, each.index, each.source, each.complete)
        for each in replay.coalesce(
            events, on_diagnostic=lambda d: codes.append(d.code)
        )
        if isinstance(each, Message)
    ]
    return messages, codes


@st.composite
def contents(draw: Callable[[st.SearchStrategy[Any]], Any]) -> str:
    """Return a text with some secrets in it, and a word at each end."""
    words = st.sampled_from([*PROSE, *EACH, *EACH])
    return "\n".join(["It", *draw(st.lists(words, max_size=4)), "so."])


@st.composite
def said(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """Return a turn's messages in deltas, whole or both, perhaps interleaved."""
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 4))):
        kind, other = draw(st.permutations(["text", "thinking"]))
        content, between = draw(contents()), draw(contents())
        delta, full = CLASSES[kind]
        forms = ["deltas", "full", "both", "around", "again", "twice"]
        form = draw(st.sampled_from(forms))
        if form == "around":
            if events:  # or the deltas before are told apart from what they run into
                events.append(Stop(Usage(), is_error=False))
            cut = draw(st.integers(0, len(content)))
            pieces = [content[:cut], content[cut:]]
            events.append(Stop(Usage(), is_error=False))  # or a run before goes on
            events += [delta(pieces[0]), CLASSES[other][0](between), delta(pieces[1])]
            events += [CLASSES[other][1](between), full(content)]
            continue
        if form == "again":
            cut = draw(st.integers(0, len(content)))
            events += [Stop(Usage(), is_error=False), delta(content[:cut])]
            events.append(CLASSES[other][0](between))
        if form != "full":
            events.append(delta(content))
        if form != "deltas":
            events.append(full(content))
        if form == "twice":
            events.append(full(content))
        if form == "again" or draw(st.booleans()):  # or the next full event settles it
            events.append(Stop(Usage(), is_error=False))
    return events


@given(st.data())
def test_messages_are_what_each_by_itself_would_be_redacted_to(
    data: st.DataObject,
) -> None:
    events = data.draw(said())
    anew = data.draw(cuttings(events))
    redactor = KEYED
    for history in (events, anew):
        messages, codes = messages_and_codes(history)
        expected = [
            (kind, redactor.text(content), *rest) for kind, content, *rest in messages
        ]
        assert messages_and_codes(redacted(history)) == (expected, codes)


@pytest.mark.parametrize("examples", [100, pytest.param(3_000, marks=pytest.mark.slow)])
def test_short_secrets_cut_anywhere_leave_messages_where_they_are(
    examples: int,
) -> None:
    """Except if a full event contradicts its deltas: redaction may make one fit."""

    @settings(max_examples=examples)
    @given(histories)
    @example([TextDelta("\ud83d\ude00a"), Text("\U0001f600"), TextDelta("b")])
    def law(history: list[Event]) -> None:
        rewritten = redacted(history, patterns={"x": "a+b"})
        assert len(rewritten) == len(history)
        (before, odd), (after, _) = (
            messages_and_codes(history),
            messages_and_codes(rewritten),
        )
        if "delta-mismatch" not in odd:
            assert [(m[0], *m[2:]) for m in before] == [(m[0], *m[2:]) for m in after]
        for message in after:
            assert "ab" not in re.sub("<X_.{12}>", "", message[1])

    law()


SECRET = EACH[0]


def deltas_of(content: str, cut: int, between: Event | None = None) -> list[Event]:
    """Return a text in two deltas, with another event between them."""
    middle = [] if between is None else [between]
    return [TextDelta(content[:cut]), *middle, TextDelta(content[cut:])]


def texts(events: Sequence[Event]) -> list[str]:
    return [
        each.content
        for each in events
        if isinstance(each, TextDelta | Text | ThinkingDelta | Thinking)
    ]


@pytest.mark.parametrize(
    ("between", "step"),
    [
        (None, 1),
        (ThinkingDelta("Hm."), 7),
        (replay.UnknownEvent({"type": "mystery"}), 7),
    ],
    ids=["nothing", "thinking", "unknown"],
)
def test_a_secret_cut_anywhere_is_found(between: Event | None, step: int) -> None:
    for secret in EACH:
        content = f"It is {secret} indeed."
        name = KEYED.text(secret)
        for cut in range(0, len(content) + 1, step):
            alone = deltas_of(content, cut, between)
            rewritten = redacted([*alone, Text(content)])
            assert [*map(type, rewritten)] == [*map(type, alone), Text]
            assert text_of_deltas(rewritten) == f"It is {name} indeed."
            assert rewritten[-1] == Text(f"It is {name} indeed.")
            left = text_of_deltas(redacted(alone))
            assert left in (f"It is {name} indeed.", f"It is {name}{name} indeed.")


def text_of_deltas(events: Sequence[Event]) -> str:
    return "".join(each.content for each in events if isinstance(each, TextDelta))


T, TH = TextDelta, ThinkingDelta
CALL = replay.ToolCall("c", "find", {})
END = Stop(Usage(), is_error=False)
#: Events, and their texts after redaction; the messages stay in place.
CASES: dict[str, tuple[list[Event], list[str]]] = {
    "a stretch becomes its pseudonym where it begins": (
        [T("to b@exa"), T(""), T("mple"), T(".org now")],
        ["to <EMAIL_1>", "", "", " now"],
    ),
    **{
        f"a secret that a {boundary.type} cuts is replaced in both messages": (
            [T("to b@ex"), boundary, T("ample.org now")],
            ["to <EMAIL_1>", "<EMAIL_1> now"],
        )
        for boundary in (CALL, replay.ToolResult("c", "find", 1), END)
    },
    "a piece of a secret in a stream that was sent again is replaced": (
        [T("b@exa"), TH("x"), T("b@example.org"), Text("b@example.org")],
        ["<EMAIL_1>", "x", "<EMAIL_1>", "<EMAIL_1>"],
    ),
    "also if the full event differs from its deltas": (
        [T("b@exa"), TH("x"), T("Hm."), Text("b@example.org now")],
        ["<EMAIL_1>", "x", "Hm.", "<EMAIL_1> now"],
    ),
    "a full event that comes twice is replaced twice as its deltas are": (
        [T("at b@ex"), TH(""), CALL, T("ample.org"), *[Text("ample.org")] * 2],
        ["at <EMAIL_1>", "", *["<EMAIL_1>"] * 3],
    ),
    "no run of deltas becomes empty": (
        [
            *(TH("one"), T("b@exa"), TH("two"), T("mple"), TH("three"), T(".org")),
            Text("b@example.org"),
        ],
        ["one", "<EMAIL_", "two", "1", "three", ">", "<EMAIL_1>"],
    ),
    "two blocks whose deltas come first stay two": (
        [
            *(T("b@exa"), TH(""), TH("."), T("mple.org\nto c@example.org\n"), Text("")),
            *(Text("b@example.org\n"), Text("to c@example.org\n")),
            *(T("d@example.org and so on"), Text("d@example.org")),
        ],
        [
            *("<EMAIL_1>", "", ".", "\nto <EMAIL_2>\n", ""),
            *("<EMAIL_1>\n", "to <EMAIL_2>\n"),
            *("<EMAIL_3> and so on", "<EMAIL_3>"),
        ],
    ),
    "white space after a message is no message": (
        [T("so "), Text("so"), T("b@example.org"), Text("b@example.o"), Text("rg")],
        ["so ", "so", "<EMAIL_1><EMAIL_1>", "<EMAIL_1>", "<EMAIL_1>"],
    ),
    "what a gap leaves out is replaced too": (
        [T("to b@exam"), Text("to b@example.org now")],
        ["to <EMAIL_1>", "to <EMAIL_1> now"],
    ),
    "white space before a message is no matter": (
        [T("to b@exam"), T("ple.org"), Text(" to b@example.org")],
        ["to <EMAIL_1>", "", " to <EMAIL_1>"],
    ),
    "nor is white space after one": (
        [T("to b@exam"), T("ple.org"), Text("to b@example.org \n")],
        ["to <EMAIL_1>", "", "to <EMAIL_1> \n"],
    ),
    "a late full event is replaced as what it repeats": (
        [T("b@ex"), TH("."), T("ample.org"), END, Text("b@example.org")],
        ["<EMAIL_1>", ".", "<EMAIL_1>", "<EMAIL_1>"],
    ),
    "a secret may begin where a run does": (
        [T("so"), CALL, T(SECRET[:5]), TH("."), T(SECRET[5:])],
        ["so", "<AWS_ACCESS_KEY_1>", ".", "<AWS_ACCESS_KEY_1>"],
    ),
    "a secret may begin where a message does": (
        [T("x"), T(SECRET), Text("x")],
        ["x", "<AWS_ACCESS_KEY_1>", "x"],
    ),
    "halves of characters stay where they are": (
        [
            *(T("\ud83d"), T("\ude00 b@exa"), T("mple.org \ud83d")),
            Text("\U0001f600 b@example.org \ud83d"),
        ],
        [*("\ud83d", "\ude00 <EMAIL_1>", " \ud83d"), "\U0001f600 <EMAIL_1> \ud83d"],
    ),
}


@pytest.mark.parametrize("fact", CASES)
def test_what_becomes_of_deltas(fact: str) -> None:
    events, expected = CASES[fact]
    shown = [*Redactor().session(Session("s", events=events)).events]
    assert texts(shown) == expected
    (before, odd), (after, odd_after) = (
        messages_and_codes(events),
        messages_and_codes(shown),
    )
    assert [(m[0], *m[2:]) for m in before] == [(m[0], *m[2:]) for m in after]
    assert odd == odd_after


def test_a_user_input_begins_anew() -> None:
    events = deltas_of("to b@example.org now", 7, replay.UserInput("And?"))
    assert texts(redacted(events)) == ["to b@ex", "ample.org now"]


def test_more_runs_than_a_pseudonym_has_characters() -> None:
    secret, events = "b@example.org", list[Event]()
    for character in secret:
        events += [TextDelta(character), ThinkingDelta(".")]
    shown = redacted([*events, Text(secret)])
    assert text_of_deltas(shown) == KEYED.text(secret)


def test_a_report_counts_characters() -> None:
    events, _ = CASES["halves of characters stay where they are"]
    redactor = Redactor()
    assert [*redactor.session(Session("s", events=events)).events]
    assert [each.start for each in redactor.report] == [2, 0, 2]


DOCUMENT = {
    "session_id": "s",
    "events": [
        {"type": "user_input", "content": "It is b@example.org"},
        *({"type": "text_delta", "content": each} for each in "b@example.org!"),
        {"type": "text_delta", "content": "", "more": "c@example.org"},
        {"type": "text", "content": "b@example.org!", "more": {"d@example.org": 1}},
        {"type": "user_input", "content": "Nothing"},
        {"type": "text_delta", "content": "here"},
        {"type": "citation", "by": "b@example.org"},
    ],
}


def loaded() -> Session:
    return replay.loads(json.dumps(DOCUMENT))


def test_events_can_be_had_in_any_order() -> None:
    session = Redactor().session(loaded())
    events = [*session.events]
    assert [session.events[i] for i in reversed(range(len(events)))] == events[::-1]
    assert session.events[-1] == events[-1]
    assert session.events[2:5] == tuple(events[2:5])


def test_reading_again_in_any_way_is_the_same_and_reports_nothing_more() -> None:
    redactor = Redactor()
    session = redactor.session(loaded())
    once = replay.dumps(session)
    count = len(redactor.report)
    assert replay.dumps(session) == once
    assert replay.transcript(session) == replay.transcript(replay.loads(once))
    assert [*replay.coalesce(session.events)] == [
        *replay.coalesce(replay.loads(once).events)
    ]
    parts = [part for _, part in session.events.parts()]  # type: ignore[attr-defined]  # ours
    assert len(parts) < len(session.events)
    assert len(redactor.report) == count


def test_what_is_pickled_holds_no_secret() -> None:
    session = Redactor().session(loaded())
    pickled = pickle.dumps(session)
    assert b"example.org" not in pickled
    assert pickle.loads(pickled) == session  # noqa: S301 - our own


def test_a_part_of_a_long_turn_is_held_back() -> None:
    turn = [*deltas_of("b@example.org", 3), Stop(Usage(), is_error=False)]
    events = CountedEvents(turn * 20_000)
    session = Redactor().session(Session("s", events=events))
    walk = iter(session.events)
    assert next(walk) == TextDelta("<EMAIL_1>")
    assert events.given < 30_000


class CountedEvents(Sequence[Event]):
    """Events that count how many were read."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.given = 0

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - never asked
        raise NotImplementedError

    def __iter__(self) -> Iterator[Event]:
        for event in self.events:
            self.given += 1
            yield event


_GLUED = st.sampled_from(["x", "b@", "b@example", ".org", "@example.org", " ", SECRET])
_SAYING = st.one_of(
    st.builds(TextDelta, _GLUED),
    st.builds(ThinkingDelta, _GLUED),
    st.builds(Text, _GLUED),
    st.builds(replay.UnknownEvent, st.just({"type": "mystery"})),
    st.just(Stop(Usage(), is_error=False)),
)


@given(st.lists(_SAYING, max_size=8))
def test_looking_from_afar_misses_nothing(history: list[Event]) -> None:
    finder = Finder(RULES)
    redactor = SessionRedactor(finder, Pseudonyms(), "s", "$")
    values = [plain(event.as_object()) for event in history]
    entries: list[Redacted] = []
    redactor.rewritten(values, 0, entries)
    stretch = [*DecodedEvents(values).parts()]
    assert (redactor.narrowed(stretch, values) is not None) == bool(entries)
    assert (redactor.narrowed(stretch) is not None) == bool(entries)
    read = Redactor()
    events = read.session(Session("s", events=history)).events
    list(events.parts())  # type: ignore[attr-defined]  # ours
    assert [(each.start, each.length, each.pseudonym) for each in read.report] == [
        (each.start, each.length, each.pseudonym) for each in entries
    ]


def test_many_secrets_in_one_message_take_linear_time() -> None:
    events: list[Event] = []
    for number in range(3000):
        events += [*deltas_of(f"b{number}@example.org ", 4), ThinkingDelta(".")]
    full = Text("".join(e.content for e in events if isinstance(e, TextDelta)))
    session = Redactor().session(Session("s", events=[*events, full]))
    assert text_of_deltas([*session.events]).count("<EMAIL_") == 3000
    assert str(session.events[-1]).count("<EMAIL_") == 3000


def test_a_live_turn_is_held_back_to_the_next_boundary() -> None:
    call = replay.ToolCall("c", "find", {})
    events = CountedEvents(
        [replay.UserInput("?"), *deltas_of("b@example.org", 3), call]
    )
    live = ArrivingEvents(iter(events))
    walk = iter(Redactor().session(Session("s", events=live)).events)
    assert (next(walk), events.given) == (replay.UserInput("?"), 1)
    assert (next(walk), events.given) == (TextDelta("<EMAIL_1>"), 4)
    assert [*walk] == [TextDelta(""), call]


def test_a_number_that_is_a_card_is_replaced_and_the_event_stays_what_it_is() -> None:
    card = int(SECRETS["card"][2])
    stop = {"type": "stop", "usage": {"turns": card}, "is_error": False, "error": None}
    values = [
        {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"card": card}},
        {"type": "text", "content": card},
        stop,
        [float(card), True, 10**50, 1.5, -card],
    ]
    session = Redactor().session(replay.loads(json.dumps(values)))
    call, text, end, other = (event.as_object() for event in session.events)
    assert call == {**values[0], "arguments": {"card": "<CARD_1>"}}  # type: ignore[dict-item]  # an object
    assert text == {"type": "text", "content": 0}
    assert end == {**stop, "usage": {"turns": 0}}
    assert other == ["<CARD_1>", True, 10**50, 1.5, "<CARD_1>"]


def test_a_type_is_no_text() -> None:
    session = Redactor(patterns={"x": "[a-z_]+"}).session(
        Session("s", events=[Text("a"), replay.UnknownEvent({"type": "b"})])
    )
    assert [event.as_object() for event in session.events] == [
        {"type": "text", "content": "<X_2>"},
        {"type": "<X_3>"},
    ]
