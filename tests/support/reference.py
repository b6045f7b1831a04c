"""A second implementation of the rules of coalescing, plain and slow.

It shares no code with the first. Texts are lists of UTF-16 units, so that halves of
characters join by themselves.
"""

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from replay import (
    Event,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    UnknownEvent,
    UserInput,
)

#: Kind, content, index, source, complete.
MessageFields: TypeAlias = tuple[str, str, int, str, bool]


def characters(text: str) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")


def units(text: str) -> list[str]:
    raw = text.encode("utf-16-le", "surrogatepass")
    return [
        chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2)
    ]


@attrs.define(eq=False)
class Place:
    """A place in the order of delivery: a run, a message, or both."""

    kind: str
    index: int
    units: list[str] = attrs.field(factory=list)
    messages: list[MessageFields] = attrs.field(factory=list)
    pending: bool = True
    is_rest: bool = False


class Reference:
    """The results of a history: ``messages``, and ``odd`` (code and index)."""

    def __init__(self, history: Sequence[Event]) -> None:
        self.messages: list[MessageFields] = []
        self.odd: list[tuple[str, int]] = []
        self.places: list[Place] = []
        self.open: Place | None = None
        self.latest: dict[str, list[str]] = {"text": [], "thinking": []}
        for index, event in enumerate(history):
            self.take(event, index)
        self.boundary(complete=False)

    def take(self, event: Event, index: int) -> None:
        if isinstance(event, UnknownEvent):
            return
        if isinstance(event, TextDelta | ThinkingDelta):
            if event.content:
                self.delta(event.type.removesuffix("_delta"), event.content, index)
        elif isinstance(event, Text | Thinking):
            self.open = None
            self.full(event.type, characters(event.content), index)
        else:
            is_cut = isinstance(event, UserInput)
            is_cut = is_cut or (isinstance(event, Stop) and event.is_error)
            self.boundary(complete=not is_cut)
            if isinstance(event, UserInput):
                self.latest = {"text": [], "thinking": []}

    def delta(self, kind: str, content: str, index: int) -> None:
        if self.open is None or self.open.kind != kind:
            self.open = Place(kind, index)
            self.places.append(self.open)
        self.open.units += units(content)

    def full(self, kind: str, content: str, index: int) -> None:
        runs = [p for p in self.places if p.pending and p.kind == kind]
        if not runs:
            self.alone(kind, content, index)
        elif content:
            self.settle(runs, content, index)
            self.latest[kind] = []
        self.deliver()

    def alone(self, kind: str, content: str, index: int) -> None:
        latest = self.latest[kind]
        tails = [characters("".join(latest[at:])) for at in range(len(latest))]
        if content in tails:
            self.odd.append(("late-full", index))
        else:
            if any(content.startswith(tail) for tail in tails):
                self.odd.append(("late-full-differs", index))
            message = (kind, content, index, "full", True)
            self.places.append(Place(kind, index, messages=[message], pending=False))
        self.latest[kind] = []

    def settle(self, runs: list[Place], content: str, index: int) -> None:
        everything = joined(runs)
        for at in range(len(runs)):
            if joined(runs[at:]) == content:
                return self.by_full(runs[at:], content)
        if everything.startswith(content) and everything[len(content) :].strip():
            return self.beginning(runs, content)
        if everything.startswith(content) or everything.strip() == content.strip():
            return self.by_full(runs, content)
        if content.startswith(everything):
            self.odd.append(("delta-gap", index))
            return self.by_full(runs, content)
        self.odd.append(("delta-mismatch", index))
        return self.by_full(runs[-1:], content)

    def by_full(self, runs: list[Place], content: str) -> None:
        first = runs[0]
        first.messages.append((first.kind, content, first.index, "both", True))
        for run in runs:
            run.pending = False

    def beginning(self, runs: list[Place], content: str) -> None:
        runs[0].messages.append((runs[0].kind, content, runs[0].index, "both", True))
        left = len(units(content))
        for run in runs:
            taken = min(left, len(run.units))
            run.units, left = run.units[taken:], left - taken
            run.pending = bool(run.units)
            run.is_rest = True

    def boundary(self, *, complete: bool) -> None:
        self.open = None
        for place in self.places:
            content = joined([place])
            if place.pending and not (place.is_rest and not content.strip()):
                message = (place.kind, content, place.index, "deltas", complete)
                place.messages.append(message)
                if place.is_rest:
                    self.odd.append(("delta-surplus", place.index))
            place.pending = False
        self.deliver()

    def deliver(self) -> None:
        while self.places:
            place = self.places[0]
            for message in place.messages:
                self.messages.append(message)
                latest = [*self.latest[place.kind], message[1]]
                self.latest[place.kind] = latest if message[3] == "deltas" else []
            place.messages = []
            if place.pending:
                return
            del self.places[0]


def joined(runs: list[Place]) -> str:
    return characters("".join(unit for run in runs for unit in run.units))
