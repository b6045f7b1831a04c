"""What is recorded of a replay: a record for each thing that happens.

Names are OpenTelemetry's for generative AI where it has one, else the wire's.

Source: OpenTelemetry, semantic conventions for generative AI, 1.42.
"""

import os
import pwd
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol, TypeAlias, get_args

import attrs

from replay import (
    AuditError,
    Context,
    Diagnostic,
    Event,
    Message,
    PluginError,
    ReplayReport,
    Session,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    Turn,
    UnknownEvent,
    UnknownNameError,
    UserInput,
)
from replay.codec.writer import hash_session
from replay_plugins.audit_log.log.content import ContentPolicy, Hide, Opening, redacted
from replay_plugins.audit_log.log.log import Sync, SyncWord

SESSION_ID: Final = "gen_ai.conversation.id"
ERROR_TYPE: Final = "error.type"
TOOL_NAME: Final = "gen_ai.tool.name"
CALL_ID: Final = "gen_ai.tool.call.id"

_Fields: TypeAlias = Mapping[str, object]
_NOTHING: Final[_Fields] = {}


@attrs.frozen
class Facts:
    """What a record says."""

    clear: _Fields = _NOTHING
    sensitive: _Fields = _NOTHING  #: shown as the policy says


def of_session(session: Session) -> Facts:
    """Return what a session is, before it is walked."""
    return Facts(
        {
            "shape": session.shape,
            "session.digest": digest_of(session),
            "events": len(session.events),
        }
    )


def of_report(report: ReplayReport, session: Session | None) -> Facts:
    """Return what a session came to.

    Args:
        report: What happened.
        session: The session, where it was not known when it began; None: it was.
    """
    digest = {"session.digest": digest_of(session)} if session else _NOTHING
    return Facts(
        {
            "outcome": report.outcome,
            "turns": report.turns,
            "events": report.events,
            "messages": report.messages,
            "diagnostics": report.diagnostics,
            "plugin_errors": len(report.plugin_errors),
            "dropped_plugins": report.dropped_plugins,
            **digest,
        }
    )


def of_plugin_error(error: PluginError) -> Facts:
    """Return which plugin failed, where, and how."""
    cause = type(error.__cause__ or error).__name__
    clear = {"plugin": error.plugin, "hook": error.hook, ERROR_TYPE: cause}
    return Facts(clear, {"reason": error.reason})


def of_message(message: Message) -> Facts:
    """Return a block of text or thinking."""
    clear = {
        "type": message.kind,
        "complete": message.complete,
        "source": message.source,
    }
    extra = _extra(message.event) if message.event else _NOTHING
    return Facts(clear, {"content": message.content, **extra})


def of_content(event: Event, **clear: object) -> Facts:
    """Return a user input or a delta: an event that is a text."""
    content = getattr(event, "content", None)
    return Facts(clear, {"content": content, **_extra(event)})


def of_call(event: ToolCall) -> Facts:
    """Return which tool was called, and with what."""
    arguments = {"gen_ai.tool.call.arguments": event.arguments}
    clear = {TOOL_NAME: event.name, CALL_ID: event.call_id}
    return Facts(clear, {**arguments, **_extra(event)})


def of_result(event: ToolResult, call: ToolCall | None) -> Facts:
    """Return what a tool gave, and whether it was asked."""
    image = event.image_attachment
    clear = {
        TOOL_NAME: event.name,
        CALL_ID: event.call_id,
        "is_answer": call is not None,
    }
    result = {"gen_ai.tool.call.result": event.result}
    page = {"image_attachment": image.as_object()} if image else _NOTHING
    return Facts(clear, {**result, **page, **_extra(event)})


def of_stop(event: Stop) -> Facts:
    """Return how a run ended, and what it cost."""
    usage, skipped = event.usage, event.skipped_index_ids
    clear: dict[str, object] = {
        "is_error": event.is_error,
        "gen_ai.usage.input_tokens": usage.total_input_tokens,
        "gen_ai.usage.output_tokens": usage.total_output_tokens,
        "round_trips": usage.turns,
        "duration_ms": usage.duration_ms,
    }
    if skipped is not None:
        clear["skipped_index_ids"] = skipped
    error = _NOTHING if event.error is None else {"error": event.error}
    return Facts(clear, {**error, **_extra(event)})


