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
    """How much of one kind has come since the last boundary.

    White space counts only at the end of what has come: the service may trim the rest.
    """

    units: int = 0  #: of UTF-16, solid: of deltas, and what full events had beyond them
    blanks: int = 0  #: units of white space after the last of these
    unsettled: int = 0  #: of the solid units, those that no full event has followed
    fulls: int = 0

    def take(self, event: Delta | Full) -> str:
        """Count an event, and return what it adds to the text, in units."""
        added = taken_apart(event.content)
        if isinstance(event, Delta):
            self.unsettled += len(solid(added))
        else:
            self.fulls += 1
            pending = Amount(self.unsettled, self.blanks if self.unsettled else 0)
            added = added[pending.count_off(added) :]
            self.unsettled = pending.units
        self.units += len(solid(added))
        blanks = len(added) - len(added.rstrip())
        self.blanks = blanks + (self.blanks if blanks == len(added) else 0)
        return added

    def count_off(self, units: str) -> int:
        """Count off what of some text has come, and return where the rest begins."""
        for place, unit in enumerate(units):
            is_blank = unit.isspace()
            if self.units:
                self.units -= not is_blank
            elif is_blank and self.blanks:
                self.blanks -= 1
            else:
                self.blanks = 0
                return place
        return len(units)

    def uncounted(self, event: Delta | Full) -> Iterator[Delta | Full]:
        """Yield what of an event has not come, and count off what has."""
        if not isinstance(event, Delta):
            if self.fulls:
                self.fulls -= 1
            else:
                yield event
            return
        units = taken_apart(event.content)
        place = self.count_off(units)
        if not place:
            yield event
        elif place < len(units):
            yield type(event)(joined(units[place:]))


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


def solid(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())
