"""Sessions through the plugins of a worker, which are made where they are missing."""

import attrs

from replay.batch.engines import WorkingEngine
from replay.batch.plugin_specs import workers_plugin
from replay.batch.tasks import Counts, Done, Found, Job
from replay.json_text import write
from replay.report import ReplayReport
from replay.sessions import Session


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
        errors = tuple(map(str, report.plugin_errors))
        counts = _counts(report)
        done = Done(found, session.session_id, counts, write(values), errors)
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
        return () if engine is None else tuple(map(str, engine.close_for_errors()))


def _counts(report: ReplayReport) -> Counts:
    return Counts(
        turns=report.turns,
        events=sum(report.events.values()),
        messages=sum(report.messages.values()),
        diagnostics=sum(report.diagnostics.values()),
    )
