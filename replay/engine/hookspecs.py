"""The hooks that a plugin can implement, when they are called, and in what order.

A plugin is any object with methods of these names, a module, or a mapping such as
``{"text": function}``. Implement only the hooks you need, and take only the arguments
you need. ``replay_rewrite`` comes first; only it and ``replay_batch_result`` return
something. For each recorded event, in this order:

1. a boundary (tool call, tool result, stop, user input, end of events) releases
   pending messages: ``replay_text``, ``replay_thinking``; then ``replay_turn_end`` and
   ``replay_turn_start`` if a turn ends or begins;
2. ``replay_event``;
3. ``replay_diagnostic``;
4. the messages that the event settled: ``replay_text``, ``replay_thinking``;
5. the event's own hook, such as ``replay_tool_call``.

Plugins are called in the order they were given to the engine.
"""

import attrs
import pluggy

from replay.engine.report import BatchResults, ReplayReport
from replay.model.diagnostics import Diagnostic
from replay.model.events import (
    Event,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    UserInput,
)
from replay.model.messages import Message, Turn
from replay.model.sessions import Session, SessionSummary

hookspec = pluggy.HookspecMarker("replay")
hookimpl = pluggy.HookimplMarker("replay")


@attrs.frozen
class Context:
    """The point in a replay at which a hook is called."""

    session: SessionSummary  #: the session's header
    index: int  #: the current event's; after the last event, the number of events
    turn: int  #: the number of the turn, from 0


@hookspec
def replay_rewrite(session: Session) -> Session:  # type: ignore[empty-body]  # a spec
    """A session is about to be shown to plugins; return the one to show instead.

    Called once, before all else, with what the previous plugin returned. All plugins
    then see the session that the last one returned, and no other. If one fails, the
    session is not replayed.

    Args:
        session: The session; of a live turn, its events come as they arrive.

    Returns:
        A session with as many events, each at its old index. Events that are not in
        memory are best rewritten as they are read.
    """


@hookspec
def replay_session_start(session: Session) -> None:
    """A session is about to be replayed; called once, before its events."""


@hookspec
def replay_turn_start(user_input: UserInput | None, context: Context) -> None:
    """A turn begins.

    Args:
        user_input: The event that opened it; None: none was recorded.
        context: The position of the event that opened it.
    """


@hookspec
def replay_event(event: Event, context: Context) -> None:
    """An event was recorded; called exactly once per event, in recorded order."""


@hookspec
def replay_diagnostic(diagnostic: Diagnostic, context: Context) -> None:
    """Something in the history is unusual; called once, when it is found."""


@hookspec
def replay_user_input(event: UserInput, context: Context) -> None:
    """The user said something; called once per event, after its turn has begun."""


@hookspec
def replay_thinking_delta(event: ThinkingDelta, context: Context) -> None:
    """A piece of reasoning arrived; called once per event, in order."""


@hookspec
def replay_thinking(message: Message, context: Context) -> None:
    """A block of reasoning is whole; called once, however it was recorded.

    Args:
        message: The block; its ``index`` is that of its first event.
        context: The position of the event that made it whole.
    """


@hookspec
def replay_text_delta(event: TextDelta, context: Context) -> None:
    """A piece of the answer arrived; called once per event, in order."""


@hookspec
def replay_text(message: Message, context: Context) -> None:
    """A block of the answer is whole; called once, however it was recorded.

    Args:
        message: The block; its ``index`` is that of its first event.
        context: The position of the event that made it whole.
    """


@hookspec
def replay_tool_call(event: ToolCall, context: Context) -> None:
    """The agent called a tool; called once per event, in order."""


@hookspec
def replay_tool_result(
    event: ToolResult, call: ToolCall | None, context: Context
) -> None:
    """A tool answered; called once per event, in order.

    Args:
        event: The result.
        call: The call that it answers; None: there is no such call.
        context: The result's position.
    """


@hookspec
def replay_stop(event: Stop, context: Context) -> None:
    """A run ended; called once per event, after the messages that it released."""


@hookspec
def replay_unknown_event(event: UnknownEvent, context: Context) -> None:
    """An event of unknown shape was recorded; called once per event, in order."""


@hookspec
def replay_turn_end(turn: Turn, context: Context) -> None:
    """A turn is over: the next one opens, or the events end.

    Args:
        turn: The whole turn, equal to the transcript's.
        context: The position of the event that ended it, with that turn's number.
    """


@hookspec
def replay_session_end(session: Session, report: ReplayReport) -> None:
    """A session was replayed; called once, even if the replay failed or was stopped.

    Args:
        session: The session.
        report: The report of the replay; its ``outcome`` tells how it ended.
    """


@hookspec
def replay_close(report: ReplayReport) -> None:
    """The engine is closed, or its ``with`` statement ends; called once.

    Args:
        report: The totals of all the sessions that it replayed.
    """


@hookspec
def replay_batch_result() -> object:
    """In a batch, a session was replayed; return its result, and forget it.

    Called by a worker, after ``replay_session_end``. Workers do not call
    ``replay_close`` of a plugin that has this hook.

    Returns:
        A JSON value, which must not depend on other sessions.
    """


@hookspec
def replay_batch_merge(results: BatchResults) -> None:
    """In a batch, all sessions are done; merge their results.

    Called once, on a plugin that was shown no session; ``replay_close`` follows.

    Args:
        results: The result of ``replay_batch_result`` for each session, in the order of
            the sessions. They can be iterated repeatedly, and are not in memory.
    """
