"""Input of commands: the sessions at a location, and what cannot be read there."""

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from glob import glob, has_magic
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

import replay
from replay.cli.output import FOUND_PROBLEMS, say
from replay.cli.session_ids import chosen
from replay.sources.together import open_all

if TYPE_CHECKING:
    from replay.sources.unreadable import ReadError

_MOST: Final = 10  # errors of one reason that are printed
_Item = TypeVar("_Item")


def _same(error: "ReadError") -> "ReadError":
    return error


@attrs.define(eq=False)
class Location:
    """A location, or several, as the user gave them, and how to read them."""

    texts: Sequence[str]
    options: dict[str, str] = attrs.field(factory=dict)  #: for the backend
    fail_fast: bool = False  #: stop at the first thing that cannot be read
    #: Removes secrets from an error before it is printed.
    redact: "Callable[[ReadError], ReadError]" = attrs.field(default=_same, init=False)
    #: Reports an error as a finding; None: it is printed.
    report: "Callable[[ReadError], object] | None" = attrs.field(
        default=None, init=False
    )
    is_empty: bool = attrs.field(default=True, init=False)  #: nothing was read so far
    _counts: Counter[str] = attrs.field(factory=Counter, init=False)  # by reason
    #: The only error so far, if nothing was read: there may be nothing else.
    _held: "ReadError | None" = attrs.field(default=None, init=False)

    @property
    def code(self) -> int:
        """Return the exit code of a command that has read it."""
        return FOUND_PROBLEMS if self._counts else 0

    def open(self) -> replay.Source:
        """Open the source of its sessions."""
        return open_all(self.named(), self.options)

    def named(self) -> list[str]:
        """Return the locations, with the files that patterns match in their places."""
        named: list[str] = []
        for text in self.texts:
            is_pattern = has_magic(text) and not os.path.lexists(text)
            found = sorted(glob(text, recursive=True)) if is_pattern else []  # noqa: PTH207 - any path
            named += found or [text]
        return named

    def sessions(self, session_ids: Sequence[str] = ()) -> Generator[replay.Session]:
        """Yield the sessions, or only some of them; print what cannot be read.

        The location is opened when the first session is requested.

        Args:
            session_ids: Ids, or beginnings that only one id has, in the order to yield;
                empty: all sessions.

        Raises:
            SessionNotFoundError: There is no such session, or none at all.
            DecodeError, BackendError: Nothing can be read.
        """
        with self.open() as source:
            if session_ids:
                for session in chosen(source, session_ids):
                    self.is_empty = False
                    yield session
                self.end()
            else:
                yield from self._found(source, source.sessions)

    def summaries(self) -> Generator[replay.SessionSummary]:
        """Yield the header of every session, as :meth:`sessions` does."""
        with self.open() as source:
            yield from self._found(source, source.summaries)

    def note(self, error: "ReadError") -> None:
        """Print an error, unless there are many of its kind."""
        error = self.redact(error)
        self._counts[error.reason] += 1
        if self.report:
            self.report(error)
            return
        if self.is_empty and self._counts.total() == 1:
            self._held = error
            return
        self._print_held()
        count = self._counts[error.reason]
        if count <= _MOST:  # the hint is said once
            say(str(error if count == 1 else attrs.evolve(error, hint="")))

    def end(self) -> None:
        """Print how many more errors there were.

        Raises:
            DecodeError, BackendError: The only thing there is cannot be read.
        """
        if self._held and self.is_empty:
            raise self._held
        self._print_held()
        for reason, count in self._counts.items():
            if count > _MOST and not self.report:
                say(f"{count - _MOST:,} more: {reason}")

    def _found(
        self, source: replay.Source, walk: "Callable[..., Iterator[_Item]]"
    ) -> Generator[_Item]:
        for item in walk(unreadable=None if self.fail_fast else self.note):
            self.is_empty = False
            self._print_held()
            yield item
        self.end()
        if self.is_empty and not (self.report and self._counts):
            from replay.codec.documents import (  # noqa: PLC0415 - slow to import
                NO_SESSION_HINT as HINT,
            )

            raise replay.SessionNotFoundError(source.location, "holds no session", HINT)

    def _print_held(self) -> None:
        if self._held:
            say(str(self._held))
        self._held = None
