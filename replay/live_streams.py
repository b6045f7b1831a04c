"""A turn that is under way, as its users hold it, and the backend that sends it."""

import os
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias, runtime_checkable

from replay.diagnostics import Diagnostic
from replay.errors import StreamInterruptedError
from replay.events import Event, UserInput
from replay.sessions import Session

#: Returns what is to be shown and written instead of a session, event for event.
Rewrite: TypeAlias = Callable[[Session], Session]


class LiveStream(Protocol):
    """A turn that is under way: an iterator of its events as they arrive."""

    @property
    def session_id(self) -> str:
        """Return the id of the session that the turn is added to."""

    @property
    def prompt(self) -> str:
        """Return what was sent."""

    @property
    def user_input(self) -> UserInput:
        """Return what the turn begins with; it is none of the events that arrive."""

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """Return what was odd about the stream so far."""

    def __iter__(self) -> Iterator[Event]:
        """Return itself."""

    def __next__(self) -> Event:
        """Return the next event once it is there."""

    def rest(self, *, known: int | None = None) -> Iterator[Event]:
        """Yield what the service has of a turn that broke off, and was not given."""

    def close(self) -> None:
        """Let go of the connection; a recording gets its final name."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""


@runtime_checkable
class LiveBackend(Protocol):
    """A backend that can send a turn and tell what comes of it."""

    def stream(  # noqa: PLR0913 - what a turn may be asked with
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
    """Tell whether the service may have a turn that broke off, or will.

    It may not where it refused the prompt with the status of an error: then a turn of
    that prompt is likely another one.
    """
    return error.status is None
