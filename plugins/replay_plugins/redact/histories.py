"""A stretch of a history with its secrets replaced, each event at its place."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import attrs

from replay.codec import decode_event
from replay.events import EVENT_CLASSES, Event, UnknownEvent, UserInput
from replay_plugins.redact.finding import Finder
from replay_plugins.redact.overviews import Overview, may_hold_secrets
from replay_plugins.redact.pieces import Piece
from replay_plugins.redact.pseudonyms import Pseudonyms
from replay_plugins.redact.replacing import Redacted
from replay_plugins.redact.streams import Mark, Pieces, Stream
from replay_plugins.redact.walking import Walker

_KINDS: Final = ("thinking", "text")
_MESSAGES: Final = ("thinking_delta", "thinking", "text_delta", "text")
_BOUNDARIES: Final = ("tool_call", "tool_result", "stop", "user_input")
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
    return isinstance(value, dict) and value.get("type") in _BOUNDARIES


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
