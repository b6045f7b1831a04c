"""Walks sessions, and fires the plugins' hooks."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

import attrs

from replay._firing import Replay
from replay._plugins import OnPluginError, Plugins
from replay.errors import PluginError
from replay.report import ReplayReport
from replay.sessions import Session


class ReplayEngine:
    """Replays sessions into plugins.

    Engines share nothing: each may run in a thread of its own. As a context manager,
    an engine fires ``replay_close`` when it is left.

    Args:
        plugins: Objects with hook methods, modules, or mappings such as
            ``{"text": function}``; called in this order.
        strict: Raise at the first diagnostic.
        on_plugin_error: ``"raise"`` stops at a hook that raises; ``"isolate"`` notes
            it in the report and goes on, and drops a plugin that fails ten times.
        time_plugins: Add up the seconds that each plugin takes, for the report;
            pluggy's wrappers aside.

    Raises:
        PluginError: A plugin has no hooks, or a misspelt one.
        TypeError: *plugins* is one plugin, where a list of them is needed.
        ValueError: *on_plugin_error* is neither word.

    >>> engine = ReplayEngine([{"text": lambda message: print(message.content)}])
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        strict: bool = False,
        on_plugin_error: OnPluginError = "raise",
        time_plugins: bool = False,
    ) -> None:
        if on_plugin_error not in ("raise", "isolate"):
            message = f"on_plugin_error: 'raise' or 'isolate', not {on_plugin_error!r}"
            raise ValueError(message)
        if isinstance(plugins, Mapping) or not isinstance(plugins, Iterable):
            message = f"plugins is a list of plugins, not {type(plugins).__name__}"
            raise TypeError(message)
        self._strict = strict
        self._plugins = Plugins(
            plugins, on_plugin_error=on_plugin_error, time_plugins=time_plugins
        )
        self._report = ReplayReport(session_id=None, sessions=0)
        self._is_closed = False

    @property
    def report(self) -> ReplayReport:
        """Return the totals of all that was replayed so far."""
        return self._report

    def replay(self, session: Session) -> ReplayReport:
        """Walk *session* once, in order, and fire the hooks.

        Raises:
            PluginError: A hook raised, and failures are not isolated.
            DecodeError: ``strict``: the history is odd. Or its file has changed.
        """
        replay = Replay(self._plugins, session, strict=self._strict)
        try:
            return replay.run()
        finally:
            self._report += replay.report

    def close(self) -> None:
        """Fire ``replay_close`` with the totals; the second time, do nothing.

        Raises:
            PluginError: A hook raised, and failures are not isolated.
        """
        if self._is_closed:
            return
        self._is_closed = True
        failures = self._plugins.failures
        before = len(failures.errors)
        try:
            self._plugins.hooks["replay_close"].call_all(self._report)
        finally:
            self._report = attrs.evolve(
                self._report,
                plugin_errors=(*self._report.plugin_errors, *failures.errors[before:]),
                dropped_plugins=tuple(failures.dropped),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except PluginError as failure:
            if error is None:
                raise
            error.add_note(str(failure))
