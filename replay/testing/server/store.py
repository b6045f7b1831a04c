"""The server's sessions: those of a source, with all changes made since.

Changes are kept in memory. The source is only read.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice, pairwise
from threading import RLock
from time import monotonic
from typing import Final
from uuid import uuid4

import attrs

from replay.engine.engine import ReplayEngine
from replay.engine.hookspecs import Context
from replay.errors import SessionNotFoundError
from replay.model.events import Event, ImageAttachment, Stop, ToolResult, UserInput
from replay.model.sessions import JobMetadata, Session, SessionSummary
from replay.sources.source import Source
from replay.testing.server.timing import Arrivals, due_times

_LONGEST_TITLE: Final = 50

# The service writes these keys, whether they have a value or not.
_HEADER: Final = (
    *("session_id", "last_updated_at", "shared_access"),
    *("generated_title", "index_ids", "job_metadata"),
)
_JOB: Final = (
    *("total_input_tokens", "total_output_tokens", "turns", "duration_ms"),
    *("is_error", "error", "export_config_ids"),
)


@attrs.frozen
class RecordedTurn:
    """A turn of a source without its ``user_input``: ``events[start:stop]``."""

    session_id: str
    prompt: str | None  #: what the user asked; None: the turn has no ``user_input``
    start: int
    stop: int


@attrs.frozen
class RunningTurn:
    """A turn in progress, which advances by the clock even if nobody listens."""

    prompt: str
    index_ids: tuple[str, ...]
    events: Sequence[Event]  #: without the ``user_input``
    due: Sequence[float]  #: seconds after the start; empty: all are due at once
    started: float  #: start time, by the store's clock
    updated: str  #: start time, as the service writes it

    def events_at(self, time: float) -> Sequence[Event]:
        """Return the events that are due by *time*, on the store's clock."""
        if not self.due:
            return self.events
        return self.events[: bisect_right(self.due, time - self.started)]

    def change_header(self, session: Session, time: float) -> Session:
        """Return *session* with this turn's changes to its header, as of *time*."""
        ended = [e for e in self.events_at(time)[-1:] if isinstance(e, Stop)]
        job = _job_of(ended[0], self.index_ids) if ended else session.job_metadata
        is_long = len(self.prompt) > _LONGEST_TITLE
        title = f"{self.prompt[:_LONGEST_TITLE]}..." if is_long else self.prompt
        return attrs.evolve(
            session,
            generated_title=session.generated_title or title,
            index_ids=session.index_ids or self.index_ids,
            job_metadata=job,
            last_updated_at=self.updated,
        )


def _job_of(stop: Stop, index_ids: Sequence[str]) -> JobMetadata:
    usage = stop.usage
    return JobMetadata(
        total_input_tokens=usage.total_input_tokens,
        total_output_tokens=usage.total_output_tokens,
        turns=usage.turns,
        duration_ms=usage.duration_ms,
        is_error=stop.is_error,
        error=stop.error,
        export_config_ids=tuple(index_ids),
        recorded=dict.fromkeys(_JOB),
    )


def new_session(index_ids: Sequence[str] | None, shared_access: str | None) -> Session:
    """Return an empty session with a new id."""
    return Session(
        f"ses-{uuid4().hex[:24]}",
        last_updated_at=_now(),
        index_ids=None if index_ids is None else tuple(index_ids),
        shared_access=shared_access or "query",
        recorded=dict.fromkeys(_HEADER),
    )


