"""What is still missing of a turn that broke off, found in the session's history; pure.

The history may hold full events, deltas or both, and cut its deltas in other places.
So events are not compared one by one. Tool calls, tool results and stops come in the
same order everywhere: what stands before the last one that has come, has come too.
After it, text is counted, each kind for itself.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

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
    UnknownEvent,
    UserInput,
)
from replay.messages import Kind
from replay.runs import joined, taken_apart

_KINDS: dict[type, Kind] = {
    TextDelta: "text",
    Text: "text",
    ThinkingDelta: "thinking",
    Thinking: "thinking",
}


@attrs.define
class _Amount:
    """How much of one kind has come since the last boundary."""

    units: int = 0  #: of UTF-16: of the deltas, and of full events that had none
    unsettled: int = 0  #: of these, those of deltas that no full event has followed
    fulls: int = 0


class Progress:
    """Which events of a turn have come; its size does not grow with their number."""

    def __init__(self) -> None:
        self._boundaries = 0
        self._order = blake2b(digest_size=16)
        self._begin()

    def take(self, event: Event) -> None:
        """Count an event that has come."""
        if isinstance(event, ToolCall | ToolResult | Stop):
            self._boundaries += 1
            self._order.update(_identity(event))
            self._begin()
        elif isinstance(event, TextDelta | ThinkingDelta):
            amount = self._amounts[_KINDS[type(event)]]
            units = len(taken_apart(event.content))
            amount.units += units
            amount.unsettled += units
        elif isinstance(event, Text | Thinking):
            amount = self._amounts[_KINDS[type(event)]]
            units = len(taken_apart(event.content))
            amount.fulls += 1
            amount.units += 0 if amount.unsettled else units
            amount.unsettled = max(0, amount.unsettled - units)
        elif isinstance(event, UnknownEvent):
            self._unknown += 1

    def missing(
        self, history: Sequence[Event], prompt: str, known: int
    ) -> list[Event] | None:
        """Return what has not come of the turn.

        It is the latest turn of that prompt in which what has come can have come.

        Args:
            history: All of the session's events.
            prompt: What the turn began with.
            known: How many of the events are older than the turn, at least.

        Returns:
            None where there is no such turn.
        """
        inputs = [i for i, event in enumerate(history) if isinstance(event, UserInput)]
        for start, end in reversed([*pairwise([*inputs, len(history)])]):
            opening = history[start]
            if start < known or not isinstance(opening, UserInput):
                continue
            turn = history[start + 1 : end]
            if opening.content.strip() == prompt.strip() and self._fits(turn):
                return [*self._rest(turn)]
        return None

    def _begin(self) -> None:
        """Begin to count anew: after a boundary, all before it is settled."""
        self._amounts: dict[Kind, _Amount] = {"text": _Amount(), "thinking": _Amount()}
        self._unknown = 0

    def _fits(self, turn: Sequence[Event]) -> bool:
        order = blake2b(digest_size=16)
        left = self._boundaries
        for event in turn:
            if left and isinstance(event, ToolCall | ToolResult | Stop):
                order.update(_identity(event))
                left -= 1
        return not left and order.digest() == self._order.digest()

    def _rest(self, turn: Sequence[Event]) -> Iterator[Event]:
        left = self._boundaries
        come: dict[Kind, _Amount] = {
            k: attrs.evolve(a) for k, a in self._amounts.items()
        }
        unknown = self._unknown
        for event in turn:
            is_boundary = isinstance(event, ToolCall | ToolResult | Stop)
            if left:
                left -= is_boundary
                continue
            if is_boundary:
                come = {"text": _Amount(), "thinking": _Amount()}
                unknown = 0
            if isinstance(event, UnknownEvent) and unknown:
                unknown -= 1
            elif isinstance(event, TextDelta | ThinkingDelta):
                yield from _uncounted(event, come[_KINDS[type(event)]])
            elif isinstance(event, Text | Thinking) and come[_KINDS[type(event)]].fulls:
                come[_KINDS[type(event)]].fulls -= 1
            else:
                yield event


def _uncounted(
    delta: TextDelta | ThinkingDelta, come: _Amount
) -> Iterator[TextDelta | ThinkingDelta]:
    """Yield what of a delta has not come, and count off what has."""
    units = taken_apart(delta.content)
    counted = min(len(units), come.units)
    come.units -= counted
    if not counted:
        yield delta
    elif counted < len(units):
        yield type(delta)(joined(units[counted:]))


def _identity(event: ToolCall | ToolResult | Stop) -> bytes:
    call_id = "" if isinstance(event, Stop) else event.call_id
    return f"{event.type}:{len(call_id)}:{call_id}".encode("utf-8", "surrogatepass")
