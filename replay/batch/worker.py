"""What a worker does: one task, session by session."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import attrs

from replay.batch.plugin_specs import workers_plugin
from replay.batch.pool import is_hurried, mark, mark_end
from replay.batch.tasks import (
    Counts,
    Digested,
    Done,
    Found,
    Job,
    Place,
    Problem,
    Task,
    Worked,
)
from replay.engine.dispatch import Recorded
from replay.engine.engine import ReplayEngine
from replay.engine.plugin_set import OnPluginError
from replay.engine.report import ReplayReport, Results
from replay.errors import MustStopError, PluginError, ReplayError
from replay.model.json_text import write
from replay.model.sessions import Session
from replay.sources.protocols import Stored
from replay.sources.source import Source, repeated
from replay.sources.source import open as open_source


class WorkingEngine(ReplayEngine):
    """Replays sessions, and tells what each came to.

    When it is closed, the plugins that give results are not told.
    """

    def __init__(
        self, plugins: Iterable[object], *, strict: bool, on_plugin_error: OnPluginError
    ) -> None:
        super().__init__(plugins, strict=strict, on_plugin_error=on_plugin_error)
        giving = self._plugins.batch.giving
        self._plugins.hooks["replay_close"].silence(giving)

    def replay_for_results(self, session: Session) -> tuple[ReplayReport, list[object]]:
        """Replay a session; return the report, and what each plugin has of it.

        The report's id is the one that plugins saw; None: a plugin let none see any.

        Raises:
            PluginError: One failed, and failures are not isolated.
            MustStopError, DecodeError: As from :meth:`replay`.
        """
        errors = self._plugins.failures.errors
        before = len(errors)
        shown = self._rewritten(session)
        if isinstance(shown, ReplayReport):
            report = attrs.evolve(shown, session_id=None)
        else:
            report = self._run(Recorded(shown))
        values = self._plugins.batch.results()
        return attrs.evolve(report, plugin_errors=tuple(errors[before:])), values

    def close_for_errors(self) -> tuple[PluginError, ...]:
        """Close the plugins; return what was isolated.

        Raises:
            PluginError: One failed, and failures are not isolated.
            MustStopError: As from :meth:`close`.
        """
        errors = self._plugins.failures.errors
        before = len(errors)
        self.close()
        return tuple(errors[before:])


class LeadingEngine(ReplayEngine):
    """Replays nothing: its plugins merge what the workers' came to."""

    def merge(self, results: Callable[[int], Results], report: ReplayReport) -> None:
        """Let each plugin merge the results.

        Where one fails, those after it are not told of the close: they would say that
        there were no sessions.

        Args:
            results: Returns those of the plugin of a number.
            report: What ``replay_close`` is told.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        self._totals.add(report)
        waiting = set(self._plugins.batch.merging)
        self._plugins.hooks["replay_close"].silence(waiting)
        self._plugins.batch.merge(results, waiting.discard)


_LONGEST: Final = 4_000  # characters of a reason


@attrs.define(eq=False)
class Player:
    """Replays one session after another, as a job says."""

    _job: Job
    #: whether a session failed: nobody knows what the plugins keep of it
    is_spoilt: bool = attrs.field(default=False, init=False)
    _engine: WorkingEngine | None = attrs.field(default=None, init=False)

    def begin(self) -> WorkingEngine:
        """Return the engine; where there is none, make it.

        Raises:
            UnknownNameError, PluginError: A plugin cannot be made.
        """
        if self._engine is None:
            self._engine = WorkingEngine(
                [*map(workers_plugin, self._job.plugins)],
                strict=self._job.strict,
                on_plugin_error=self._job.on_plugin_error,
            )
        return self._engine

    def play(self, found: Found, session: Session) -> Done:
        """Replay a session.

        Raises:
            PluginError, DecodeError, EncodeError: It failed.
            MustStopError: A plugin raised it.
        """
        self.is_spoilt = True
        report, values = self.begin().replay_for_results(session)
        errors = tuple(map(reason_of, report.plugin_errors))
        shown = report.session_id
        session_id = found.digest.hex() if shown is None else shown
        done = Done(found, session_id, _counts(report), write(values), errors)
        self.is_spoilt = bool(errors)
        return done

    def close(self) -> tuple[str, ...]:
        """Close the engine; the next session gets a new one.

        Returns:
            What plugins failed with at it, where failures are isolated.

        Raises:
            PluginError: A plugin failed at it, and failures are not isolated.
            MustStopError: A plugin raised it.
        """
        engine, self._engine, self.is_spoilt = self._engine, None, False
        errors = () if engine is None else engine.close_for_errors()
        return tuple(map(reason_of, errors))


def reason_of(error: ReplayError) -> str:
    """Return what is told of an error; of a very long text, only the beginning."""
    text = str(error)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _counts(report: ReplayReport) -> Counts:
    return Counts(
        turns=report.turns,
        events=sum(report.events.values()),
        messages=sum(report.messages.values()),
        diagnostics=sum(report.diagnostics.values()),
    )


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
