"""The records of a replay: one for each thing that happens.

Names are OpenTelemetry's for generative AI if it has one, and else the wire's.

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
from replay.authoring import hash_session
from replay_plugins.audit_log.log.content import (
    DIGEST,
    ContentFilter,
    ContentPolicy,
    Opening,
    content_filter,
    redacted,
)
from replay_plugins.audit_log.log.log_writer import Sync, SyncWord, Unsigned

SESSION_ID: Final = "gen_ai.conversation.id"
ERROR_TYPE: Final = "error.type"
TOOL_NAME: Final = "gen_ai.tool.name"
CALL_ID: Final = "gen_ai.tool.call.id"

_Fields: TypeAlias = Mapping[str, object]
_NO_FIELDS: Final[_Fields] = {}
_WORDS: Final = {
    "content": get_args(ContentPolicy),
    "sync": get_args(SyncWord),
    "unsigned": get_args(Unsigned),
}


@attrs.frozen
class Facts:
    """The fields of a record."""

    clear: _Fields = _NO_FIELDS
    sensitive: _Fields = _NO_FIELDS  #: shown as the policy says


def of_session(session: Session, policy: ContentPolicy) -> Facts:
    """Return the facts about a session before it is replayed."""
    digest = _of_digest(session, policy)
    clear = {"shape": session.shape, "events": len(session.events)}
    return Facts({**clear, **digest.clear}, digest.sensitive)


def of_report(
    report: ReplayReport, session: Session | None, policy: ContentPolicy
) -> Facts:
    """Return the facts about a replay, and about a session that grew meanwhile."""
    digest = _of_digest(session, policy) if session else Facts()
    clear = {
        "outcome": report.outcome,
        "turns": report.turns,
        "events": report.events,
        "messages": report.messages,
        "diagnostics": report.diagnostics,
        "plugin_errors": len(report.plugin_errors),
        "dropped_plugins": report.dropped_plugins,
    }
    return Facts({**clear, **digest.clear}, digest.sensitive)


def _of_digest(session: Session, policy: ContentPolicy) -> Facts:
    """Return a session's digest, by which nobody can check guesses of it."""
    if policy == "redacted":
        return Facts({DIGEST: digest_of(redacted(session))})
    return Facts(sensitive={DIGEST: digest_of(session)})


def of_plugin_error(error: PluginError) -> Facts:
    """Return the facts about a plugin's failure."""
    cause = type(error.__cause__ or error).__name__
    clear = {"plugin": error.plugin, "hook": error.hook, ERROR_TYPE: cause}
    return Facts(clear, {"reason": error.reason})


def of_message(message: Message) -> Facts:
    """Return the facts about a block of text or thinking."""
    clear = {
        "type": message.kind,
        "complete": message.complete,
        "source": message.source,
    }
    extra = _extra(message.event) if message.event else _NO_FIELDS
    return Facts(clear, {"content": message.content, **extra})


def of_content(event: Event, **clear: object) -> Facts:
    """Return the facts about a user input or a delta."""
    content = getattr(event, "content", None)
    return Facts(clear, {"content": content, **_extra(event)})


def of_call(event: ToolCall) -> Facts:
    """Return the facts about a tool call."""
    arguments = {"gen_ai.tool.call.arguments": event.arguments}
    clear = {TOOL_NAME: event.name, CALL_ID: event.call_id}
    return Facts(clear, {**arguments, **_extra(event)})


def of_result(event: ToolResult, call: ToolCall | None) -> Facts:
    """Return the facts about a tool's result."""
    image = event.image_attachment
    clear = {
        TOOL_NAME: event.name,
        CALL_ID: event.call_id,
        "is_answer": call is not None,
    }
    result = {"gen_ai.tool.call.result": event.result}
    page = {"image_attachment": image.as_object()} if image else _NO_FIELDS
    return Facts(clear, {**result, **page, **_extra(event)})


def of_stop(event: Stop) -> Facts:
    """Return the facts about the end of a run, and its cost."""
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
    error = _NO_FIELDS if event.error is None else {"error": event.error}
    return Facts(clear, {**error, **_extra(event)})


def digest_of(session: Session) -> str:
    """Return the SHA-256 of a session as ``replay.dump`` writes it."""
    hashed = sha256()
    hash_session(session, hashed)
    return f"sha256:{hashed.hexdigest()}"


def _extra(event: Event) -> _Fields:
    extra = getattr(event, "extra", None)
    return {"extra": extra} if extra else {}


def user_name(user: int | None = None) -> str:
    """Return a user's login name, or else the number; by default this process's."""
    number = os.getuid() if user is None else user
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


class Sink(Protocol):
    """A destination of records."""

    def append(
        self, kind: str, fields: Mapping[str, object], openings: Sequence[Opening]
    ) -> None:
        """Take a record, or raise an AuditError."""


def _path(path: Path | str) -> Path:  # annotated, which Path itself isn't
    return Path(path)


