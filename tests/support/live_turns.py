"""Live turns whose events are known beforehand."""

from collections.abc import Iterator, Sequence
from typing import Self

from replay import Diagnostic, Event, StreamInterruptedError, UserInput


class Stream:
    """A live turn from a list of events; it breaks off if there is a rest."""

    session_id = "ses-1"
    prompt = "Q?"
    user_input = UserInput("Q?")
    status: int | None = None

    def __init__(
        self, events: Sequence[Event], rest: Sequence[Event] | None = None
    ) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.given = 0  #: number of events that have arrived
        self._rest = rest
        self._events = self._arriving(events)

    def _arriving(self, events: Sequence[Event]) -> Iterator[Event]:
        for event in events:
            self.given += 1
            yield event
        if self._rest is not None:
            raise StreamInterruptedError("the-url", "it broke off", status=self.status)  # noqa: EM101 - a test

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        assert known is None
        yield from self._rest or ()

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""
