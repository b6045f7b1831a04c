"""Replay recorded LlamaCloud chat sessions.

>>> import replay
>>> session = replay.loads('[{"type": "text_delta", "content": "Hello"}]')
>>> replay.transcript(session).turns[0].answer
'Hello'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.batch.checkpoint import BatchReport as BatchReport
    from replay.batch.leader import BatchProgress as BatchProgress
    from replay.batch.runner import replay_many as replay_many
    from replay.batch.tasks import Problem as Problem
    from replay.coalescing.transcripts import transcript as transcript
    from replay.coalescing.walk import coalesce as coalesce
    from replay.codec.reader import loads as loads
    from replay.codec.writer import dump as dump
    from replay.codec.writer import dumps as dumps
    from replay.engine.engine import ReplayEngine as ReplayEngine
    from replay.engine.hookspecs import Context as Context
    from replay.engine.hookspecs import hookimpl as hookimpl
    from replay.engine.report import BatchResult as BatchResult
    from replay.engine.report import ReplayReport as ReplayReport
    from replay.errors import AuditError as AuditError
    from replay.errors import AuditFullError as AuditFullError
    from replay.errors import AuditLockedError as AuditLockedError
    from replay.errors import AuditPoisonedError as AuditPoisonedError
    from replay.errors import AuditTamperedError as AuditTamperedError
    from replay.errors import AuthError as AuthError
    from replay.errors import BackendError as BackendError
    from replay.errors import BackendUnavailableError as BackendUnavailableError
    from replay.errors import BadResponseError as BadResponseError
    from replay.errors import BatchError as BatchError
    from replay.errors import CheckpointError as CheckpointError
    from replay.errors import DeadlineExceededError as DeadlineExceededError
    from replay.errors import DecodeError as DecodeError
    from replay.errors import EncodeError as EncodeError
    from replay.errors import InvalidRequestError as InvalidRequestError
    from replay.errors import LimitExceededError as LimitExceededError
    from replay.errors import MustStopError as MustStopError
    from replay.errors import PermissionDeniedError as PermissionDeniedError
    from replay.errors import PluginError as PluginError
    from replay.errors import RateLimitedError as RateLimitedError
    from replay.errors import ReplayError as ReplayError
    from replay.errors import SessionNotFoundError as SessionNotFoundError
    from replay.errors import StopReplay as StopReplay
    from replay.errors import StreamInterruptedError as StreamInterruptedError
    from replay.errors import TLSError as TLSError
    from replay.errors import TruncatedResponseError as TruncatedResponseError
    from replay.errors import UnknownNameError as UnknownNameError
    from replay.errors import UnsafeRedirectError as UnsafeRedirectError
    from replay.errors import UnsupportedError as UnsupportedError
    from replay.errors import WorkerError as WorkerError
    from replay.model.diagnostics import Diagnostic as Diagnostic
    from replay.model.events import Event as Event
    from replay.model.events import ImageAttachment as ImageAttachment
    from replay.model.events import Stop as Stop
    from replay.model.events import Text as Text
    from replay.model.events import TextDelta as TextDelta
    from replay.model.events import Thinking as Thinking
    from replay.model.events import ThinkingDelta as ThinkingDelta
    from replay.model.events import ToolCall as ToolCall
    from replay.model.events import ToolResult as ToolResult
    from replay.model.events import UnknownEvent as UnknownEvent
    from replay.model.events import Usage as Usage
    from replay.model.events import UserInput as UserInput
    from replay.model.limits import Limits as Limits
    from replay.model.messages import Message as Message
    from replay.model.messages import ToolExchange as ToolExchange
    from replay.model.messages import Transcript as Transcript
    from replay.model.messages import Turn as Turn
    from replay.model.sessions import JobMetadata as JobMetadata
    from replay.model.sessions import Session as Session
    from replay.model.sessions import SessionSummary as SessionSummary
    from replay.registry import load_plugin as load_plugin
    from replay.rendering import render as render
    from replay.sources.live_stream import LiveStream as LiveStream
    from replay.sources.protocols import Backend as Backend
    from replay.sources.protocols import Portion as Portion
    from replay.sources.protocols import PortionedBackend as PortionedBackend
    from replay.sources.protocols import Stored as Stored
    from replay.sources.source import Source as Source
    from replay.sources.source import load as load
    from replay.sources.source import open as open  # noqa: A004 - replay.open, as promised
else:

    def __getattr__(name: str) -> object:
        """Import what is asked for when it is asked for, so that starting is quick."""
        if name not in _HOME_OF:
            message = f"module 'replay' has no attribute {name!r}"
            raise AttributeError(message)
        value: object = getattr(import_module(f"replay.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


_HOMES = {
    "batch.checkpoint": ["BatchReport"],
    "batch.leader": ["BatchProgress"],
    "batch.runner": ["replay_many"],
    "batch.tasks": ["Problem"],
    "coalescing.transcripts": ["transcript"],
    "coalescing.walk": ["coalesce"],
    "codec.reader": ["loads"],
    "codec.writer": ["dump", "dumps"],
    "engine.engine": ["ReplayEngine"],
    "engine.hookspecs": ["Context", "hookimpl"],
    "engine.report": ["BatchResult", "ReplayReport"],
    "errors": [
        "AuditError",
        "AuditFullError",
        "AuditLockedError",
        "AuditPoisonedError",
        "AuditTamperedError",
        "AuthError",
        "BackendError",
        "BackendUnavailableError",
        "BadResponseError",
        "BatchError",
        "CheckpointError",
        "DeadlineExceededError",
        "DecodeError",
        "EncodeError",
        "InvalidRequestError",
        "LimitExceededError",
        "MustStopError",
        "PermissionDeniedError",
        "PluginError",
        "RateLimitedError",
        "ReplayError",
        "SessionNotFoundError",
        "StopReplay",
        "StreamInterruptedError",
        "TLSError",
        "TruncatedResponseError",
        "UnknownNameError",
        "UnsafeRedirectError",
        "UnsupportedError",
        "WorkerError",
    ],
    "model.diagnostics": ["Diagnostic"],
    "model.events": [
        "Event",
        "ImageAttachment",
        "Stop",
        "Text",
        "TextDelta",
        "Thinking",
        "ThinkingDelta",
        "ToolCall",
        "ToolResult",
        "UnknownEvent",
        "Usage",
        "UserInput",
    ],
    "model.limits": ["Limits"],
    "model.messages": ["Message", "ToolExchange", "Transcript", "Turn"],
    "model.sessions": ["JobMetadata", "Session", "SessionSummary"],
    "registry": ["load_plugin"],
    "rendering": ["render"],
    "sources.live_stream": ["LiveStream"],
    "sources.protocols": ["Backend", "Portion", "PortionedBackend", "Stored"],
    "sources.source": ["Source", "load", "open"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - a list of str, from one place


def __dir__() -> list[str]:
    return [*globals(), *__all__]
