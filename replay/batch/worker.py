"""The work on one task, session by session, and the engines for workers and leader."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import attrs

from replay.batch.plugin_specs import workers_plugin
from replay.batch.pool import Monitor
from replay.batch.tasks import (
    Counts,
    FoundSession,
    Place,
    Problem,
    SessionResult,
    Task,
    TaskDigests,
    TaskResult,
)
from replay.engine.dispatch import Recorded
from replay.engine.engine import ReplayEngine
from replay.engine.plugin_set import OnPluginError
from replay.engine.report import BatchResults, ReplayReport
from replay.errors import MustStopError, PluginError, ReplayError, text_of
from replay.model.json_text import write_json
from replay.model.sessions import Session
from replay.security.masking import excerpt
from replay.sources.protocols import Stored
from replay.sources.source import Source, repeated


class WorkerEngine(ReplayEngine):
    """An engine that returns the plugins' results for each session.

    It does not call ``replay_close`` of plugins that give results.
    """

    def __init__(
        self, plugins: Iterable[object], *, strict: bool, on_plugin_error: OnPluginError
    ) -> None:
        super().__init__(plugins, strict=strict, on_plugin_error=on_plugin_error)
        giving = self._plugins.batch.giving
        self._plugins.hooks["replay_close"].silence(giving)

    def replay_with_results(
        self, session: Session
    ) -> tuple[ReplayReport, list[object]]:
        """Replay a session; return the report, and each plugin's result.

        The report's id is the one that plugins saw; None: no session was shown to them.

        Raises:
            PluginError: A plugin failed, and failures are not isolated.
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
        """Close the plugins; return the isolated failures.

        Raises:
            PluginError: A plugin failed, and failures are not isolated.
            MustStopError: As from :meth:`close`.
        """
        errors = self._plugins.failures.errors
        before = len(errors)
        self.close()
        return tuple(errors[before:])


class LeaderEngine(ReplayEngine):
    """An engine that replays nothing: its plugins merge the workers' results."""

    def merge(
        self, results: Callable[[int], BatchResults], report: ReplayReport
    ) -> None:
        """Let each plugin merge the results.

        If one fails, ``replay_close`` of those after it is not called: they would
        report no sessions. The others get *report*.

        Raises:
            PluginError: A plugin failed, and failures are not isolated.
        """
        self._totals.add(report)
        waiting = set(self._plugins.batch.merging)
        self._plugins.hooks["replay_close"].silence(waiting)
        self._plugins.batch.merge(results, waiting.discard)


_MOST_SESSIONS: Final = 20_000  # in one result
_MOST_BYTES: Final = 8 << 20  # of plugins' results and of reasons, in one result
_LONGEST: Final = 4_000  # characters of a reason


def replay_task(task: Task, monitor: Monitor) -> TaskResult:
    """Replay the sessions of a task, as many as one result may hold.

    Raises:
        MustStopError: A plugin raised it.
        ReplayError: The source cannot be opened, or a plugin cannot be created.
    """
    run = _Run(task, monitor)
    place = task.start
    with task.job.open() as source:
        run.start()
        try:
            for place, stored in _selected(task, source, monitor, run.fail):
                if run.is_over():
                    return run.ended(place)
                run.add(place, stored)
        except KeyboardInterrupt:
            return attrs.evolve(run.ended(place), is_interrupted=True)
    return run.ended(None)


def digest_task(task: Task, monitor: Monitor) -> TaskDigests:
    """Return the digests of a task's sessions, as many as one result may hold.

    Nothing is decoded.

    Raises:
        ReplayError: The source cannot be opened.
    """
    found: list[FoundSession] = []
    problems: list[Problem] = []
    with task.job.open() as source:
        for place, stored in _selected(task, source, monitor, problems.append):
            if len(found) >= _MOST_SESSIONS:
                return TaskDigests(tuple(found), tuple(problems), resume_at=place)
            found.append(FoundSession(place, stored.name, stored.digest))
    return TaskDigests(tuple(found), tuple(problems))