def of_unknown(event: UnknownEvent) -> Facts:
    """Return an entry of the history that is none of the known events."""
    return Facts({"code": event.code}, {"raw": event.raw})


def of_diagnostic(diagnostic: Diagnostic) -> Facts:
    """Return what is odd about the history."""
    return Facts({"code": diagnostic.code}, {"detail": diagnostic.detail})


def digest_of(session: Session) -> str:
    """Return the SHA-256 of what ``replay.dump`` writes of a session."""
    hashed = sha256()
    hash_session(session, hashed)
    return f"sha256:{hashed.hexdigest()}"


def _extra(event: Event) -> _Fields:
    extra = getattr(event, "extra", None)
    return {"extra": extra} if extra else {}


_WORDS: Final = {"content": get_args(ContentPolicy), "sync": get_args(SyncWord)}


def login_name() -> str:
    """Return the name of the user whom this process runs as."""
    return name_of(os.getuid())


def name_of(user: int) -> str:
    """Return the name of a user; of one who has none, the number."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def check_words(*, content: str, sync: Sync) -> None:
    """Refuse policies that are not known.

    Raises:
        UnknownNameError: There is no such policy.
    """
    for option, word in (("content", content), ("sync", sync)):
        known = _WORDS[option]
        if isinstance(word, str) and word not in known:
            reason = f"there is no {option} {word!r}"
            raise UnknownNameError(reason, f"known: {', '.join(known)}")


def check_numbers(**numbers: float | str | None) -> None:
    """Refuse numbers that are not above zero; words and None are passed over.

    Raises:
        ValueError: A number is zero or below.
    """
    for name, number in numbers.items():
        if isinstance(number, int | float) and not number > 0:
            message = f"{name} must be above zero, not {number!r}"
            raise ValueError(message)


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
        start = partial(of_session, session)
        self._record("session_start", session.session_id, start)

    def replay_turn_start(self, context: Context) -> None:
        """Record that a turn begins."""
        self._record_at("turn_start", context, Facts)

    def replay_user_input(self, event: UserInput, context: Context) -> None:
        """Record what the user said."""
        self._record_at("user_input", context, partial(of_content, event))

    def replay_thinking(self, message: Message, context: Context) -> None:
        """Record a block of reasoning."""
        self._message(message, context)

    def replay_text(self, message: Message, context: Context) -> None:
        """Record a block of the answer."""
        self._message(message, context)

    def replay_tool_call(self, event: ToolCall, context: Context) -> None:
        """Record which tool was called, and with what."""
        self._record_at("tool_call", context, partial(of_call, event))

    def replay_tool_result(
        self, event: ToolResult, call: ToolCall | None, context: Context
    ) -> None:
        """Record what a tool gave."""
        self._record_at("tool_result", context, partial(of_result, event, call))

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Record how a run ended."""
        self._record_at("stop", context, partial(of_stop, event))

    def replay_unknown_event(self, event: UnknownEvent, context: Context) -> None:
        """Record what is of no known shape."""
        self._record_at("unknown_event", context, partial(of_unknown, event))

    def replay_diagnostic(self, diagnostic: Diagnostic, context: Context) -> None:
        """Record what is odd about the history."""
        odd = partial(of_diagnostic, diagnostic)
        self._record_at("diagnostic", context, odd, diagnostic.index)

    def replay_turn_end(self, turn: Turn, context: Context) -> None:
        """Record how a turn ended."""
        self._record_at("turn_end", context, lambda: Facts({"status": turn.status}))

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Record which plugins failed, and how the session ended."""
        for error in report.plugin_errors:
            failed = partial(of_plugin_error, error)
            self._record("plugin_error", session.session_id, failed, error.index)
        anew = None if len(session.events) == self._known else session
        ended = partial(of_report, report, anew)
        self._record("session_end", session.session_id, ended)

    def _delta(self, event: TextDelta | ThinkingDelta, context: Context) -> None:
        self._record_at("delta", context, partial(of_content, event, type=event.type))

    def _message(self, message: Message, context: Context) -> None:
        block = partial(of_message, message)
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
        fields: dict[str, object] = {SESSION_ID: session_id}
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
