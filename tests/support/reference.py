"""A second implementation of the rules of coalescing and pairing, plain and slow.

It shares no code with the first; the numbers are those of the rules. Texts are lists of
UTF-16 units, so that halves of characters join by themselves.
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
    ToolCall,
    ToolResult,
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
    is_rest: bool = False  #: whether a full event settled what is before it
    is_cut: bool = False  #: whether a full event settled its beginning
    settled: str | None = None  #: the first full event that settled something here


@attrs.define(eq=False)
class Exchange:
    """A tool exchange; ``call`` is None in an orphan."""

    call: ToolCall | None
    index: int
    turn: int
    status: str
    results: list[int] = attrs.field(factory=list)
    is_answered_late: bool = False


class Reference:
    """The results of a history.

    ``messages``, ``odd`` (code and index of what the deltas tell), and ``exchanges``.
    """

    def __init__(self, history: Sequence[Event]) -> None:
        self.messages: list[MessageFields] = []
        self.odd: list[tuple[str, int]] = []
        self.exchanges: list[Exchange] = []
        self.places: list[Place] = []
        self.open: Place | None = None
        self.deltas_alone: dict[str, list[str]] = {"text": [], "thinking": []}
        self.latest_full: dict[str, tuple[str, bool]] = {}
        self.turn, self.in_turn = 0, False
        for index, event in enumerate(history):
            self.take(event, index)
        self.boundary(complete=False)

    def take(self, event: Event, index: int) -> None:
        if isinstance(event, UnknownEvent):
            return
        if isinstance(event, TextDelta | ThinkingDelta):
            if event.content:
                self.delta(event.type.removesuffix("_delta"), event.content, index)
            return
        if isinstance(event, Text | Thinking):
            self.open = None
            self.full(event.type, characters(event.content), index)
            return
        is_cut = isinstance(event, UserInput)
        is_cut = is_cut or (isinstance(event, Stop) and event.is_error)
        self.boundary(complete=not is_cut)
        if isinstance(event, UserInput):
            self.deltas_alone = {"text": [], "thinking": []}
            self.in_turn = False
            self.enter_turn()
        elif isinstance(event, ToolCall):
            self.enter_turn()
            call = Exchange(event, index, self.turn, "unresolved")
            self.exchanges.append(call)
        elif isinstance(event, ToolResult):
            self.pair(event, index).results.append(index)
        else:
            self.in_turn = False

    def enter_turn(self) -> None:
        """Open a turn where none is open or the open one has a stop (rule 10)."""
        self.turn += not self.in_turn
        self.in_turn = True

    # Rules 1 to 8

    def delta(self, kind: str, content: str, index: int) -> None:
        self.enter_turn()
        if self.open is None or self.open.kind != kind:
            self.open = Place(kind, index)
            self.places.append(self.open)
        self.open.units += units(content)

    def full(self, kind: str, content: str, index: int) -> None:
        runs = [p for p in self.places if p.pending and p.kind == kind]
        if not runs:
            if not self.is_folded(kind, content, index):
                self.alone(kind, content, index)
        elif content:
            self.enter_turn()
            self.settle(runs, content, index)
            self.latest_full[kind] = content, True
            self.deltas_alone[kind] = []
        self.deliver()

    def is_folded(self, kind: str, content: str, index: int) -> bool:
        """Rule 6: tell of a repetition, and whether it is no message of its own."""
        alone = self.deltas_alone[kind]
        tails = [characters("".join(alone[at:])) for at in range(len(alone))]
        if content in tails:
            self.odd.append(("late-full", index))
            self.deltas_alone[kind] = []
            return True
        if any(content.startswith(tail) for tail in tails):
            self.odd.append(("late-full-differs", index))
        latest, has_deltas = self.latest_full.get(kind, (None, False))
        if latest != content:
            return False
        self.odd.append(("repeated-full", index))
        return has_deltas

    def alone(self, kind: str, content: str, index: int) -> None:
        self.enter_turn()
        message = (kind, content, index, "full", True)
        self.places.append(Place(kind, index, messages=[message], pending=False))
        self.latest_full[kind] = content, False
        self.deltas_alone[kind] = []

    def settle(self, runs: list[Place], content: str, index: int) -> None:
        everything = joined(runs)
        for at in range(len(runs)):  # 3, then 4
            if joined(runs[at:]) == content:
                return self.by_full(runs[at:], content)
        if everything.startswith(content):
            if everything[len(content) :].strip():
                return self.beginning(runs, content)
            return self.by_full(runs, content)
        if everything.strip() == content.strip():  # 5
            return self.by_full(runs, content)
        if content.startswith(everything):
            self.odd.append(("delta-gap", index))
            return self.by_full(runs, content)
        self.odd.append(("delta-mismatch", index))
        return self.by_full(runs[-1:], content)

    def by_full(self, runs: list[Place], content: str) -> None:
        first = runs[0]
        first.messages.append((first.kind, content, first.index, "both", True))
        first.settled = first.settled or content
        for run in runs:
            run.pending = False

    def beginning(self, runs: list[Place], content: str) -> None:
        self.by_full(runs, content)
        left = len(units(content))
        for run in runs:
            taken = min(left, len(run.units))
            run.units, left = run.units[taken:], left - taken
            run.pending = bool(run.units)
            run.is_rest = True
            run.is_cut = run.is_cut or taken > 0

    def boundary(self, *, complete: bool) -> None:
        self.open = None
        for number, place in enumerate(self.places):
            if place.pending:
                self.from_deltas(place, self.places[number + 1 :], complete=complete)
            place.pending = False
        self.latest_full = {}
        self.deliver()

    def from_deltas(
        self, run: Place, later: Sequence[Place], *, complete: bool
    ) -> None:
        """Rule 7: deliver a run that no full event settled, or fold it."""
        content = joined([run])
        is_blank = not content.strip()
        if is_blank and run.is_cut:
            return
        settled = [p.settled for p in later if p.kind == run.kind and p.settled]
        if settled and not is_blank and settled[0].startswith(content):
            self.odd.append(("replayed-deltas", run.index))
            return
        if (settled or run.is_rest) and not is_blank:
            self.odd.append(("delta-surplus", run.index))
        run.messages.append((run.kind, content, run.index, "deltas", complete))

    def deliver(self) -> None:
        while self.places:
            place = self.places[0]
            for message in place.messages:
                self.messages.append(message)
                alone = [*self.deltas_alone[place.kind], message[1]]
                self.deltas_alone[place.kind] = alone if message[3] == "deltas" else []
            place.messages = []
            if place.pending:
                return
            del self.places[0]

    # Rule 9

    def pair(self, result: ToolResult, index: int) -> Exchange:
        with_id = [
            each
            for each in self.exchanges
            if each.call is not None and each.call.call_id == result.call_id
        ]
        here = [each for each in with_id if each.turn == self.turn]
        waiting = [each for each in here if each.status == "unresolved"]
        if waiting:
            call = [*named(waiting, result), *waiting][0]
            call.status = "resolved"
            return call
        if same_name := named(here, result):
            return same_name[-1]
        if here and here[-1].status == "resolved":
            return here[-1]
        turns = [
            each.turn
            for each in with_id
            if each.turn < self.turn
            and each.status == "unresolved"
            and not each.is_answered_late
        ]
        if turns:
            waiting = [
                each
                for each in with_id
                if each.turn == turns[-1]
                and each.status == "unresolved"
                and not each.is_answered_late
            ]
            call = [*named(waiting, result), *waiting][0]
            call.is_answered_late = True
            self.exchanges.append(Exchange(call.call, index, self.turn, "late"))
        elif here:
            return here[-1]
        else:
            self.enter_turn()
            self.exchanges.append(Exchange(None, index, self.turn, "orphan"))
        return self.exchanges[-1]


def named(exchanges: Sequence[Exchange], result: ToolResult) -> list[Exchange]:
    return [each for each in exchanges if each.call and each.call.name == result.name]


def joined(runs: list[Place]) -> str:
    return characters("".join(unit for run in runs for unit in run.units))
