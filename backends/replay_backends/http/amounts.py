"""How much text of a turn has come, and of which kind; pure."""

from collections.abc import Iterator

import attrs

from replay.events import (
    Event,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
)
from replay.messages import Kind
from replay.runs import joined, taken_apart

#: What comes in the same order everywhere, and settles all text before it.
Boundary = ToolCall | ToolResult | Stop
Delta = TextDelta | ThinkingDelta
Full = Text | Thinking


@attrs.define
class Amount:
    """How much of one kind has come since the last boundary."""

    units: int = 0  #: of UTF-16: of the deltas, and of what full events had beyond them
    unsettled: int = 0  #: of these, those of deltas that no full event has followed
    fulls: int = 0

    def take(self, event: Delta | Full) -> str:
        """Count an event, and return what it adds to the text, in units."""
        units = taken_apart(event.content)
        if isinstance(event, Delta):
            self.unsettled += len(units)
            added = units
        else:
            self.fulls += 1
            added = units[self.unsettled :]
            self.unsettled = max(0, self.unsettled - len(units))
        self.units += len(added)
        return added

    def uncounted(self, event: Delta | Full) -> Iterator[Delta | Full]:
        """Yield what of an event has not come, and count off what has."""
        if not isinstance(event, Delta):
            if self.fulls:
                self.fulls -= 1
            else:
                yield event
            return
        units = taken_apart(event.content)
        counted = min(len(units), self.units)
        self.units -= counted
        if not counted:
            yield event
        elif counted < len(units):
            yield type(event)(joined(units[counted:]))


class Amounts:
    """The amounts of both kinds since the last boundary."""

    def __init__(self) -> None:
        self._of: dict[Kind, Amount] = {"text": Amount(), "thinking": Amount()}

    def of(self, event: Delta | Full) -> Amount:
        """Return the amount that counts an event's kind."""
        return self._of[kind_of(event)]

    def copy(self) -> "Amounts":
        """Return the same amounts, to be counted off."""
        copy = Amounts()
        copy._of = {kind: attrs.evolve(each) for kind, each in self._of.items()}
        return copy


def kind_of(event: Delta | Full) -> Kind:
    """Return which kind of text an event has."""
    return "text" if isinstance(event, Text | TextDelta) else "thinking"


def texts_of(event: Event, amounts: Amounts) -> Iterator[tuple[Kind, str, str]]:
    """Count an event; yield what it adds to each reading of its turn's text.

    A turn is read in three ways: its deltas alone, its full events alone, and all that
    is said, where a full event adds only what its deltas lacked.

    Yields:
        The kind, the reading's name, and the text in units.
    """
    if isinstance(event, Delta | Full):
        kind = kind_of(event)
        yield kind, "said", amounts.of(event).take(event)
        name = "deltas" if isinstance(event, Delta) else "fulls"
        yield kind, name, taken_apart(event.content)
