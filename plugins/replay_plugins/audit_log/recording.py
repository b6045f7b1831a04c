"""What is recorded of a replay: a record for each thing that happens."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import attrs

from replay import (
    AuditError,
    Context,
    Diagnostic,
    Message,
    ReplayReport,
    Session,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    Turn,
    UnknownEvent,
    UserInput,
)
from replay_plugins.audit_log import facts
from replay_plugins.audit_log.content import ContentPolicy, Hide, Opening, redacted
from replay_plugins.audit_log.facts import Facts
from replay_plugins.audit_log.options import check_numbers, check_words, login_name
from replay_plugins.audit_log.policy import Sync


class Sink(Protocol):
    """Where records go."""

    def append(
        self, kind: str, fields: Mapping[str, object], openings: Sequence[Opening]
    ) -> None:
        """Take a record.

        Raises:
            AuditError: It cannot be taken.
        """


@attrs.define(eq=False, slots=False, repr=False)
class Recording:
    """Hands a record to its sink for each thing that happens, as its options say.

    They are those of the plugin, :class:`AuditLog`.

    Raises:
        UnknownNameError: There is no such policy.
        ValueError: A number is not above zero, or ``deltas`` are to be ``redacted``.
    """

    path: Path = attrs.field(converter=Path)
    actor: str = attrs.field(factory=login_name)
    content: ContentPolicy = "digest"
    deltas: bool = False
    sync: Sync = "record"
    key: Path | None = attrs.field(
        default=None, converter=attrs.converters.optional(Path)
    )
    max_bytes: int | None = None
    max_age: float | None = None
    _known: int = attrs.field(default=0, init=False)  # events, at a session's start
    _hide: Hide = attrs.field(init=False)
    _sink: Sink = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        check_words(content=self.content, sync=self.sync)
        check_numbers(sync=self.sync, max_bytes=self.max_bytes, max_age=self.max_age)
        if self.content == "redacted" and self.deltas:
            message = "a delta may hold half a secret: put the plugin redact before"
            raise ValueError(message)
        if self.deltas:
            self.replay_text_delta = self.replay_thinking_delta = self._delta

    def replay_session_start(self, session: Session) -> None:
        """Record that a session begins, and what its recording hashes to."""
        if self.content == "redacted":
            self._hide = redacted()  # pseudonyms are a session's own
        self._known = len(session.events)
        start = partial(facts.of_session, session)
        self._record("session_start", session.session_id, start)

    def replay_turn_start(self, context: Context) -> None:
        """Record that a turn begins."""
        self._record_at("turn_start", context, Facts)

    def replay_user_input(self, event: UserInput, context: Context) -> None:
        """Record what the user said."""
        self._record_at("user_input", context, partial(facts.of_content, event))

    def replay_thinking(self, message: Message, context: Context) -> None:
        """Record a block of reasoning."""
        self._message(message, context)

    def replay_text(self, message: Message, context: Context) -> None:
        """Record a block of the answer."""
        self._message(message, context)

    def replay_tool_call(self, event: ToolCall, context: Context) -> None:
        """Record which tool was called, and with what."""
        self._record_at("tool_call", context, partial(facts.of_call, event))

    def replay_tool_result(
        self, event: ToolResult, call: ToolCall | None, context: Context
    ) -> None:
        """Record what a tool gave."""
        self._record_at("tool_result", context, partial(facts.of_result, event, call))

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Record how a run ended."""
        self._record_at("stop", context, partial(facts.of_stop, event))

    def replay_unknown_event(self, event: UnknownEvent, context: Context) -> None:
        """Record what is of no known shape."""
        self._record_at("unknown_event", context, partial(facts.of_unknown, event))

    def replay_diagnostic(self, diagnostic: Diagnostic, context: Context) -> None:
        """Record what is odd about the history."""
        odd = partial(facts.of_diagnostic, diagnostic)
        self._record_at("diagnostic", context, odd, diagnostic.index)

    def replay_turn_end(self, turn: Turn, context: Context) -> None:
        """Record how a turn ended."""
        self._record_at("turn_end", context, lambda: Facts({"status": turn.status}))

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Record which plugins failed, and how the session ended."""
        for error in report.plugin_errors:
            failed = partial(facts.of_plugin_error, error)
            self._record("plugin_error", session.session_id, failed, error.index)
        anew = None if len(session.events) == self._known else session
        ended = partial(facts.of_report, report, anew)
        self._record("session_end", session.session_id, ended)

    def _delta(self, event: TextDelta | ThinkingDelta, context: Context) -> None:
        self._record_at(
            "delta", context, partial(facts.of_content, event, type=event.type)
        )

    def _message(self, message: Message, context: Context) -> None:
        block = partial(facts.of_message, message)
        self._record_at("message", context, block, message.index)

    def _record_at(
        self,
        kind: str,
        context: Context,
        find: Callable[[], Facts],
        index: int | None = -1,
    ) -> None:
        index = context.index if index == -1 else index
        self._record(kind, context.session.session_id, find, index, context.turn)

    def _record(
        self,
        kind: str,
        session_id: str,
        find: Callable[[], Facts],
        index: int | None = None,
        turn: int | None = None,
    ) -> None:
        fields: dict[str, object] = {facts.SESSION_ID: session_id}
        places = {"event": index, "turn": turn}
        fields |= {name: n for name, n in places.items() if n is not None}
        openings = []
        try:
            found = find()
            fields |= found.clear
            for name, value in found.sensitive.items():
                fields[name], opening = self._hide(name, value)
                openings += [opening] if opening else []
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException as error:  # SystemExit too: isolation would go on
            reason = f"a {kind} cannot be recorded: {type(error).__name__}: {error}"
            raise AuditError(str(self.path), reason) from error
        self._sink.append(kind, fields, openings)
