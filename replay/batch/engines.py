"""Engines of a batch: those of the workers, and the leader's."""

from collections.abc import Callable, Iterable

import attrs

from replay._firing import Recorded
from replay._plugins import OnPluginError
from replay.batch_results import Results
from replay.engine import ReplayEngine
from replay.errors import PluginError
from replay.report import ReplayReport
from replay.sessions import Session


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
