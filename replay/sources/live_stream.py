"""A turn in progress, as users see it, and the protocol of a backend that sends it."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, Self, TypeAlias, overload, runtime_checkable

import attrs

from replay.codec.parts import Part, part_of
from replay.errors import StreamInterruptedError
from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, UserInput
from replay.model.sessions import Session


class ArrivingEvents(Sequence[Event]):
    """Events as they arrive; those that have arrived are kept.

    The length is the number that have arrived. Iterating waits for the others.
    """

    def __init__(self, source: Iterator[Event]) -> None:
        """Take an iterator that yields each event when it arrives."""
        self._source = source
        self._arrived: list[Event] = []

    def continue_with(self, source: Iterator[Event]) -> None:
        """Continue with an iterator of the events that follow."""
        self._source = source

    def __len__(self) -> int:
        return len(self._arrived)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._arrived[index]

    def __iter__(self) -> Iterator[Event]:
        index = 0
        while True:
            if index == len(self._arrived):
                event = next(self._source, None)
                if event is None:
                    return
                self._arrived.append(event)
            yield self._arrived[index]
            index += 1


#: Returns the session to show and write instead of a given one, event for event.
Rewrite: TypeAlias = Callable[[Session], Session]


class LiveStream(Protocol):
    """A turn in progress: an iterator of its events as they arrive."""

    @property
    def session_id(self) -> str:
        """Return the id of the session that the turn is added to."""

    @property
    def prompt(self) -> str:
        """Return the prompt that was sent."""

    @property
    def user_input(self) -> UserInput:
        """Return the turn's first event, which isn't among those that arrive."""

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """Return the stream's diagnostics so far."""

    def __iter__(self) -> Iterator[Event]:
        """Return itself."""

    def __next__(self) -> Event:
        """Return the next event when it arrives."""

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        """Yield the events that have not arrived yet, of a turn that broke off."""

    def close(self) -> None:
        """Close the connection; a recording gets its final name."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *_: object) -> None:
        """Close it."""


@runtime_checkable
class LiveBackend(Protocol):
    """A backend that can send a turn and stream its events."""

    def stream(  # noqa: PLR0913 - the options of a turn
        self,
        session_id: str,
        prompt: str,
        index_ids: Sequence[str],
        *,
        require_all_indexes: bool = False,
        record_to: str | os.PathLike[str] | None = None,
        rewrite: Rewrite | None = None,
    ) -> LiveStream:
        """Send a prompt once, and return the events of its turn as they arrive."""


def may_be_kept(error: StreamInterruptedError) -> bool:
    """Tell whether the service may have kept a turn that broke off.

    It has not if it refused the prompt with an error status: a turn with that prompt is
    then likely another one.
    """
    return error.status is None


_HIDDEN: Final = "not shown, since the session is rewritten"


@attrs.define(eq=False)
class LiveHistory:
    """A live turn as a history: its user input, then its events as they arrive.

    Args:
        stream: The stream that they come from.
        header: The session that the turn is added to; its own events are ignored.
        events: The turn's events, each as it arrives.
        keep: Keep the events, for the session at the end.
        is_rewritten: The events that arrive must not be shown unchanged, not even in
            the details of diagnostics.
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
        """Return the stream's diagnostics so far."""
        found = self._stream.diagnostics
        return without_details(found) if self._is_rewritten else found

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield each event by itself as it arrives."""
        for index, event in enumerate(self._arriving):
            if self._keep:
                self._events.append(event)
            yield index, part_of(event)


def without_details(found: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """Return diagnostics without their details, which may quote what arrived."""
    return [attrs.evolve(each, detail=_HIDDEN) for each in found]


def arriving(stream: LiveStream, *, reconcile: bool) -> Iterator[Event]:
    """Yield a turn's user input, then its events as they arrive.

    With *reconcile*, a stream that breaks off continues with what the service has. If
    the service refused the prompt, there is nothing to continue with.

    Raises:
        StreamInterruptedError: The stream broke off, and isn't reconciled.
    """
    yield stream.user_input
    try:
        yield from stream
    except StreamInterruptedError as error:
        if not (reconcile and may_be_kept(error)):
            raise
        yield from stream.rest()