@attrs.define(eq=False, slots=False, repr=False)
class RecordingHooks:
    """A plugin that passes a record to its sink for each thing that happens.

    Its options are those of :class:`AuditLog`, and raise the same errors.
    """

    path: Path = attrs.field(converter=_path)
    actor: str = attrs.field(factory=user_name)
    content: ContentPolicy = "digest"
    deltas: bool = False
    sync: Sync = "record"
    key: Path | None = attrs.field(
        default=None, converter=attrs.converters.optional(_path)
    )
    max_bytes: int | None = None
    max_age: float | None = None
    unsigned: Unsigned = "report"
    _known: int = attrs.field(default=0, init=False)  # events, at a session's start
    _salt: bytes | None = attrs.field(default=None, init=False)  # of digests
    _filter_content: ContentFilter = attrs.field(init=False)
    _sink: Sink = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._check_options()
        if self.deltas:
            self.replay_text_delta = self.replay_thinking_delta = self._delta

    def replay_session_start(self, session: Session) -> None:
        """Record the start of a session, and its digest."""
        if self.content == "redacted":  # each session has its own pseudonyms
            self._filter_content = content_filter("redacted")
        self._known = len(session.events)
        start = partial(of_session, session, self.content)
        self._record("session_start", session.session_id, start)

    def replay_turn_start(self, context: Context) -> None:
        """Record the start of a turn."""
        self._record_at("turn_start", context, Facts)

    def replay_user_input(self, event: UserInput, context: Context) -> None:
        """Record the user's input."""
        self._record_at("user_input", context, partial(of_content, event))

    def replay_text(self, message: Message, context: Context) -> None:
        """Record a block of text or thinking."""
        session_id, block = context.session.session_id, partial(of_message, message)
        self._record("message", session_id, block, message.index, context.turn)

    replay_thinking = replay_text

    def replay_tool_call(self, event: ToolCall, context: Context) -> None:
        """Record a call of a tool."""
        self._record_at("tool_call", context, partial(of_call, event))

    def replay_tool_result(
        self, event: ToolResult, call: ToolCall | None, context: Context
    ) -> None:
        """Record the result of a tool."""
        self._record_at("tool_result", context, partial(of_result, event, call))

    def replay_stop(self, event: Stop, context: Context) -> None:
        """Record the end of a run."""
        self._record_at("stop", context, partial(of_stop, event))

    def replay_unknown_event(self, event: UnknownEvent, context: Context) -> None:
        """Record an event of no known type."""
        unknown = partial(Facts, {"code": event.code}, {"raw": event.raw})
        self._record_at("unknown_event", context, unknown)

    def replay_diagnostic(self, diagnostic: Diagnostic, context: Context) -> None:
        """Record anything unusual in the history."""
        detail = {"detail": diagnostic.detail}
        odd = partial(Facts, {"code": diagnostic.code}, detail)
        session_id, index = context.session.session_id, diagnostic.index
        self._record("diagnostic", session_id, odd, index, context.turn)

    def replay_turn_end(self, turn: Turn, context: Context) -> None:
        """Record the end of a turn."""
        self._record_at("turn_end", context, partial(Facts, {"status": turn.status}))

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Record failures of other plugins, and the end of the session."""
        for error in report.plugin_errors:
            failed = partial(of_plugin_error, error)
            self._record("plugin_error", session.session_id, failed, error.index)
        anew = None if len(session.events) == self._known else session
        ended = partial(of_report, report, anew, self.content)
        self._record("session_end", session.session_id, ended)

    def _check_options(self) -> None:
        for option, known in _WORDS.items():
            word = getattr(self, option)
            if isinstance(word, str) and word not in known:
                reason = f"there is no {option} {word!r}"
                raise UnknownNameError(reason, f"known: {', '.join(known)}")
        for option in ("sync", "max_bytes", "max_age"):
            number = getattr(self, option)
            if isinstance(number, int | float) and not number > 0:
                message = f"{option} must be above zero, not {number!r}"
                raise ValueError(message)
        if self.content == "redacted" and self.deltas:
            message = "a delta may hold half a secret: put the plugin redact before"
            raise ValueError(message)

    def _delta(self, event: TextDelta | ThinkingDelta, context: Context) -> None:
        self._record_at("delta", context, partial(of_content, event, type=event.type))

    def _record_at(
        self, kind: str, context: Context, find: Callable[[], Facts]
    ) -> None:
        session_id, index = context.session.session_id, context.index
        self._record(kind, session_id, find, index, context.turn)

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
                fields[name], opening = self._filter_content(name, value)
                openings += [opening] if opening else []
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException as error:  # SystemExit too: isolation would continue
            reason = f"a {kind} cannot be recorded: {type(error).__name__}: {error}"
            raise AuditError(str(self.path), reason) from error
        self._sink.append(kind, fields, openings)
