"""The turns of a session: what was asked, done and answered."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final, Literal

import attrs

from replay.coalescing.walk import NO_EFFECTS, Effects, Exchange, Walk
from replay.codec.history import parts_of
from replay.codec.parts import Part
from replay.codec.stored_history import StoredEvents
from replay.model.diagnostics import Diagnostic
from replay.model.events import Stop, UnknownEvent, UserInput
from replay.model.messages import Step, Turn
from replay.model.sessions import Session

_UNKNOWN_KEPT: Final = 100  # consecutive unknown events
_DIAGNOSTICS_KEPT: Final = 10_000


class TurnBuilder:
    """A builder of turns, one after another, from the effects of a walk.

    Args:
        stored: Where to read the last of many consecutive unknown events again whenever
            a turn's steps are iterated; None: they are all kept.
    """

    def __init__(self, stored: StoredEvents | None = None) -> None:
        self._user_input: UserInput | None = None
        self._steps: list[tuple[int, Step | Exchange | _Unread]] = []
        self._stop: Stop | None = None
        self._stored = stored
        self._unknown = range(0)  # the latest consecutive unknown events

    def add(self, event: Part, index: int, effects: Effects) -> Turn | None:
        """Take an event with its effects; return the turn that ended before it."""
        if effects.released:
            self._add_messages(effects)
        ended = None
        if effects.closes:
            ended = self._turn()
            self._steps, self._stop = [], None
        if effects.opens:
            self._user_input = event if isinstance(event, UserInput) else None
        for message in effects.settled:
            self._steps.append((message.index, message))
        exchange = effects.exchange
        if exchange is not None:
            if exchange.index == index:
                self._steps.append((index, exchange))
        elif isinstance(event, Stop):
            self._stop = event
        elif isinstance(event, UnknownEvent) and event.is_event:
            self._add_unknown(event, index)
        return ended

    def finish(self, effects: Effects) -> Turn | None:
        """Take the end of the events; return the last turn, if there is one."""
        self._add_messages(effects)
        return self._turn() if effects.closes else None

    def _add_unknown(self, event: UnknownEvent, index: int) -> None:
        is_next = bool(self._unknown) and index == self._unknown.stop
        self._unknown = range(self._unknown.start if is_next else index, index + 1)
        if self._stored is None or len(self._unknown) <= _UNKNOWN_KEPT:
            self._steps.append((index, event))
        elif len(self._unknown) == _UNKNOWN_KEPT + 1:
            self._steps.append((index, _Unread(self._stored, index, index + 1)))
        else:
            last: Any = self._steps[-1][1]  # as no other step came between
            last.end = index + 1

    def _add_messages(self, effects: Effects) -> None:
        for message in effects.released:
            self._steps.append((message.index, message))

    def _turn(self) -> Turn:
        self._steps.sort(key=itemgetter(0))
        self._unknown = range(0)
        stop = self._stop
        steps: Any = tuple(
            [
                step.frozen() if isinstance(step, Exchange) else step
                for _, step in self._steps
            ]
        )
        if any(isinstance(step, _Unread) for step in steps):
            steps = _Steps(steps)
        return Turn(
            user_input=self._user_input,
            steps=steps,
            stop=stop,
            status=_status(stop),
            usage=stop.usage if stop else None,
        )


@attrs.define(eq=False)
class _Unread:
    """Consecutive unknown events, to be read again."""

    stored: StoredEvents
    first: int
    end: int


@attrs.frozen(eq=False)
class _Steps:
    """A turn's steps, some of which are read whenever they are iterated."""

    kept: tuple[Step | _Unread, ...]

    def __iter__(self) -> Iterator[Step]:
        for step in self.kept:
            if isinstance(step, _Unread):
                for index in range(step.first, step.end):
                    yield step.stored[index]  # type: ignore[misc]  # an unknown event
            else:
                yield step


def _status(stop: Stop | None) -> Literal["complete", "error", "incomplete"]:
    if stop is None:
        return "incomplete"
    return "error" if stop.is_error else "complete"


@attrs.define(eq=False)
class LazyTranscript:
    """A session's transcript, made turn by turn without keeping any.

    ``turns`` can be iterated once; after that, ``diagnostics`` is complete.
    """

    session_id: str
    title: str | None
    turns: Iterator[Turn]
    diagnostics: "FoundDiagnostics"


@attrs.define(eq=False)
class FoundDiagnostics(Iterable[Diagnostic]):
    """The diagnostics of a session, the first of which are kept.

    If there are many, they are all found again whenever they are iterated.
    """

    _session: Session
    _kept: list[Diagnostic] = attrs.field(factory=list, init=False)
    _count: int = attrs.field(default=0, init=False)

    def add(self, found: Sequence[Diagnostic]) -> None:
        """Take those that were found next."""
        self._count += len(found)
        if len(self._kept) <= _DIAGNOSTICS_KEPT:
            self._kept += found

    def __iter__(self) -> Iterator[Diagnostic]:
        if len(self._kept) == self._count:
            return iter(self._kept)
        return diagnose(self._session)


def lazy_transcript(session: Session, *, is_kept: bool = False) -> LazyTranscript:
    """Return the transcript of *session*, to be iterated turn by turn.

    Args:
        session: The session.
        is_kept: Whether turns are kept, so that their steps must be a tuple.
    """
    diagnostics = FoundDiagnostics(session)
    diagnostics.add(session.diagnostics)
    events = session.events
    stored = None if is_kept or not isinstance(events, StoredEvents) else events
    turns = _turns(session, diagnostics, TurnBuilder(stored))
    return LazyTranscript(
        session.session_id, session.generated_title, turns, diagnostics
    )


def diagnose(session: Session) -> Iterator[Diagnostic]:
    """Yield the diagnostics of *session*, in the order they are found."""
    yield from session.diagnostics
    walk = Walk()
    for index, part in parts_of(session.events):
        yield from walk.step(part, index).diagnostics
    yield from walk.finish().diagnostics


def _turns(
    session: Session, diagnostics: FoundDiagnostics, builder: TurnBuilder
) -> Iterator[Turn]:
    walk = Walk()
    for index, part in parts_of(session.events):
        effects = walk.step(part, index)
        if effects is NO_EFFECTS:
            continue
        diagnostics.add(effects.diagnostics)
        if ended := builder.add(part, index, effects):
            yield ended
    effects = walk.finish()
    diagnostics.add(effects.diagnostics)
    if ended := builder.finish(effects):
        yield ended
