"""The events of a session, with secrets replaced as they are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, TypeVar, get_args

import attrs

from replay import (
    Boundary,
    Delta,
    Event,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
)
from replay.authoring import (
    EVENT_CLASSES,
    ArrivingEvents,
    DecodedEvents,
    Deltas,
    Part,
    RecordedEvents,
    decode_event,
    join_surrogates,
    parts_of,
    tool_payload,
)
from replay_plugins.redact.finder import Finder
from replay_plugins.redact.streams import Piece, message_texts, secret_pieces
from replay_plugins.redact.values import (
    Pseudonyms,
    Redacted,
    ValueRedactor,
    plain,
    texts_in,
)


@attrs.frozen
class SessionRedactor:
    """A replacer of one session's secrets.

    Args:
        session_id: The id in the report's entries.
        root: The path of the list of events.
    """

    finder: Finder
    names: Pseudonyms
    session_id: str
    root: str

    def checked(
        self, rewrite: Callable[[ValueRedactor], Any], is_valid: Callable[[Any], bool]
    ) -> tuple[Any, list[Redacted]]:
        """Return a value with its secrets replaced, and the replacements.

        Args:
            rewrite: Returns the value, rewritten by a :class:`ValueRedactor`.
            is_valid: Tells whether the rewritten value is still valid; if it isn't,
                because a number became text, its secret numbers become 0.
        """
        redactor = ValueRedactor(self.finder, self.names, self.session_id)
        result = rewrite(redactor)
        if redactor.has_numbers and not is_valid(result):
            redactor = attrs.evolve(redactor, keeps_numbers=True)
            result = rewrite(redactor)
        return result, redactor.entries

    def narrowed(
        self,
        stretch: Sequence[tuple[int, Part]],
        values: Sequence[object] | None = None,
    ) -> "SessionRedactor | None":
        """Return a replacer for parts of a history, which takes less time.

        A secret may begin with a message, and run through several of them, so deltas
        are joined in each of these ways.

        Args:
            stretch: The parts, with their indexes.
            values: The events' JSON values by index; None: they are made.

        Returns:
            The replacer; None: the parts hold no secret.
        """
        whole: dict[type, list[str]] = {cls: [] for cls in get_args(Delta)}
        parted: dict[type, list[str]] = {cls: [] for cls in get_args(Delta)}
        others: list[object] = []
        for index, part in stretch:
            if isinstance(part, Deltas):
                whole[part.cls].append(part.text)
                parted[part.cls].append(part.text)
                others += _more_than_text(part)
                continue
            others += _payload(part) if values is None else [values[index]]
            if not isinstance(part, UnknownEvent):
                for pieces in parted.values():
                    pieces.append("\n")
        texts, has_secret_key = texts_in(others)
        texts += map("".join, whole.values())
        again = chain(map("".join, parted.values()), message_texts(stretch))
        if has_secret_key:
            return self
        finder = self.finder.narrowed(texts, again)
        return None if finder is None else attrs.evolve(self, finder=finder)

    def rewritten(
        self, values: Sequence[object], first: int, entries: list[Redacted]
    ) -> list[object]:
        """Return events with their secrets replaced, as many as there were.

        Args:
            values: Consecutive events as JSON values.
            first: The index of the first one in the session.
            entries: The list to add the replacements to.
        """
        pieces = secret_pieces(values, self.finder)
        return [
            value
            if pieces.get(place) == [] and not _is_more_than_text(value)
            else self._event(value, pieces.get(place), first + place, entries)
            for place, value in enumerate(values)
        ]

    def _event(
        self,
        value: object,
        pieces: Sequence[Piece] | None,
        index: int,
        entries: list[Redacted],
    ) -> object:
        path = f"{self.root}[{index}]"
        result, replaced = self.checked(
            lambda redactor: _replaced(value, pieces, path, redactor),
            lambda result: _class(result) is _class(value),
        )
        entries += replaced
        return result


def _is_more_than_text(message: Any) -> bool:  # noqa: ANN401 - a JSON object
    return len(message) > 2  # noqa: PLR2004 - type, content


def _class(value: object) -> type[Event]:
    return type(decode_event(value))


def _replaced(
    value: Any,  # noqa: ANN401 - any JSON value
    pieces: Sequence[Piece] | None,
    path: str,
    redactor: ValueRedactor,
) -> object:
    wire_type = value.get("type") if isinstance(value, dict) else None
    if not isinstance(wire_type, str) or wire_type not in EVENT_CLASSES:
        return redactor.value(value, path)
    kept = {"type": wire_type}
    if pieces is not None:
        content = join_surrogates(value["content"])  # as JSON does; pieces count so
        kept["content"] = redactor.cut(content, pieces, f"{path}.content")
    others = {key: None if key in kept else each for key, each in value.items()}
    result: Any = redactor.value(others, path)  # an object gives an object
    return {**result, **kept}


_LONGEST: Final = 20_000  # events held back, not counting the rest of a message


class RedactedEvents(RecordedEvents):
    """A history with its secrets replaced.

    One turn is held in memory, since a secret may run through all of it; of a live
    turn, only the part between two boundaries.

    Args:
        events: The history as it was recorded.
        redactor: Replaces the secrets.
        report: Gets each replacement, once, however often the events are read.
    """

    def __init__(
        self, events: Sequence[Event], redactor: SessionRedactor, report: list[Redacted]
    ) -> None:
        self._events = events
        self._redactor = redactor
        self._report = report
        self._reported = 0  # events
        self._longest = 0 if isinstance(events, ArrivingEvents) else _LONGEST
        #: the stretches after the last one read, and that one
        self._later: Iterator[tuple[int, list[object]]] = iter(())
        self._first, self._values = 0, list[object]()

    def __len__(self) -> int:
        return len(self._events)

    def values(self) -> Iterator[object]:
        """Yield each event's JSON value, with its secrets replaced."""
        for _, values in self._stretches():
            yield from values

    def value(self, index: int) -> object:
        """Return the JSON value of the event at *index*."""
        if index < self._first or not self._values:
            self._later, self._first, self._values = self._stretches(), 0, []
        while index >= self._first + len(self._values):
            self._first, self._values = next(self._later)
        return self._values[index - self._first]

    def parts(self, first: int = 0) -> Iterator[tuple[int, Part]]:
        """Yield the history's parts, each with its first index."""
        for stretch in _cut(parts_of(self._events), _look_at_part, self._longest):
            start = stretch[0][0]
            redactor = self._redactor.narrowed(stretch)
            if redactor is None:
                yield from ((first + index, part) for index, part in stretch)
            else:
                values = [value for _, part in stretch for value in _values_of(part)]
                rewritten = DecodedEvents(self._rewritten(values, start, redactor))
                yield from rewritten.parts(first + start)

    def __reduce__(self) -> tuple[object, ...]:
        return DecodedEvents, ([*self.values()],)

    def _stretches(self) -> Iterator[tuple[int, list[object]]]:
        events = self._events
        values: Iterable[object] = map(_as_object, events)
        if isinstance(events, RecordedEvents):
            values = events.values()
        start = 0
        for stretch in _cut(values, _look_at_value, self._longest):
            found = [*DecodedEvents(stretch).parts()]
            redactor = self._redactor.narrowed(found, stretch)
            if redactor is None:
                yield start, stretch
            else:
                yield start, self._rewritten(stretch, start, redactor)
            start += len(stretch)

    def _rewritten(
        self, values: Sequence[object], start: int, redactor: SessionRedactor
    ) -> list[object]:
        entries: list[Redacted] = []
        rewritten = redactor.rewritten(values, start, entries)
        if start >= self._reported:
            self._report += entries
            self._reported = start + len(values)
        return rewritten


