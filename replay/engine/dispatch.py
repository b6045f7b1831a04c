"""The replay of one session, with each hook called at the right moment."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import attrs

from replay.coalescing.transcripts import TurnBuilder
from replay.coalescing.walk import Effects, Walk
from replay.codec.history import parts_of
from replay.codec.parts import Deltas, Part
from replay.engine.hook_calls import Hook
from replay.engine.hookspecs import Context
from replay.engine.plugin_set import Plugins
from replay.engine.report import Outcome, ReplayReport
from replay.errors import (
    DecodeError,
    MustStopError,
    PluginError,
    StopReplay,
    text_of,
)
from replay.model.diagnostics import Diagnostic
from replay.model.events import Event, FullEvent, ToolResult, UserInput
from replay.model.messages import Message
from replay.model.sessions import Session


class History(Protocol):
    """A history to replay: a session, or a turn in progress."""

    @property
    def session(self) -> Session:
        """Return the session as far as it is known."""

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """Return the history's own diagnostics; there may be more later."""

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the history, each with the index of its first event."""


@attrs.frozen
class Recorded:
    """A recorded session."""

    session: Session

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        """Return the document's own diagnostics."""
        return self.session.diagnostics

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield the parts of the session."""
        return parts_of(self.session.events)


class Replay:
    """The replay of one history, which fires its hooks; the result is ``report``."""

    def __init__(self, plugins: Plugins, history: History, *, strict: bool) -> None:
        session = history.session
        self.report = ReplayReport(session.session_id)
        self._plugins = plugins
        self._hooks = plugins.hooks
        self._history = history
        self._is_document = session.shape == "document"
        self._told = 0  # how many of the history's own diagnostics were reported
        self._strict = strict
        self._walk = Walk()
        self._builder = TurnBuilder() if self._hooks["replay_turn_end"] else None
        self._events: Counter[str] = Counter()
        self._messages: Counter[str] = Counter()
        self._diagnostics: Counter[str] = Counter()
        self._first_error = len(plugins.failures.errors)
        self._seconds = dict(plugins.seconds or {})
        self._header = session.summary()
        self._unwanted = Context(self._header, 0, 0)  # for hooks without a context

    def run(self) -> ReplayReport:
        """Replay the session, and return the report."""
        try:
            self._replay()
        except StopReplay:
            self._end("stopped")
        except BaseException as error:
            self._end("failed", error)
            raise
        else:
            self._end("complete")
        return self.report

    def _replay(self) -> None:
        self._hooks["replay_session_start"](None, self._history.session)
        self._tell_own(0)
        end = 0
        for index, part in self._history.parts():
            self._tell_own(index)
            if isinstance(part, Deltas):
                self._fire_deltas(part, index)
                end = index + len(part.contents)
            else:
                self._fire(part, index)
                end = index + 1
        self._tell_own(end)
        self._finish(end)

    def _fire_deltas(self, deltas: Deltas, index: int) -> None:
        wire_type = deltas.cls.type
        self._events[wire_type] += len(deltas.contents)
        both = self._hooks["replay_event"], self._hooks[f"replay_{wire_type}"]
        hooks = [hook for hook in both if hook]
        events = deltas.events() if hooks else []
        before = self._context(index + deltas.first)
        if self._walk.is_open:
            self._walk.step(deltas, index)
        else:
            self._fire_each(hooks, events[: deltas.first], index)
            effects = self._walk.step(deltas, index)
            self._change_turn(deltas, index + deltas.first, effects, before)
            events, index = events[deltas.first :], index + deltas.first
        self._fire_each(hooks, events, index)

    def _fire_each(
        self, hooks: Sequence[Hook], events: Sequence[Event], start: int
    ) -> None:
        if len(hooks) == 1:
            hooks[0].each(start, events, self._context)
        elif hooks:
            for index, event in enumerate(events, start):
                context = self._context(index)
                for hook in hooks:
                    hook(index, event, context)

    def _fire(self, event: Event, index: int) -> None:
        self._events[event.type] += 1
        before = self._context(index)
        effects = self._walk.step(event, index)
        self._deliver(effects.released, index, before)
        self._change_turn(event, index, effects, before)
        context = self._context(index) if effects.opens else before
        self._hooks["replay_event"](index, event, context)
        self._tell(effects.diagnostics, index, context)
        self._deliver(effects.settled, index, context)
        self._fire_own(event, index, effects, context)

    def _change_turn(
        self, part: Part, index: int, effects: Effects, before: Context
    ) -> None:
        ended = self._builder.add(part, index, effects) if self._builder else None
        if effects.closes:
            self._hooks["replay_turn_end"](index, ended, before)
        if effects.opens:
            user_input = part if isinstance(part, UserInput) else None
            context = self._context(index)
            self._hooks["replay_turn_start"](index, user_input, context)

    def _fire_own(
        self, event: Event, index: int, effects: Effects, context: Context
    ) -> None:
        if isinstance(event, FullEvent):
            return
        hook = self._hooks[f"replay_{event.type}"]
        if isinstance(event, ToolResult):
            call = effects.exchange.call if effects.exchange else None
            hook(index, event, call, context)
        else:
            hook(index, event, context)

    def _finish(self, end: int) -> None:
        context = self._context(end)
        effects = self._walk.finish()
        if effects.opens:
            self._hooks["replay_turn_start"](end, None, context)
        self._deliver(effects.released, end, context)
        self._tell(effects.diagnostics, end, context)
        if effects.closes:
            turn = self._builder.finish(effects) if self._builder else None
            self._hooks["replay_turn_end"](end, turn, context)

    def _context(self, index: int) -> Context:
        if self._plugins.want_context:
            return Context(self._header, index, max(self._walk.turn, 0))
        return self._unwanted

    def _deliver(
        self, messages: Iterable[Message], index: int, context: Context
    ) -> None:
        for message in messages:
            self._messages[message.kind] += 1
            self._hooks[f"replay_{message.kind}"](index, message, context)

    def _tell_own(self, index: int) -> None:
        """Report new diagnostics of the history's own."""
        found = self._history.diagnostics
        if len(found) > self._told:
            new, self._told = found[self._told :], len(found)
            self._tell(new, index, self._context(index))

    def _tell(
        self, diagnostics: Iterable[Diagnostic], index: int, context: Context
    ) -> None:
        for diagnostic in diagnostics:
            self._diagnostics[diagnostic.code] += 1
            self._hooks["replay_diagnostic"](index, diagnostic, context)
            if self._strict:
                where = "$.events" if self._is_document else "$"
                if diagnostic.index is not None:
                    where += f"[{diagnostic.index}]"
                reason = f"{diagnostic.code}: {diagnostic.detail}"
                raise DecodeError(where, reason, self._header.session_id)

    def _end(self, outcome: Outcome, cause: BaseException | None = None) -> None:
        self.report = self._reported(outcome)
        try:
            session = self._history.session
            self._hooks["replay_session_end"].call_all(session, self.report)
        except (PluginError, MustStopError) as error:
            outcome = "failed"
            if cause is None:
                raise
            cause.add_note(text_of(error))
        finally:
            self.report = self._reported(outcome)

    def _reported(self, outcome: Outcome) -> ReplayReport:
        seconds = self._plugins.seconds
        return ReplayReport(
            session_id=self._header.session_id,
            turns=self._walk.turn + 1,
            events=dict(self._events),
            messages=dict(self._messages),
            diagnostics=dict(self._diagnostics),
            plugin_errors=tuple(self._plugins.failures.errors[self._first_error :]),
            dropped_plugins=tuple(self._plugins.failures.dropped),
            seconds=seconds
            and {name: seconds[name] - self._seconds.get(name, 0) for name in seconds},
            outcome=outcome,
        )
