"""The turns of a session: what was asked, done and answered."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Literal

import attrs

from replay.coalescing.walk import NO_EFFECTS, Effects, Exchange, Walk
from replay.codec.history import parts_of
from replay.codec.parts import Part
from replay.model.diagnostics import Diagnostic
from replay.model.events import Stop, UnknownEvent, UserInput
from replay.model.messages import Step, Turn
from replay.model.sessions import Session


class TurnBuilder:
    """A builder of turns, one after another, from the effects of a walk."""

    def __init__(self) -> None:
        self._user_input: UserInput | None = None
        self._steps: list[tuple[int, Step | Exchange]] = []
        self._stop: Stop | None = None

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
            self._steps.append((index, event))
        return ended

    def finish(self, effects: Effects) -> Turn | None:
        """Take the end of the events; return the last turn, if there is one."""
        self._add_messages(effects)
        return self._turn() if effects.closes else None

    def _add_messages(self, effects: Effects) -> None:
        for message in effects.released:
            self._steps.append((message.index, message))

    def _turn(self) -> Turn:
        self._steps.sort(key=itemgetter(0))
        stop = self._stop
        return Turn(
            user_input=self._user_input,
            steps=tuple(
                [
                    step.frozen() if isinstance(step, Exchange) else step
                    for _, step in self._steps
                ]
            ),
            stop=stop,
            status=_status(stop),
            usage=stop.usage if stop else None,
        )


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
    diagnostics: Sequence[Diagnostic]


def lazy_transcript(session: Session) -> LazyTranscript:
    """Return the transcript of *session*, to be iterated turn by turn."""
    diagnostics: list[Diagnostic] = list(session.diagnostics)
    turns = _turns(session, diagnostics)
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


def _turns(session: Session, diagnostics: list[Diagnostic]) -> Iterator[Turn]:
    walk, builder = Walk(), TurnBuilder()
    for index, part in parts_of(session.events):
        effects = walk.step(part, index)
        if effects is NO_EFFECTS:
            continue
        diagnostics += effects.diagnostics
        if ended := builder.add(part, index, effects):
            yield ended
    effects = walk.finish()
    diagnostics += effects.diagnostics
    if ended := builder.finish(effects):
        yield ended
