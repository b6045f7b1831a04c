"""A turn that is under way, as an engine walks it."""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from replay.diagnostics import Diagnostic
from replay.errors import StreamInterruptedError
from replay.events import Event
from replay.live_streams import LiveStream, may_be_kept
from replay.parts import Part, part_of
from replay.sessions import Session

_HIDDEN: Final = "not shown, since the session is rewritten"


@attrs.define(eq=False)
class LiveHistory:
    """The turn's user input, then its events as they arrive.

    Args:
        stream: Where they come from.
        header: The session that the turn is added to; its own events do not count.
        events: The turn's events, each once it is there.
        keep: Keep the events, for the session at the end.
        is_rewritten: What arrives must not be shown as it is, not even in details.
    """

    _stream: LiveStream
    _header: Session
    _arriving: Iterator[Event]
    _keep: bool
    _is_rewritten: bool = False
    _events: list[Event] = attrs.field(factory=list, init=False)

    @property
    def session(self) -> Session:
        """Return the session, with the events of this turn so far if they are kept."""
        return attrs.evolve(self._header, events=tuple(self._events))

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """Return what was odd about the stream so far."""
        found = self._stream.diagnostics
        return hidden(found) if self._is_rewritten else found

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield each event by itself, when it is there."""
        for index, event in enumerate(self._arriving):
            if self._keep:
                self._events.append(event)
            yield index, part_of(event)


def hidden(found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """Return diagnostics without their details, which may quote what arrived."""
    return [attrs.evolve(each, detail=_HIDDEN) for each in found]


def arriving(stream: LiveStream, *, reconcile: bool) -> Iterator[Event]:
    """Yield a turn's user input, then its events as they arrive.

    Args:
        stream: Gives the events.
        reconcile: Go on with what the service has where the stream breaks off. Where
            it refused the prompt, there is nothing to go on with.

    Raises:
        StreamInterruptedError: The stream broke off, and is not to be reconciled.
    """
    yield stream.user_input
    try:
        yield from stream
    except StreamInterruptedError as error:
        if not (reconcile and may_be_kept(error)):
            raise
        yield from stream.rest()
