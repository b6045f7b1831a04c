"""One pass over a history, event by event."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar, Final

import attrs

from replay.coalescing.coalescer import Coalescer, Composition
from replay.codec.parts import Deltas, Part, part_of
from replay.codec.structure import event_of
from replay.errors import wrong_type
from replay.model.diagnostics import Diagnostic
from replay.model.events import (
    DELTAS,
    Event,
    FullEvent,
    Stop,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
)
from replay.model.messages import Message, ToolExchange

_SHOWN: Final = 60  # characters of a name, so that long names are not repeated


@attrs.define(eq=False)
class Exchange:
    """A tool exchange while its results are still coming in."""

    call: ToolCall | None
    index: int
    end: int
    status: str
    results: list[ToolResult] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        """The name of the tool that was called."""
        return self.call.name  # type: ignore[union-attr]  # no one asks an orphan

    def frozen(self) -> ToolExchange:
        """Return it as it stands."""
        return ToolExchange(
            self.call,
            tuple(self.results),
            self.status,  # type: ignore[arg-type]  # it is one of the four words
            self.index,
            self.end,
        )


@attrs.define(eq=False)
class Effects:
    """The effects of one event, in the order of the hooks."""

    released: Sequence[Message] = ()  #: messages that a boundary released
    closes: bool = False  #: the turn before it ends
    opens: bool = False  #: a turn begins with it
    diagnostics: Sequence[Diagnostic] = ()
    settled: Sequence[Message] = ()  #: messages that a full event settled
    exchange: Exchange | None = None  #: the tool exchange that it belongs to


NO_EFFECTS = Effects()


class _SharedId:
    """The calls of one turn that share an id."""

    def __init__(self, first: Exchange) -> None:
        self._waiting: OrderedDict[int, str] = OrderedDict()  # names, oldest first
        self._waiting_by_name: dict[str, deque[Exchange]] = {}
        self._latest_by_name: dict[str, Exchange] = {}
        self.add(first)

    @property
    def waits(self) -> bool:
        """Whether any of the calls has no result yet."""
        return bool(self._waiting)

    def add(self, exchange: Exchange) -> None:
        """Add a call, with its results if it has any."""
        self._latest = self._latest_by_name[exchange.name] = exchange
        if exchange.status == "unresolved":
            self._waiting[exchange.index] = exchange.name
            self._waiting_by_name.setdefault(exchange.name, deque()).append(exchange)

    def match(self, name: str) -> Exchange:
        """Return the call of a result: the oldest that waits, else the latest.

        Those of the result's *name* come first.
        """
        if not self._waiting:
            return self._latest_by_name.get(name, self._latest)
        named = self._waiting_by_name.get(name)
        if not named:
            oldest = next(iter(self._waiting.values()))
            named = self._waiting_by_name[oldest]
        exchange = named.popleft()
        del self._waiting[exchange.index]
        return exchange


class OpenCalls:
    """Tool calls by id: those of this turn, and those that earlier ones left open."""

    def __init__(self) -> None:
        self._first: dict[str, Exchange] = {}
        self._shared: dict[str, _SharedId] = {}
        self._earlier: dict[str, list[_SharedId]] = {}

    def add(self, exchange: Exchange, call_id: str) -> None:
        """Take a call, with its results if it has any."""
        first = self._first.setdefault(call_id, exchange)
        if first is exchange:
            return
        if call_id in self._shared:
            self._shared[call_id].add(exchange)
        else:
            self._shared[call_id] = shared = _SharedId(first)
            shared.add(exchange)

    def match(self, result: ToolResult, index: int) -> Exchange:
        """Return the exchange that *result* belongs to."""
        shared = self._shared.get(result.call_id)
        known = shared.match(result.name) if shared else self._first.get(result.call_id)
        if known is None or (known.status == "late" and known.name != result.name):
            late = self._late(result, index)
            return late or known or Exchange(None, index, index, "orphan")
        if known.status == "unresolved":
            known.status = "resolved"
        return known

    def _late(self, result: ToolResult, index: int) -> Exchange | None:
        turns = self._earlier.get(result.call_id)
        if not turns:
            return None
        call = turns[-1].match(result.name).call
        if not turns[-1].waits:
            turns.pop()
        late = Exchange(call, index, index, "late")
        self.add(late, result.call_id)
        return late

    def end_turn(self) -> None:
        """Set aside the calls that are still open, for late results."""
        for call_id, first in self._first.items():
            shared = self._shared.get(call_id)
            if shared is None and first.status == "unresolved":
                shared = _SharedId(first)
            if shared and shared.waits:
                self._earlier.setdefault(call_id, []).append(shared)
        self._first.clear()
        self._shared.clear()


class Walk:
    """A walk through a history's events: one :meth:`step` each, then :meth:`finish`.

    Args:
        compositions: Collects the composition of each message that isn't a full event
            alone; None: they are not collected.
    """

    def __init__(self, compositions: list[Composition] | None = None) -> None:
        self.turn = -1  #: the number of the latest turn; -1: none has begun
        self._coalescer = Coalescer(compositions)
        self._calls = OpenCalls()
        self.is_open = False  #: whether a turn has begun that has no stop yet
        self._has_early_events = False

    def step(self, part: Part, index: int) -> Effects:
        """Take the part of the history that begins at *index*.

        Raises:
            TypeError: It isn't an event.
        """
        take = self._take.get(type(part))
        if take is None:
            message = f"expected an event such as Text, got {type(part).__name__}"
            raise TypeError(message)
        return take(self, part, index)

    def _deltas(self, deltas: Deltas, index: int) -> Effects:
        if not deltas.text:
            return NO_EFFECTS
        effects = NO_EFFECTS if self.is_open else self._begin(Effects())
        self._coalescer.delta(
            deltas.cls.kind,
            deltas.text,
            index + deltas.first,
            may_have_surrogates=deltas.may_have_surrogates,
        )
        return effects

    def finish(self) -> Effects:
        """Take the end of the events; here a turn opens before it closes."""
        effects = Effects(released=self._coalescer.release(complete=False))
        if self.turn < 0 and self._has_early_events:
            self._begin(effects)
        effects.closes = self.turn >= 0
        return self._with_diagnostics(effects)

    def _full(self, event: FullEvent, index: int) -> Effects:
        messages = self._coalescer.full(event, index)
        effects = Effects()
        if messages is not None:
            effects.settled = messages
            if not self.is_open:
                self._begin(effects)
        return self._with_diagnostics(effects)

    def _unknown(self, event: UnknownEvent, index: int) -> Effects:
        self._has_early_events = True
        if event.foreign_type:
            return Effects()
        return Effects(diagnostics=[Diagnostic(event.code, index, event.reason)])

    def _user_input(self, _: UserInput, __: int) -> Effects:
        effects = self._boundary(complete=False)
        self._coalescer.forget()
        self._begin(effects)
        return self._with_diagnostics(effects)

    def _tool_call(self, event: ToolCall, index: int) -> Effects:
        effects = self._boundary()
        if not self.is_open:
            self._begin(effects)
        effects.exchange = Exchange(event, index, index, "unresolved")
        self._calls.add(effects.exchange, event.call_id)
        return self._with_diagnostics(effects)

    def _tool_result(self, event: ToolResult, index: int) -> Effects:
        effects = self._boundary()
        exchange = effects.exchange = self._calls.match(event, index)
        exchange.results.append(event)
        exchange.end = index
        if exchange.status == "late":
            self._say("late-result", index, f"its call is {event.call_id!a}")
        if exchange.call is None:
            self._say("orphan-result", index, f"no call has the id {event.call_id!a}")
            if not self.is_open:
                self._begin(effects)
        elif exchange.call.name != event.name:
            names = (name[:_SHOWN] for name in (event.name, exchange.call.name))
            detail = "{!a} answers a call of {!a}".format(*names)
            self._say("result-name-differs", index, detail)
        return self._with_diagnostics(effects)

    def _stop(self, event: Stop, index: int) -> Effects:
        effects = self._boundary(complete=not event.is_error)
        if self.turn < 0:
            self._begin(effects)
        elif not self.is_open:
            self._say("repeated-stop", index, "its turn has stopped before")
        if event.is_error != (event.error is not None):
            said = "an error, and names none" if event.is_error else "no error, yet one"
            self._say("error-flag-differs", index, f"is_error says {said}")
        self.is_open = False
        return self._with_diagnostics(effects)

    _take: ClassVar[dict[type, Callable[..., Effects]]] = {
        Deltas: _deltas,
        Text: _full,
        Thinking: _full,
        ToolCall: _tool_call,
        ToolResult: _tool_result,
        UserInput: _user_input,
        Stop: _stop,
        UnknownEvent: _unknown,
    }

    def _boundary(self, *, complete: bool = True) -> Effects:
        return Effects(self._coalescer.release(complete=complete))

    def _begin(self, effects: Effects) -> Effects:
        effects.closes, effects.opens = self.turn >= 0, True
        self.turn += 1
        self.is_open = True
        self._calls.end_turn()
        return effects

    def _say(self, code: str, index: int, detail: str) -> None:
        self._coalescer.diagnostics.append(Diagnostic(code, index, detail))

    def _with_diagnostics(self, effects: Effects) -> Effects:
        if self._coalescer.diagnostics:
            effects.diagnostics = self._coalescer.diagnostics
            self._coalescer.diagnostics = []
        return effects


def compositions_of(history: Iterable[tuple[int, Part]]) -> list[Composition]:
    """Return how a history's deltas became messages, in order of settling.

    A full event without deltas has no entry; one that repeats messages has one.

    Args:
        history: The history's parts, each with the index of its first event.
    """
    compositions: list[Composition] = []
    walk = Walk(compositions)
    for index, part in history:
        walk.step(part, index)
    walk.finish()
    return compositions


def coalesce(
    events: Iterable[Event | Mapping[str, object]],
    *,
    on_diagnostic: Callable[[Diagnostic], object] | None = None,
) -> Iterator[Event | Message]:
    """Yield the events of a history, with messages in place of full events.

    Every message is yielded exactly once, however its deltas were cut, at the latest
    with the next tool event, stop or user input. All other events, deltas included,
    are yielded unchanged.

    Args:
        events: A history, oldest event first; events, or their JSON objects.
        on_diagnostic: Called with each diagnostic as it is found; None: nothing is.

    Raises:
        TypeError: *events* isn't a list of events but a session, say.

    >>> from replay import Text, TextDelta
    >>> history = [TextDelta("Reve"), TextDelta("nue"), Text("Revenue")]
    >>> [item.content for item in coalesce(history)]
    ['Reve', 'nue', 'Revenue']
    """
    if type(events) not in _LISTS and not _may_be_events(events):
        advice = "coalesce(session.events), with session = replay.load(path)"
        raise wrong_type(events, "a list of events", advice)
    return _walked(events, on_diagnostic or (lambda _: None))


_LISTS: Final = (list, tuple)


def _may_be_events(value: object) -> bool:
    is_iterable = isinstance(value, Iterable)
    return is_iterable and not isinstance(value, str | bytes | Mapping)


def _walked(
    events: Iterable[Event | Mapping[str, object]],
    tell: Callable[[Diagnostic], object],
) -> Iterator[Event | Message]:
    walk, index = Walk(), 0
    for cls, group in groupby(events, type):
        if cls in DELTAS:
            contents: list[str] = []
            for delta in group:
                contents.append(delta.content)  # type: ignore[union-attr]  # it is one
                yield delta  # type: ignore[misc]  # it is one
            walk.step(Deltas(cls, contents, "".join(contents)), index)
            index += len(contents)
        else:
            is_object = issubclass(cls, Mapping)
            for entry in group:
                event: Any = event_of(entry) if is_object else entry  # as cls says
                part = part_of(event) if is_object else event
                yield from _coalesced(event, walk.step(part, index), tell)
                index += 1
    effects = walk.finish()
    yield from effects.released
    for diagnostic in effects.diagnostics:
        tell(diagnostic)


def _coalesced(
    event: Event, effects: Effects, tell: Callable[[Diagnostic], object]
) -> Iterator[Event | Message]:
    yield from effects.released
    if not isinstance(event, FullEvent):
        yield event
    for diagnostic in effects.diagnostics:
        tell(diagnostic)
    yield from effects.settled