def _now() -> str:
    """Return the current time as the service writes it: UTC, without an offset."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def turns_of(session: Session) -> tuple[RecordedTurn, ...]:
    """Return the turns of *session*, as the engine counts them.

    A history that has events, but none that opens a turn, is one turn.
    """
    opened: list[tuple[int, UserInput | None]] = []

    def note(user_input: UserInput | None, context: Context) -> None:
        if context.index < end:  # at the end, it opens one for unknown events alone
            opened.append((context.index, user_input))

    end = len(session.events)
    ReplayEngine([{"turn_start": note}]).replay(session)
    if not opened and end:
        opened.append((0, None))
    starts = chain([index for index, _ in opened], [end])
    return tuple(
        RecordedTurn(session.session_id, None, start, stop)
        if asked is None
        else RecordedTurn(session.session_id, asked.content, start + 1, stop)
        for (start, stop), (_, asked) in zip(pairwise(starts), opened, strict=True)
    )


def choose(
    turns: Sequence[RecordedTurn], prompt: str, replayed: Iterable[int]
) -> int | None:
    """Return the number of the turn that answers a prompt, or None without turns.

    The candidates are the turns with this prompt, or else all turns. The first that
    hasn't been replayed yet is chosen, or else the first.
    """
    matching = [n for n, each in enumerate(turns) if each.prompt == prompt]
    candidates = matching or range(len(turns))
    before = frozenset(replayed)
    fresh = [number for number in candidates if number not in before]
    return next(iter(fresh or candidates), None)


def _with_header(
    session: Session, turns: Sequence[RunningTurn], time: float
) -> Session:
    for turn in turns:
        session = turn.change_header(session, time)
    return session


@attrs.frozen
class _SourceContents:
    """A source's turns and images, in order; of sessions with one id, the first's."""

    turns: tuple[RecordedTurn, ...]
    images: tuple[ImageAttachment, ...]


def _contents_of(source: Source) -> _SourceContents:
    turns: dict[str, tuple[RecordedTurn, ...]] = {}
    images: dict[ImageAttachment, None] = {}
    for session in source:
        if session.session_id in turns:
            continue
        turns[session.session_id] = turns_of(session)
        for event in session.events:
            image = event.image_attachment if isinstance(event, ToolResult) else None
            if image is not None:
                images[ImageAttachment(image.source_id, image.attachment_name)] = None
    return _SourceContents(tuple(chain.from_iterable(turns.values())), tuple(images))


@attrs.define
class _SessionChanges:
    """The changes to one session."""

    created: Session | None = None  #: None: it is the source's
    turns: list[RunningTurn] = attrs.Factory(list)
    replayed: list[int] = attrs.Factory(list)  #: turn numbers: its own, or overall


@attrs.define(eq=False)
class Store:
    """A store to read, list, create and remove sessions, from several threads.

    Its methods raise ``SessionNotFoundError`` for a missing or deleted session, and
    ``ReplayError`` if the source can't be read.
    """

    _source: Source
    _speed: float | None = None  #: recorded seconds per second; None: nothing waits
    _clock: Callable[[], float] = monotonic
    _changes: dict[str, _SessionChanges] = attrs.field(factory=dict, init=False)
    _deleted: set[str] = attrs.field(factory=set, init=False)
    _contents: _SourceContents | None = attrs.field(default=None, init=False)
    _arrivals: Arrivals = attrs.field(init=False)
    _lock: RLock = attrs.field(factory=RLock, init=False)

    def __attrs_post_init__(self) -> None:
        self._arrivals = Arrivals(self._source.location)

    def page(self, start: int, end: int) -> tuple[list[SessionSummary], bool]:
        """Return the summaries *start* to *end*, and whether more come.

        The source's come first, then those that were created.
        """
        with self._lock:
            found = list(islice(self._summaries(), start, end + 1))
        return found[: end - start], len(found) > end - start

    def session(self, session_id: str) -> Session:
        """Return a session as it is now."""
        session, turns, time = self._state(session_id)
        if not turns:
            return session
        added = (
            chain([UserInput(each.prompt)], each.events_at(time)) for each in turns
        )
        events = (*session.events, *chain.from_iterable(added))
        return attrs.evolve(_with_header(session, turns, time), events=events)

    def summary(self, session_id: str) -> SessionSummary:
        """Return a session's header as it is now."""
        return _with_header(*self._state(session_id)).summary()

    def create(
        self, index_ids: Sequence[str] | None, shared_access: str | None
    ) -> SessionSummary:
        """Create an empty session."""
        session = new_session(index_ids, shared_access)
        with self._lock:
            self._changes[session.session_id] = _SessionChanges(session)
        return session.summary()

    def delete(self, session_id: str) -> None:
        """Forget a session; the source keeps it."""
        with self._lock:
            self._original(session_id)
            self._changes.pop(session_id, None)
            self._deleted.add(session_id)

    def replay_turn(
        self, session_id: str, prompt: str, index_ids: Sequence[str]
    ) -> RunningTurn | None:
        """Begin the recorded turn that answers the prompt; None: there is none.

        A recorded session replays its own turns; a created one, those of all sessions
        of the source.
        """
        with self._lock:
            original = self._original(session_id)
            changes = self._changes.setdefault(session_id, _SessionChanges())
            is_created = changes.created is not None
            turns = self._read_contents().turns if is_created else turns_of(original)
            chosen = choose(turns, prompt, changes.replayed)
            if chosen is None:
                return None
            changes.replayed.append(chosen)
            recorded = turns[chosen]
            session = (
                self._source.session(recorded.session_id) if is_created else original
            )
            events = session.events[recorded.start : recorded.stop]
            due: Sequence[float] = ()
            if self._speed is not None:
                arrivals = self._arrivals.of_turn(
                    session, recorded.start, recorded.stop
                )
                due = due_times(events, arrivals, self._speed)
            turn = RunningTurn(
                prompt, tuple(index_ids), events, due, self._clock(), _now()
            )
            changes.turns.append(turn)
            return turn

    def images(self) -> tuple[ImageAttachment, ...]:
        """Return the images named by the source's tool results, each once."""
        return self._read_contents().images

    def _state(self, session_id: str) -> tuple[Session, Sequence[RunningTurn], float]:
        with self._lock:
            session = self._original(session_id)
            changes = self._changes.get(session_id)
            return session, tuple(changes.turns) if changes else (), self._clock()

    def _summaries(self) -> Iterator[SessionSummary]:
        seen = set(self._deleted)
        for summary in self._source.summaries():
            if summary.session_id not in seen:
                seen.add(summary.session_id)
                is_changed = summary.session_id in self._changes
                yield self.summary(summary.session_id) if is_changed else summary
        for session_id, changes in self._changes.items():
            if changes.created is not None:
                yield self.summary(session_id)

    def _original(self, session_id: str) -> Session:
        changes = self._changes.get(session_id)
        if changes is not None and changes.created is not None:
            return changes.created
        if session_id in self._deleted:
            reason = f"the session {session_id!a} was deleted"
            raise SessionNotFoundError(self._source.location, reason)
        return self._source.session(session_id)

    def _read_contents(self) -> _SourceContents:
        with self._lock:
            if self._contents is None:
                self._contents = _contents_of(self._source)
            return self._contents
