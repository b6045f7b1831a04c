"""The plugin: a record for each thing that happens in a replay."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

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
from replay_plugins.audit_log.content import (
    ContentPolicy,
    Hide,
    committed,
    digested,
    in_full,
    redacted,
    salt_at,
)
from replay_plugins.audit_log.facts import Facts
from replay_plugins.audit_log.log import Log
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.options import check_numbers, check_words, login_name
from replay_plugins.audit_log.policy import Policy, Sync
from replay_plugins.audit_log.private_files import refusals_of
from replay_plugins.audit_log.signing import signer_at


@attrs.define(eq=False, slots=False, repr=False)
class AuditLog:
    """Writes what happens in replays to an append-only log, a record a line.

    Records are chained by their hashes; a checkpoint at each session's end, and when
    the engine is closed, says what all of them hash to. Whatever keeps a record from
    being written stops the replay, where plugins' failures are isolated too.

    Args:
        path: The log; it goes on where it ended. Other files of it lie beside.
        actor: Who runs the replay; at first the user's login name.
        content: What records show of what was said: ``full``; ``digest``, its length
            and a salted digest; ``redacted``, all but secrets; ``committed``, a
            commitment whose opening can be removed later.
        deltas: Record every delta too.
        sync: When records are on the disk: ``record``, each before its hook returns;
            ``session``, each session's at its end; a number, at most so many
            milliseconds after they were written.
        key: The file of the private key that checkpoints are signed with; None: they
            are not.
        max_bytes: Begin another file where the current one is so large; None: never.
        max_age: Begin another file where the first record of the current one is so
            many seconds old; None: never.

    Raises:
        UnknownNameError: There is no such policy.
        ValueError: A number is not above zero, or ``deltas`` are to be ``redacted``.
        AuditError: The log cannot be opened, or is not as it was left.
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

    def __attrs_post_init__(self) -> None:
        check_words(content=self.content, sync=self.sync)
        check_numbers(sync=self.sync, max_bytes=self.max_bytes, max_age=self.max_age)
        if self.content == "redacted" and self.deltas:
            message = "a delta may hold half a secret: put the plugin redact before"
            raise ValueError(message)
        if self.deltas:
            self.replay_text_delta = self.replay_thinking_delta = self._delta
        with refusals_of(self.path):
            files = LogFiles(self.path)
        files = LogFiles(self.path.absolute())  # wherever the program goes
        self._log = Log(files, self._policy())
        try:
            self._hide = self._hiding(files)
        except BaseException:
            self._log.close()
            raise

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
        """Record which plugins failed, how the session ended, and a checkpoint."""
        for error in report.plugin_errors:
            failed = partial(facts.of_plugin_error, error)
            self._record("plugin_error", session.session_id, failed, error.index)
        anew = None if len(session.events) == self._known else session
        ended = partial(facts.of_report, report, anew)
        self._record("session_end", session.session_id, ended)
        self._log.checkpoint()

    def replay_close(self) -> None:
        """End the log with a checkpoint, and let it go."""
        self._log.close()

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
        self._log.append(kind, fields, openings)

    def _policy(self) -> Policy:
        signer = None if self.key is None else signer_at(self.key)
        about = {
            "sync": self.sync,
            "content_policy": self.content,
            "signed": signer is not None,
            "version": version("chat-replay"),
        }
        return Policy(
            actor=self.actor,
            sync=self.sync,
            signer=signer,
            max_bytes=self.max_bytes,
            max_age=self.max_age,
            keeps_openings=self.content == "committed",
            about=about,
        )

    def _hiding(self, files: LogFiles) -> Hide:
        if self.content == "digest":
            return digested(salt_at(files.salt))
        if self.content == "redacted":
            return redacted()
        return in_full if self.content == "full" else committed
