"""The events of a session, their secrets replaced while they are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from replay.codec.history import DecodedEvents, RecordedEvents, parts
from replay.codec.parts import Deltas, Part
from replay.codec.structure import decode_event
from replay.model.events import (
    EVENT_CLASSES,
    Event,
    Stop,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
)
from replay.sources.live_stream import ArrivingEvents
from replay_plugins.redact.finder import Finder
from replay_plugins.redact.streams import Mark, Piece, Pieces, Stream
from replay_plugins.redact.values import Pseudonyms, Redacted, Walker, plain, texts_in


class Overview:
    """Takes what a stretch consists of, in order.

    A secret may begin where a message or a run of deltas does, and run through several
    of them. So deltas are joined in each of these ways.
    """

    def __init__(self) -> None:
        self._whole: dict[str, list[str]] = {}
        self._messages: dict[str, list[str]] = {}
        self._runs: list[str] = []
        self._last = ""
        self._others: list[object] = []

    def deltas(self, kind: str, text: str) -> None:
        """Take deltas of one kind that follow each other."""
        self._whole.setdefault(kind, []).append(text)
        self._messages.setdefault(kind, []).append(text)
        if kind != self._last:
            self._runs.append("\n")
            self._last = kind
        self._runs.append(text)

    def end(self) -> None:
        """Take that messages end here, or that a full event comes."""
        self._last = ""
        for texts in self._messages.values():
            texts.append("\n")

    def other(self, value: object) -> None:
        """Take a JSON value by itself."""
        self._others.append(value)

    def may_hold_secrets(self, finder: Finder) -> bool:
        """Tell, quickly, whether there may be secrets in it all."""
        texts, has_secret_key = texts_in(self._others)
        texts += map("".join, self._whole.values())
        return has_secret_key or finder.may_hold(texts, self._again())

    def _again(self) -> Iterator[str]:
        yield from map("".join, self._messages.values())
        yield "".join(self._runs)


def may_hold_secrets(values: Sequence[object], finder: Finder) -> bool:
    """Tell, quickly, whether there may be secrets in JSON values by themselves."""
    overview = Overview()
    for value in values:
        overview.other(value)
    return overview.may_hold_secrets(finder)


_KINDS: Final = ("thinking", "text")
_MESSAGES: Final = ("thinking_delta", "thinking", "text_delta", "text")
_BOUNDARY_TYPES: Final = ("tool_call", "tool_result", "stop", "user_input")
Values: TypeAlias = Sequence[object]


@attrs.frozen
class Rewriter:
    """Replaces the secrets of one session.

    Args:
        finder: Finds them.
        names: Gives their pseudonyms.
        session_id: What the entries of the report say.
        root: The path of the list of events.
    """

    finder: Finder
    names: Pseudonyms
    session_id: str
    root: str

    def rewritten(
        self, values: Values, first: int, entries: list[Redacted]
    ) -> list[object]:
        """Return events with their secrets replaced, as many as there were.

        Args:
            values: Events as JSON values, which follow each other.
            first: The index of the first one in the session.
            entries: Gets what was replaced.
        """
        pieces = self._pieces(values)
        result: list[object] = []
        for place, value in enumerate(values):
            path = f"{self.root}[{first + place}]"
            result.append(self._event(value, pieces.get(place), path, entries))
        return result

    def walker(self, *, keeps_numbers: bool = False) -> Walker:
        """Return what replaces the secrets of values of the session."""
        return Walker(self.finder, self.names, self.session_id, keeps_numbers)

    def may_hold_in(self, values: Values) -> bool:
        """Tell, quickly, whether there may be a secret in events."""
        overview = Overview()
        for value in values:
            wire_type = _type_of_message(value)
            is_delta = wire_type is not None and wire_type.endswith("_delta")
            if wire_type and is_delta:
                overview.deltas(wire_type, value["content"])  # type: ignore[index]  # an object
            if is_delta and _is_text_alone(value):
                continue
            overview.other(value)
            if not is_delta and (wire_type or _may_be_boundary(value)):
                overview.end()
        return overview.may_hold_secrets(self.finder)

    def _pieces(self, values: Values) -> Pieces:
        """Return what is to be replaced in messages, by the places of the events."""
        marks: dict[str, list[Mark]] = {kind: [] for kind in _KINDS}
        for place, value in enumerate(values):
            for kind, mark in _marks(value, place):
                marks[kind].append(mark)
        pieces: Pieces = {}
        for each in marks.values():
            pieces.update(Stream(each, self.finder).pieces())
        return pieces

    def _event(
        self,
        value: object,
        pieces: Sequence[Piece] | None,
        path: str,
        entries: list[Redacted],
    ) -> object:
        if pieces is not None and not pieces and _is_text_alone(value):
            return value
        if not pieces and not may_hold_secrets([value], self.finder):
            return value
        walker = self.walker()
        result = _replaced(value, pieces, path, walker)
        if walker.has_numbers and _class(result) is not _class(value):
            walker = self.walker(keeps_numbers=True)
            result = _replaced(value, pieces, path, walker)
        entries += walker.entries
        return result


def _is_text_alone(message: object) -> bool:
    """Tell whether a message's object holds nothing else."""
    return isinstance(message, dict) and len(message) == 2  # noqa: PLR2004 - type, content


