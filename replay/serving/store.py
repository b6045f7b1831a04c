"""The sessions that a server has: those of a source, and what was done to them since.

What was done is kept in memory. The source is only read.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from threading import RLock
from time import monotonic

import attrs

from replay.backend import Source
from replay.errors import SessionNotFoundError
from replay.events import Event, ImageAttachment, UserInput
from replay.serving.arrivals import Arrivals
from replay.serving.pace import due_times
from replay.serving.pool import Pool, RecordedTurn, read_pool, turns_of
from replay.serving.runs import Run, new_session, now
from replay.serving.turns import choose
from replay.sessions import Session, SessionSummary


@attrs.define
class _Served:
    """What was done to one session."""

    created: Session | None = None  #: None: it is the source's
    runs: list[Run] = attrs.Factory(list)
    replayed: list[int] = attrs.Factory(
        list
    )  #: numbers of turns, of itself or the pool


class Store:
    """Reads, lists, makes and removes sessions; safe to use from several threads.

    Args:
        source: Where the recorded sessions come from.
        speed: Recorded seconds per second; None: streams do not wait.
        clock: Tells the time, in seconds.
    """

    def __init__(
        self,
        source: Source,
        speed: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._source = source
        self._speed = speed
        self._clock = clock
        self._arrivals = Arrivals(source.location)
        self._served: dict[str, _Served] = {}
        self._deleted: set[str] = set()
        self._pool: Pool | None = None
        self._lock = RLock()

    def page(self, start: int, size: int) -> tuple[list[SessionSummary], bool]:
        """Return the summaries from number *start* on, and whether more come.

        The source's come first, then those that were created.
        """
        with self._lock:
            found = list(islice(self._summaries(), start, start + size + 1))
        return found[:size], len(found) > size

    def session(self, session_id: str) -> Session:
        """Return a session as it is now.

        Raises:
            SessionNotFoundError: There is none, or it was deleted.
            ReplayError: The source cannot read it.
        """
        session, runs, time = self._state(session_id)
        if not runs:
            return session
        added = (chain([UserInput(r.prompt)], r.events_at(time)) for r in runs)
        events = (*session.events, *chain.from_iterable(added))
        return attrs.evolve(self._with_header(session, runs, time), events=events)

    def summary(self, session_id: str) -> SessionSummary:
        """Return a session's header, as :meth:`session` does the whole."""
        return self._with_header(*self._state(session_id)).summary()

    def create(
        self, index_ids: Sequence[str] | None, shared_access: str | None
    ) -> SessionSummary:
        """Make an empty session."""
        session = new_session(index_ids, shared_access)
        with self._lock:
            self._served[session.session_id] = _Served(session)
        return session.summary()

    def delete(self, session_id: str) -> None:
        """Forget a session; the source keeps it.

        Raises:
            SessionNotFoundError: There is none, or it was deleted before.
        """
        with self._lock:
            self._original(session_id)
            self._served.pop(session_id, None)
            self._deleted.add(session_id)

    def run(self, session_id: str, prompt: str, index_ids: Sequence[str]) -> Run | None:
        """Begin a turn: the recorded one that answers the prompt, as a new one.

        A recorded session replays its own turns; one that was created, those of all
        sessions of the source.

        Returns:
            None: there is no recorded turn.

        Raises:
            SessionNotFoundError: There is no such session.
            ReplayError: The source cannot read it.
        """
        with self._lock:
            original = self._original(session_id)
            served = self._served.setdefault(session_id, _Served())
            chosen = self._chosen(original, served, prompt)
            if chosen is None:
                return None
            turn, session = chosen
            events = session.events[turn.span.start : turn.span.stop]
            due = self._due_times(turn, session, events)
            run = Run(prompt, tuple(index_ids), events, due, self._clock(), now())
            served.runs.append(run)
            return run

    def images(self) -> tuple[ImageAttachment, ...]:
        """Return what image each tool result of the source names, once.

        Raises:
            ReplayError: The source cannot be read.
        """
        return self._read_pool().images

    def _state(self, session_id: str) -> tuple[Session, Sequence[Run], float]:
        with self._lock:
            session = self._original(session_id)
            served = self._served.get(session_id)
            return session, tuple(served.runs) if served else (), self._clock()

    def _with_header(
        self, session: Session, runs: Sequence[Run], time: float
    ) -> Session:
        for run in runs:
            session = run.change_header(session, time)
        return session

    def _summaries(self) -> Iterator[SessionSummary]:
        seen = set(self._deleted)
        for summary in self._source.summaries():
            if summary.session_id not in seen:
                seen.add(summary.session_id)
                is_changed = summary.session_id in self._served
                yield self.summary(summary.session_id) if is_changed else summary
        for session_id, served in self._served.items():
            if served.created is not None:
                yield self.summary(session_id)

    def _original(self, session_id: str) -> Session:
        served = self._served.get(session_id)
        if served is not None and served.created is not None:
            return served.created
        if session_id in self._deleted:
            reason = f"the session {session_id!a} was deleted"
            raise SessionNotFoundError(self._source.location, reason)
        return self._source.session(session_id)

    def _chosen(
        self, original: Session, served: _Served, prompt: str
    ) -> tuple[RecordedTurn, Session] | None:
        is_created = served.created is not None
        turns = self._read_pool().turns if is_created else turns_of(original)
        chosen = choose([each.span for each in turns], prompt, served.replayed)
        if chosen is None:
            return None
        served.replayed.append(chosen)
        turn = turns[chosen]
        return turn, self._source.session(turn.session_id) if is_created else original

    def _read_pool(self) -> Pool:
        with self._lock:
            if self._pool is None:
                self._pool = read_pool(self._source)
            return self._pool

    def _due_times(
        self, turn: RecordedTurn, session: Session, events: Sequence[Event]
    ) -> Sequence[float]:
        if self._speed is None:
            return ()
        arrivals = self._arrivals.of_turn(session, turn.span)
        return due_times(events, arrivals, self._speed)
