"""Several sources, read as one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain

import attrs

from replay.errors import BackendError, SessionNotFoundError
from replay.model.sessions import Session, SessionSummary
from replay.sources.protocols import Portion, Stored
from replay.sources.source import Source
from replay.sources.source import open as open_source


def open_all(locations: Sequence[str], options: Mapping[str, object]) -> Source:
    """Open several locations as one source of all their sessions, in order.

    A session with the id of one in an earlier location is marked like one that repeats
    it in the same location.

    Args:
        locations: One at least, as for :func:`replay.open`.
        options: Options for the backend of each.

    Raises:
        UnknownNameError, BackendError: As from :func:`replay.open`.
    """
    with ExitStack() as opened:
        sources = [
            opened.enter_context(open_source(each, **options)) for each in locations
        ]
        opened.pop_all()
    if len(sources) == 1:
        return sources[0]
    location = ", ".join(locations)
    backend = _Together(sources, location)
    return Source(backend, location, options=options, locations=tuple(locations))


@attrs.frozen
class _Together:
    """A backend of several sources."""

    _sources: Sequence[Source]
    _location: str  # for messages

    def summaries(self) -> Iterator[SessionSummary]:
        return chain.from_iterable(map(Source.summaries, self._sources))

    def session(self, session_id: str) -> Session:
        missing: SessionNotFoundError | None = None
        for each in self._sources:
            try:
                return each.session(session_id)
            except SessionNotFoundError as error:
                missing = missing or error
        reason = f"there is no session {session_id!a}"
        raise SessionNotFoundError(self._location, reason) from missing

    def sessions(self) -> Iterator[Session]:
        unmarked = Source._sessions  # noqa: SLF001 - ids are compared in all of them
        return chain.from_iterable(map(unmarked, self._sources))

    def portions(self) -> Iterator[Portion]:
        """Yield those of each source, with its number at the end of their keys."""
        for number, source in enumerate(self._sources):
            for portion in source.portions():
                yield attrs.evolve(portion, key=(*portion.key, number))

    def stored(self, portion: Portion) -> Iterator[Stored]:
        match portion.key:
            case (*key, int(number)) if 0 <= number < len(self._sources):
                return self._sources[number].stored(
                    attrs.evolve(portion, key=tuple(key))
                )
        raise BackendError(self._location, f"it has no portion {portion.key!a}")

    def close(self) -> None:
        for each in self._sources:
            each.close()
