"""Several sources, read as one."""

from collections.abc import Iterator, Sequence
from itertools import chain

import attrs

from replay.errors import SessionNotFoundError
from replay.model.sessions import Session, SessionSummary
from replay.sources.source import Source


def together(sources: Sequence[Source]) -> Source:
    """Return a source of all sessions of several sources, in order.

    A session with the id of one in an earlier source is marked like one that repeats it
    in the same source. Closing the result closes them all.
    """
    location = ", ".join(each.location for each in sources)
    return Source(_Together(sources), location)


@attrs.frozen
class _Together:
    """A backend of several sources."""

    _sources: Sequence[Source]

    def summaries(self) -> Iterator[SessionSummary]:
        return chain.from_iterable(map(Source.summaries, self._sources))

    def session(self, session_id: str) -> Session:
        missing: SessionNotFoundError | None = None
        for each in self._sources:
            try:
                return each.session(session_id)
            except SessionNotFoundError as error:
                missing = missing or error
        location = ", ".join(each.location for each in self._sources)
        reason = f"there is no session {session_id!a}"
        raise SessionNotFoundError(location, reason) from missing

    def sessions(self) -> Iterator[Session]:
        unmarked = Source._sessions  # noqa: SLF001 - ids are compared in all of them
        return chain.from_iterable(map(unmarked, self._sources))

    def close(self) -> None:
        for each in self._sources:
            each.close()
