"""Sessions through the plugins of a worker, which are made where they are missing."""

from typing import Final

import attrs

from replay.batch.engines import WorkingEngine
from replay.batch.plugin_specs import workers_plugin
from replay.batch.tasks import Counts, Done, Found, Job
from replay.errors import ReplayError
from replay.json_text import write
from replay.report import ReplayReport
from replay.sessions import Session

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
