"""What a worker does: one task, session by session."""

from collections.abc import Iterator
from typing import Final

import attrs

from replay.backend import Source
from replay.backend import open as open_source
from replay.batch.marking import is_hurried, mark, mark_end
from replay.batch.playing import Player, reason_of
from replay.batch.tasks import (
    Digested,
    Done,
    Found,
    Place,
    Problem,
    Task,
    Worked,
)
from replay.errors import MustStopError, PluginError, ReplayError
from replay.portions import Stored
from replay.repeated_ids import repeated

_MOST_SESSIONS: Final = 20_000  # in one answer
_MOST_BYTES: Final = 8 << 20  # the same, of what plugins give and of reasons


def work(task: Task) -> Worked:
    """Replay the sessions of a task, as many as an answer may hold.

    Raises:
        MustStopError: A plugin raised it.
        ReplayError: The source cannot be opened, or a plugin not be made.
    """
    work = _Work(task)
    place = task.start
    with open_source(task.job.location, **task.job.options) as source:
        work.player.begin()
        try:
            for place, stored in _selected(task, source, work.problems):
                if work.is_over():
                    return work.ended(place)
                work.add(place, stored)
        except KeyboardInterrupt:
            return attrs.evolve(work.ended(place), is_interrupted=True)
    return work.ended(None)


def digests(task: Task) -> Digested:
    """Tell what is stored at the places of a task, as much as an answer may hold.

    Nothing is decoded.

    Raises:
        ReplayError: The source cannot be opened.
    """
    found: list[Found] = []
    problems: list[Problem] = []
    with open_source(task.job.location, **task.job.options) as source:
        for place, stored in _selected(task, source, problems):
            if len(found) >= _MOST_SESSIONS:
                return Digested(tuple(found), tuple(problems), rest=place)
            found.append(Found(place, stored.name, stored.digest))
    return Digested(tuple(found), tuple(problems))


@attrs.define(eq=False)
class _Work:
    """A task that is under way."""

    task: Task
    done: list[Done] = attrs.field(factory=list, init=False)
    problems: list[Problem] = attrs.field(factory=list, init=False)
    player: Player = attrs.field(init=False)
    _closed: int = attrs.field(default=0, init=False)  # of those done: their engine is
    _size: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.player = Player(self.task.job)

    def is_over(self) -> bool:
        """Tell whether the answer is to be given now."""
        count = len(self.done) + len(self.problems)
        is_full = count >= _MOST_SESSIONS or self._size >= _MOST_BYTES
        has_failed = bool(self.problems) and not self.task.job.keep_going
        return is_full or has_failed or is_hurried()

    def add(self, place: Place, stored: Stored) -> None:
        """Replay a session."""
        name = stored.name
        mark(place, name)
        try:
            session = stored.read()
            name = session.session_id
            mark(place, name)
            if repetition := self.task.repetitions.get(place):
                session = repeated(session, repetition)
            found = Found(place, stored.name, stored.digest)
            done = self.player.play(found, session)
        except MustStopError:
            raise
        except ReplayError as error:
            self.problems.append(_problem(place, name, error))
            self._size += len(self.problems[-1].reason)
        else:
            self.done.append(done)
            self._size += len(done.values) + sum(map(len, done.plugin_errors))
        if self.player.is_spoilt:
            self._close()

    def ended(self, rest: Place | None) -> Worked:
        """Return the answer."""
        mark_end()
        self._close()
        return Worked(tuple(self.done), tuple(self.problems), rest)

    def _close(self) -> None:
        """Close the plugins; what they did counts only where that goes well."""
        closing = self.done[self._closed :]
        del self.done[self._closed :]
        try:
            errors = self.player.close()
        except PluginError as error:
            self.problems += (
                _problem(each.found.place, each.session_id, error) for each in closing
            )
        else:
            self.done += (
                attrs.evolve(each, plugin_errors=each.plugin_errors + errors)
                for each in closing
            )
        self._closed = len(self.done)


def _selected(
    task: Task, source: Source, problems: list[Problem]
) -> Iterator[tuple[Place, Stored]]:
    """Yield what a task is about; what cannot be read becomes a problem."""
    for number, portion in task.numbered():
        place = (number, 0)
        mark(place)
        try:
            for stored in source.stored(portion):
                if task.has(place):
                    yield place, stored
                place = (number, place[1] + 1)
                if task.stop is not None and place >= task.stop:
                    return
                mark(place)
        except ReplayError as error:
            if task.has(place):
                problems.append(_problem(place, str(portion.key[0]), error))


def _problem(place: Place, name: str, error: ReplayError) -> Problem:
    return Problem(place, name, error.code, reason_of(error))