@attrs.define(eq=False)
class _Run:
    """A task in progress."""

    task: Task
    monitor: Monitor
    done: list[SessionResult] = attrs.field(factory=list, init=False)
    problems: list[Problem] = attrs.field(factory=list, init=False)
    _listed: int = attrs.field(default=0, init=False)
    _engine: WorkerEngine | None = attrs.field(default=None, init=False)
    _closed: int = attrs.field(default=0, init=False)  # of done: their engine is closed
    _size: int = attrs.field(default=0, init=False)

    def start(self) -> WorkerEngine:
        """Return the engine, created if there is none.

        Raises:
            UnknownNameError, PluginError: A plugin cannot be created.
        """
        if self._engine is None:
            job = self.task.job
            self._engine = WorkerEngine(
                [*map(workers_plugin, job.plugins)],
                strict=job.strict,
                on_plugin_error=job.on_plugin_error,
            )
        return self._engine

    def is_over(self) -> bool:
        """Tell whether it is time to return."""
        count = len(self.done) + len(self.problems)
        is_full = count >= _MOST_SESSIONS or self._size >= _MOST_BYTES
        has_failed = bool(self.problems) and not self.task.job.keep_going
        is_over = is_full or has_failed or self.monitor.is_draining
        return is_over or (count > 0 and self.monitor.is_result_due())

    def add(self, place: Place, stored: Stored) -> None:
        """Replay a session."""
        self._listed += 1
        name, is_spoilt = stored.name, False
        self.monitor.at(place, name)
        try:
            session = stored.read()
            name = session.session_id
            self.monitor.at(place, name)
            if repetition := self.task.repetitions.get(place):
                session = repeated(session, repetition)
            is_spoilt = True  # after a failure, the state of the plugins is unknown
            done = self._replayed(
                FoundSession(place, stored.name, stored.digest), session
            )
        except MustStopError:
            raise
        except ReplayError as error:
            self.problems.append(_problem(place, name, error))
            self._size += len(self.problems[-1].reason)
        else:
            self.done.append(done)
            self._size += len(done.values) + sum(map(len, done.plugin_errors))
            is_spoilt = bool(done.plugin_errors)
        if is_spoilt:
            self._close()

    def fail(self, problem: Problem) -> None:
        """Add the problem of what cannot be read."""
        self._listed += 1
        self.problems.append(problem)

    def ended(self, resume_at: Place | None) -> TaskResult:
        """Close the plugins, and return the result."""
        self.monitor.at(None)
        self._close()
        done, problems = tuple(self.done), tuple(self.problems)
        return TaskResult(done, problems, resume_at, listed=self._listed)

    def _replayed(self, found: FoundSession, session: Session) -> SessionResult:
        report, values = self.start().replay_with_results(session)
        shown = report.session_id
        return SessionResult(
            found,
            session_id=found.digest.hex() if shown is None else shown,
            counts=Counts(
                turns=report.turns,
                events=sum(report.events.values()),
                messages=sum(report.messages.values()),
                diagnostics=sum(report.diagnostics.values()),
            ),
            values=write_json(values),
            plugin_errors=tuple(map(_reason_of, report.plugin_errors)),
        )

    def _close(self) -> None:
        """Close the plugins; their sessions count only if that succeeds.

        The next session gets new plugins.
        """
        engine, self._engine = self._engine, None
        closing = self.done[self._closed :]
        del self.done[self._closed :]
        try:
            errors = () if engine is None else engine.close_for_errors()
        except PluginError as error:
            self.problems += (
                _problem(each.found.place, each.session_id, error) for each in closing
            )
        else:
            reasons = tuple(map(_reason_of, errors))
            self.done += (
                attrs.evolve(each, plugin_errors=each.plugin_errors + reasons)
                for each in closing
            )
        self._closed = len(self.done)


def _selected(
    task: Task, source: Source, monitor: Monitor, fail: Callable[[Problem], object]
) -> Iterator[tuple[Place, Stored]]:
    """Yield the sessions of a task; pass on a problem for what cannot be read."""
    for number, portion in task.numbered():
        place = (number, 0)
        monitor.at(place)
        try:
            for stored in source.stored(portion):
                if task.has(place):
                    yield place, stored
                place = (number, place[1] + 1)
                if task.stop is not None and place >= task.stop:
                    return
                monitor.at(place)
        except ReplayError as error:
            if task.has(place):
                fail(_problem(place, str(portion.key[0]), error))


def _problem(place: Place, name: str, error: ReplayError) -> Problem:
    return Problem(place, name, error.code, _reason_of(error))


def _reason_of(error: ReplayError) -> str:
    """Return an error's text, cut off if it is very long, without the session."""
    if isinstance(error, PluginError) and error.session is not None:
        error = attrs.evolve(error, session=None)  # the problem itself names it
    text = text_of(error)
    return text if len(text) <= _LONGEST else excerpt(text, _LONGEST) + "…"