def _may_be_boundary(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") in _BOUNDARY_TYPES


def is_boundary(value: object) -> bool:
    """Tell whether an event ends what is pending."""
    return _may_be_boundary(value) and _class(value) is not UnknownEvent


def is_user_input(value: object) -> bool:
    """Tell whether an event is what the user said."""
    return is_boundary(value) and _class(value) is UserInput


def _class(value: object) -> type[Event]:
    return type(decode_event(value))


def _type_of_message(value: object) -> str | None:
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        return None
    wire_type = value.get("type")
    is_one = isinstance(wire_type, str) and wire_type in _MESSAGES
    return wire_type if is_one else None


def _marks(value: Any, place: int) -> Iterator[tuple[str, Mark]]:  # noqa: ANN401 - any JSON value
    """Yield what an event is to each kind of text."""
    if is_boundary(value):
        mark = Mark("forget" if is_user_input(value) else "boundary")
        yield from ((kind, mark) for kind in _KINDS)
    wire_type = _type_of_message(value)
    if wire_type is None:
        return
    content = value["content"]
    is_delta = wire_type.endswith("_delta")
    own = wire_type.removesuffix("_delta")
    for kind in _KINDS:
        if kind == own:
            yield kind, Mark("delta" if is_delta else "full", place, content)
        elif content or not is_delta:
            yield kind, Mark("cut")


def _replaced(
    value: Any,  # noqa: ANN401 - any JSON value
    pieces: Sequence[Piece] | None,
    path: str,
    walker: Walker,
) -> object:
    wire_type = value.get("type") if isinstance(value, dict) else None
    if not isinstance(wire_type, str) or wire_type not in EVENT_CLASSES:
        return walker.value(value, path)
    kept = {"type": wire_type}
    if pieces is not None:
        kept["content"] = walker.cut(value["content"], pieces, f"{path}.content")
    others = {key: None if key in kept else each for key, each in value.items()}
    result: Any = walker.value(others, path)  # an object gives an object
    return {**result, **kept}


_Item = TypeVar("_Item")
_LONGEST: Final = 20_000  # events that are held back, but for those of one message
_BOUNDARIES: Final = (ToolCall, ToolResult, Stop, UserInput)


@attrs.define(eq=False)
class _Latest:
    """The stretch that was read last, and how to go on."""

    stretches: Iterator[tuple[int, Sequence[object]]]
    first: int = 0
    values: Sequence[object] = ()


class RedactedEvents(RecordedEvents):
    """A history with its secrets replaced.

    What is held in memory is one turn: what a secret may run through. Of a live turn,
    it is what there is between two boundaries.
    """

    def __init__(
        self, events: Sequence[Event], rewriter: Rewriter, report: list[Redacted]
    ) -> None:
        """Take a history.

        Args:
            events: The history as it was recorded.
            rewriter: Replaces the secrets.
            report: Gets what was replaced, once, however often the events are read.
        """
        self._events = events
        self._rewriter = rewriter
        self._report = report
        self._reported = 0  # events
        self._longest = 0 if isinstance(events, ArrivingEvents) else _LONGEST
        self._latest: _Latest | None = None

    def __len__(self) -> int:
        return len(self._events)

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, its secrets replaced."""
        for _, values in self._stretches():
            yield from values

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        latest = self._latest
        if latest is None or index < latest.first:
            latest = self._latest = _Latest(self._stretches())
        while index >= latest.first + len(latest.values):
            latest.first, latest.values = next(latest.stretches)
        return latest.values[index - latest.first]

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield what the history consists of, each part with its first index."""
        for stretch in _cut(
            parts(self._events), _size, _opens_turn, _ends_message, self._longest
        ):
            start = stretch[0][0]
            if self._may_hold_in_parts(part for _, part in stretch):
                values = [value for _, part in stretch for value in _values_of(part)]
                rewritten = DecodedEvents(self._rewritten(values, start))
                yield from rewritten.parts(first + start)
            else:
                yield from ((first + index, part) for index, part in stretch)

    def __reduce__(self) -> tuple[object, ...]:
        return DecodedEvents, ([*self.values()],)

    def _stretches(self) -> Iterator[tuple[int, Sequence[object]]]:
        events = self._events
        values: Iterable[object] = map(_as_object, events)
        if isinstance(events, RecordedEvents):
            values = events.values()
        start = 0
        for stretch in _cut(
            values, lambda _: 1, is_user_input, is_boundary, self._longest
        ):
            if self._rewriter.may_hold_in(stretch):
                yield start, self._rewritten(stretch, start)
            else:
                yield start, stretch
            start += len(stretch)

    def _rewritten(self, values: Sequence[object], start: int) -> list[object]:
        entries: list[Redacted] = []
        rewritten = self._rewriter.rewritten(values, start, entries)
        if start >= self._reported:
            self._report += entries
            self._reported = start + len(values)
        return rewritten

    def _may_hold_in_parts(self, stretch: Iterable[Part]) -> bool:
        overview = Overview()
        for part in stretch:
            if isinstance(part, Deltas):
                overview.deltas(part.cls.type, part.text)
                for value in _more_than_text(part):
                    overview.other(value)
            else:
                overview.other(part.as_object())
                if not isinstance(part, UnknownEvent):
                    overview.end()
        return overview.may_hold_secrets(self._rewriter.finder)


def _cut(
    items: Iterable[_Item],
    size: Callable[[_Item], int],
    opens_turn: Callable[[_Item], bool],
    ends_message: Callable[[_Item], bool],
    longest: int,
) -> Iterator[list[_Item]]:
    """Yield stretches of a history: a turn each, or a part of a long one."""
    stretch: list[_Item] = []
    length = 0
    for item in items:
        if stretch and opens_turn(item):
            yield stretch
            stretch, length = [], 0
        stretch.append(item)
        length += size(item)
        if length >= longest and ends_message(item):
            yield stretch
            stretch, length = [], 0
    if stretch:
        yield stretch


def _size(item: tuple[int, Part]) -> int:
    return len(item[1].contents) if isinstance(item[1], Deltas) else 1


def _opens_turn(item: tuple[int, Part]) -> bool:
    return isinstance(item[1], UserInput)


def _ends_message(item: tuple[int, Part]) -> bool:
    return isinstance(item[1], _BOUNDARIES)


def _as_object(event: Event) -> object:
    return plain(event.as_object())


def _values_of(part: Part) -> Iterator[object]:
    return map(_as_object, part.events() if isinstance(part, Deltas) else [part])


def _more_than_text(deltas: Deltas) -> Iterator[object]:
    """Yield the deltas that hold more than a type and a text."""
    for item in deltas.items or ():
        value = item if isinstance(item, dict) else _as_object(item)  # type: ignore[arg-type]  # an event
        if len(value) > 2:  # type: ignore[arg-type]  # noqa: PLR2004 - an object
            yield value