_Item = TypeVar("_Item")
_BOUNDARY_TYPES: Final = [cls.type for cls in get_args(Boundary)]


def _cut(
    items: Iterable[_Item],
    look_at: Callable[[_Item], tuple[type, int]],
    longest: int,
) -> Iterator[list[_Item]]:
    """Yield stretches of a history: a turn each, or a part of a long one.

    Args:
        items: The history's parts or events.
        look_at: Returns an item's class and its number of events.
        longest: Number of events after which a stretch ends at the next boundary.
    """
    stretch: list[_Item] = []
    length = 0
    for item in items:
        cls, size = look_at(item)
        if stretch and cls is UserInput:
            yield stretch
            stretch, length = [], 0
        stretch.append(item)
        length += size
        if length >= longest and issubclass(cls, Boundary):
            yield stretch
            stretch, length = [], 0
    if stretch:
        yield stretch


def _look_at_part(item: tuple[int, Part]) -> tuple[type, int]:
    _, part = item
    return type(part), len(part.contents) if isinstance(part, Deltas) else 1


def _look_at_value(value: object) -> tuple[type, int]:
    may_matter = isinstance(value, dict) and value.get("type") in _BOUNDARY_TYPES
    return _class(value) if may_matter else object, 1


def _as_object(event: Event) -> object:
    match event:  # a payload that is read-only takes long
        case ToolCall():
            rest = attrs.evolve(event, arguments={}).as_object()
            return plain(rest | {"arguments": tool_payload(event)})
        case ToolResult():
            rest = attrs.evolve(event, result=None).as_object()
            return plain(rest | {"result": tool_payload(event)})
    return plain(event.as_object())


def _payload(event: Event) -> list[object]:
    """Return the JSON values in an event that may hold a secret."""
    if not isinstance(event, ToolCall | ToolResult):
        return [event.as_object()]
    image = event.image_attachment if isinstance(event, ToolResult) else None
    more = image.as_object() if image else None
    return [event.call_id, event.name, tool_payload(event), event.extra, more]


def _values_of(part: Part) -> Iterable[object]:
    """Return the JSON values of a part's events."""
    if not isinstance(part, Deltas):
        return [_as_object(part)]
    if part.items is None:
        return [{"type": part.cls.type, "content": each} for each in part.contents]
    is_recorded = isinstance(part.items[0], dict)
    return part.items if is_recorded else map(_as_object, part.items)  # type: ignore[arg-type]  # events


def _more_than_text(deltas: Deltas) -> Iterator[object]:
    """Yield the deltas that hold more than a type and a text."""
    for item in deltas.items or ():
        value = item if isinstance(item, dict) else _as_object(item)  # type: ignore[arg-type]  # an event
        if _is_more_than_text(value):
            yield value
