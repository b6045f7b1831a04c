"""The replay engine, which walks sessions and fires the plugins' hooks."""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from replay.engine.dispatch import History, Recorded, Replay
from replay.engine.plugin_set import OnPluginError, Plugins
from replay.engine.report import Outcome, ReplayReport, Totals
from replay.errors import (
    MustStopError,
    PluginError,
    StopReplay,
    text_of,
    wrong_type,
)
from replay.model.sessions import Session, SessionLike
from replay.sources.live_stream import ArrivingEvents, LiveHistory, LiveStream, arriving
from replay.sources.source import session_of


class ReplayEngine:
    """An engine that replays sessions into plugins.

    Engines share nothing: each may run in a thread of its own. Used as a context
    manager, an engine fires ``replay_close`` at the end.

    Args:
        plugins: Objects with hook methods, modules, or mappings such as
            ``{"text": function}``; called in this order.
        strict: Raise at the first diagnostic.
        on_plugin_error: ``"raise"`` stops at a hook that raises; ``"isolate"`` notes
            it in the report and continues, and drops a plugin that fails ten times.
        time_plugins: Report each plugin's seconds, except in pluggy's wrappers.

    Raises:
        PluginError: A plugin has no hooks, or a misspelt one.
        TypeError: *plugins* is a single plugin, not a list of them.
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
            given = repr(on_plugin_error)
            message = f"on_plugin_error must be 'raise' or 'isolate', not {given}"
            raise ValueError(message)
        is_list = isinstance(plugins, Iterable)
        if not is_list or isinstance(plugins, Mapping | str):
            message = f"plugins must be a list of plugins, not {type(plugins).__name__}"
            raise TypeError(message)
        self._strict = strict
        self._plugins = Plugins(
            plugins, on_plugin_error=on_plugin_error, time_plugins=time_plugins
        )
        self._totals = Totals()
        self._is_closed = False

    @property
    def report(self) -> ReplayReport:
        """Return the totals of all replays so far."""
        return self._totals.report()

    def replay(self, session: SessionLike) -> ReplayReport:
        """Walk *session* once, in order, and fire the hooks.

        Args:
            session: A session, the location of one, or a list of events; see
                :func:`replay.load` and :meth:`replay.Session.from_events`.

        Raises:
            PluginError: A hook raised, and failures are not isolated.
            MustStopError: A hook raised it: the replay must not continue.
            DecodeError: There is a diagnostic and ``strict`` is set, or the session's
                file has changed.
            TypeError: *session* is none of these.
        """
        shown = self._rewritten(session_of(session))
        return shown if isinstance(shown, ReplayReport) else self._run(Recorded(shown))

    def replay_live(
        self, stream: LiveStream, *, reconcile: bool = False
    ) -> ReplayReport:
        """Walk a turn in progress, and fire the hooks as its events arrive.

        They are the hooks of the recording that it becomes: the user input comes first.
        ``replay_session_start`` gets a session without events, ``replay_session_end``
        one with the events of this turn, which are kept only if a plugin has that hook.

        Args:
            stream: A stream that ``source.stream`` returned.
            reconcile: If the stream breaks off, go on with what the service has.

        Raises:
            PluginError: A hook raised, and failures are not isolated.
            StreamInterruptedError: The stream broke off.
            BackendError: The missing events could not be fetched.
            TypeError: *stream* is something else, such as a recorded session.
        """
        if not hasattr(stream, "user_input"):
            raise wrong_type(stream, "what source.stream returns", "engine.replay?")
        keep = bool(self._plugins.hooks["replay_session_end"])
        events = arriving(stream, reconcile=reconcile)
        if not self._plugins.rewrite:
            session = Session(stream.session_id)
            return self._run(LiveHistory(stream, session, events, keep))
        session = Session(stream.session_id, events=ArrivingEvents(events))
        shown = self._rewritten(session)
        if isinstance(shown, ReplayReport):
            return shown
        events = iter(shown.events)
        history = LiveHistory(stream, shown, events, keep, is_rewritten=True)
        return self._run(history)

    def _rewritten(self, session: Session) -> Session | ReplayReport:
        """Return the session to show to plugins, or a report if none may be shown."""
        if not self._plugins.rewrite:
            return session
        first_error = len(self._plugins.failures.errors)
        outcome: Outcome = "failed"
        shown: Session | None = None
        try:
            shown = self._plugins.rewrite(session)
        except StopReplay:
            outcome = "stopped"
        finally:
            failures = self._plugins.failures
            report = ReplayReport(
                session.session_id,
                plugin_errors=tuple(failures.errors[first_error:]),
                dropped_plugins=tuple(failures.dropped),
                outcome=outcome,
            )
            if shown is None:
                self._totals.add(report)
        return report if shown is None else shown

    def _run(self, history: History) -> ReplayReport:
        replay = Replay(self._plugins, history, strict=self._strict)
        self._plugins.failures.session = history.session.session_id
        try:
            return replay.run()
        finally:
            self._plugins.failures.session = None
            self._totals.add(replay.report)

    def close(self) -> None:
        """Fire ``replay_close`` with the totals. Calling it twice is harmless.

        Raises:
            PluginError: A hook raised, and failures are not isolated.
        """
        if self._is_closed:
            return
        self._is_closed = True
        failures = self._plugins.failures
        before = len(failures.errors)
        try:
            self._plugins.hooks["replay_close"].call_all(self.report)
        finally:
            closing = ReplayReport(
                session_id=None,
                sessions=0,
                plugin_errors=tuple(failures.errors[before:]),
                dropped_plugins=tuple(failures.dropped),
            )
            self._totals.add(closing)

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
        except (PluginError, MustStopError) as failure:
            if error is None:
                raise
            error.add_note(text_of(failure))
