"""Histories for Hypothesis, and the same histories with their deltas cut elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from replay import (
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
from replay.coalescing.surrogates import split_surrogates

#: Few characters, so that texts repeat, contain and extend one another.
_CHARACTERS = "ab \n\U0001f600\ud83d\ude00"
_TEXTS: Final = st.text(_CHARACTERS, max_size=4)
_IDS: Final = st.sampled_from(["c1", "c2"])
_NAMES: Final = st.sampled_from(["find", "read"])
_CALLS: Final = st.builds(ToolCall, _IDS, _NAMES, st.just({"a": [1]}))
_RESULTS: Final = st.builds(ToolResult, _IDS, _NAMES, st.just([None]))

_ONE_EVENT: Final = st.one_of(
    st.builds(TextDelta, _TEXTS),
    st.builds(ThinkingDelta, _TEXTS),
    st.builds(Text, _TEXTS),
    st.builds(Thinking, _TEXTS),
    _CALLS,
    _RESULTS,
    st.builds(UserInput, _TEXTS),
    st.builds(Stop, st.just(Usage()), st.booleans(), st.sampled_from([None, "why"])),
    st.builds(UnknownEvent, st.just({"type": "mystery"})),
)


@st.composite
def _blocks(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """Return the deltas of some blocks, then their full events, nearly the same."""
    contents = draw(st.lists(_TEXTS, min_size=1, max_size=3))
    events: list[Event] = []
    for number, content in enumerate(contents):
        events.append(TextDelta(content))
        if draw(st.booleans()):
            events.append(ThinkingDelta(str(number)))
    ends = st.sampled_from(["", " ", "a", "\n"])
    events += [Text(content + draw(ends)) for content in contents]
    if draw(st.booleans()):
        events.append(Text("".join(contents)))
    return events


@st.composite
def _sent_again(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Event]:
    """Return a block whose deltas, full event or both come again, perhaps in part."""
    delta, full, other = draw(
        st.sampled_from(
            [(TextDelta, Text, ThinkingDelta), (ThinkingDelta, Thinking, TextDelta)]
        )
    )
    content = draw(st.text(_CHARACTERS, min_size=1, max_size=4))
    beginnings = st.integers(0, len(content)).map(lambda end: content[:end])
    between = st.sampled_from(
        [[], [other("x")], [full("")], [ToolCall("c1", "find", {})]]
    )
    events: list[Event] = []
    for beginning in draw(st.lists(beginnings, max_size=3)):
        events += [delta(beginning), *draw(between)]
    events.append(delta(content))
    for beginning in draw(st.lists(beginnings | st.just(content), max_size=3)):
        events += [full(beginning), *draw(between)]
    return events


_PARTS: Final = st.one_of(
    _ONE_EVENT.map(lambda event: [event]),
    _blocks(),
    _sent_again(),
    st.lists(_CALLS | _RESULTS, min_size=2, max_size=5),
)

histories: Final = st.lists(_PARTS, max_size=12).map(
    lambda parts: [event for part in parts for event in part]
)


def random_history(random: Random) -> list[Event]:
    """Return a history like those of :data:`histories`, many times faster."""
    events: list[Event] = []
    while len(events) < random.randint(1, 24):
        content = "".join(random.choices(_CHARACTERS, k=random.randint(0, 4)))
        delta, full = random.choice(_CLASSES)
        again = content[: random.randint(0, len(content))]
        call = random.choice(["c1", "c2"]), random.choice(["find", "read"])
        events += random.choice(
            [
                [delta(content)],
                [delta(again), delta(content)],
                [delta(content), full(content)],
                [delta(content), full(again), full(content)],
                [delta(again), random.choice(_BETWEEN), delta(content), full(content)],
                [full(content + random.choice(["", " ", "a"]))],
                [full(content), full(content)],
                [ToolCall(*call, {})],
                [ToolResult(*call, None)],
                [ToolCall("c1", "find", {}), ToolCall("c1", "read", {})],
                [random.choice([*_BETWEEN, *_ENDS])],
            ]
        )
    return events


_CLASSES: Final[tuple[tuple[Callable[[str], Event], Callable[[str], Event]], ...]] = (
    (TextDelta, Text),
    (ThinkingDelta, Thinking),
)
_BETWEEN: Final[tuple[Event, ...]] = (
    *(TextDelta("x"), ThinkingDelta("x"), Text(""), Thinking("")),
    *(ToolCall("c1", "find", {}), UnknownEvent({"type": "mystery"})),
)
_ENDS: Final[tuple[Event, ...]] = (
    UserInput("a"),
    *(Stop(Usage(), is_error=failed) for failed in (False, True)),
)


def is_delta(event: Event) -> bool:
    return isinstance(event, TextDelta | ThinkingDelta)


@st.composite
def cuttings(
    draw: Callable[[st.SearchStrategy[Any]], Any], history: Sequence[Event]
) -> list[Event]:
    """Return the history with its deltas cut anew, and empty ones mixed in."""
    anew: list[Event] = []
    full = [event for event in history if not is_delta(event) or _content(event)]
    for _, group in groupby(full, key=lambda e: type(e) if is_delta(e) else id(e)):
        events = list(group)
        anew += draw(_recut(events)) if is_delta(events[0]) else events
        anew += draw(st.sampled_from([[], [], [TextDelta("")], [ThinkingDelta("")]]))
    return anew


def _content(event: Event) -> str:
    assert isinstance(event, TextDelta | ThinkingDelta)
    return event.content


@st.composite
def _recut(
    draw: Callable[[st.SearchStrategy[Any]], Any], deltas: Sequence[Event]
) -> list[Event]:
    cls = TextDelta if isinstance(deltas[0], TextDelta) else ThinkingDelta
    units = split_surrogates("".join(map(_content, deltas)))
    cuts = sorted(draw(st.sets(st.integers(0, len(units)), max_size=6)))
    ends = zip([0, *cuts], [*cuts, len(units)], strict=True)
    return [cls(_as_decoded(units[start:end])) for start, end in ends]


def _as_decoded(units: str) -> str:
    """Return units as JSON decodes them, with pairs in one delta as characters."""
    return units.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "surrogatepass"
    )


def places(history: Sequence[Event]) -> list[tuple[int, int]]:
    """Return each event's start, and the end, as counts of others and of units."""
    return list(_places(history))


def _places(history: Sequence[Event]) -> Iterator[tuple[int, int]]:
    others = units = 0
    for event in history:
        yield others, units
        if is_delta(event):
            units += len(split_surrogates(_content(event)))
        else:
            others += 1
    yield others, units
