"""Events whose secrets are replaced while they are read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import replay
from fake_secrets import EACH, PROSE
from histories import cuttings, histories
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
    Usage,
)
from replay.messages import Kind, MessageSource
from replay_plugins.redact import Redactor

KEY = b"sixteen bytes or more"
CLASSES: dict[str, tuple[Callable[[str], Event], Callable[[str], Event]]] = {
    "text": (TextDelta, Text),
    "thinking": (ThinkingDelta, Thinking),
}


Told = tuple[Kind, str, int, MessageSource, bool]


def redacted(
    events: Sequence[Event], patterns: Mapping[str, str] | None = None
) -> list[Event]:
    redactor = Redactor(key=KEY, patterns=patterns)
    return [*redactor.session(Session("s", events=events)).events]


def told(events: Sequence[Event]) -> tuple[list[Told], list[str]]:
    """Return what the messages of a history are, and the codes of what is odd."""
    codes: list[str] = []

    def note(diagnostic: Diagnostic) -> None:
        codes.append(diagnostic.code)

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
    """Return a text with some secrets in it, at its ends a word."""
    words = st.sampled_from([*PROSE, *EACH, *EACH])
    return "\n".join(["It", *draw(st.lists(words, max_size=4)), "so."])


@st.composite
def said(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """Return a turn's messages: in deltas, whole or both; perhaps one in the other."""
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 4))):
        kind, other = draw(st.permutations(["text", "thinking"]))
        content, between = draw(contents()), draw(contents())
        delta, full = CLASSES[kind]
        form = draw(st.sampled_from(["deltas", "full", "both", "around"]))
        if form == "around":
            cut = draw(st.integers(0, len(content)))
            pieces = [content[:cut], content[cut:]]
            events += [delta(pieces[0]), CLASSES[other][0](between), delta(pieces[1])]
            events += [CLASSES[other][1](between), full(content)]
            continue
        if form != "full":
            events.append(delta(content))
        if form != "deltas":
            events.append(full(content))
        if draw(st.booleans()):
            events.append(Stop(Usage(), is_error=False))
    return events


@given(st.data())
def test_messages_are_what_each_by_itself_would_be_redacted_to(
    data: st.DataObject,
) -> None:
    events = data.draw(said())
    anew = data.draw(cuttings(events))
    redactor = Redactor(key=KEY)
    for history in (events, anew):
        messages, codes = told(history)
        expected = [
            (kind, redactor.text(content), *rest) for kind, content, *rest in messages
        ]
        assert told(redacted(history)) == (expected, codes)


@given(histories)
def test_short_secrets_cut_anywhere_leave_messages_where_they_are(
    history: list[Event],
) -> None:
    rewritten = redacted(history, patterns={"x": "a+b"})
    assert len(rewritten) == len(history)
    before, after = told(history)[0], told(rewritten)[0]
    assert [(m[0], *m[2:]) for m in before] == [(m[0], *m[2:]) for m in after]
    for message in after:
        assert "ab" not in message[1]
