"""Replay recorded LlamaCloud chat sessions.

>>> import replay
>>> session = replay.loads('[{"type": "text_delta", "content": "Hello"}]')
>>> replay.transcript(session).turns[0].answer
'Hello'
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay.backend import Source as Source
    from replay.backend import load as load
    from replay.backend import open as open  # noqa: A004 - replay.open, as promised
    from replay.backend_protocols import Backend as Backend
    from replay.batch.progress import BatchProgress as BatchProgress
    from replay.batch.reports import BatchReport as BatchReport
    from replay.batch.tasks import Problem as Problem
    from replay.batch_results import BatchResult as BatchResult
    from replay.batching import replay_many as replay_many
    from replay.coalescing import coalesce as coalesce
    from replay.diagnostics import Diagnostic as Diagnostic
    from replay.engine import ReplayEngine as ReplayEngine
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
    from replay.events import Event as Event
    from replay.events import ImageAttachment as ImageAttachment
    from replay.events import Stop as Stop
    from replay.events import Text as Text
    from replay.events import TextDelta as TextDelta
    from replay.events import Thinking as Thinking
    from replay.events import ThinkingDelta as ThinkingDelta
    from replay.events import ToolCall as ToolCall
    from replay.events import ToolResult as ToolResult
    from replay.events import UnknownEvent as UnknownEvent
    from replay.events import Usage as Usage
    from replay.events import UserInput as UserInput
    from replay.hookspecs import Context as Context
    from replay.hookspecs import hookimpl as hookimpl
    from replay.limits import Limits as Limits
    from replay.live_streams import LiveStream as LiveStream
    from replay.messages import Message as Message
    from replay.messages import ToolExchange as ToolExchange
    from replay.messages import Transcript as Transcript
    from replay.messages import Turn as Turn
    from replay.plugin_loading import load_plugin as load_plugin
    from replay.portions import Portion as Portion
    from replay.portions import PortionedBackend as PortionedBackend
    from replay.portions import Stored as Stored
    from replay.rendering import render as render
    from replay.report import ReplayReport as ReplayReport
    from replay.sessions import JobMetadata as JobMetadata
    from replay.sessions import Session as Session
    from replay.sessions import SessionSummary as SessionSummary
    from replay.shapes import loads as loads
    from replay.transcripts import transcript as transcript
    from replay.writing import dump as dump
    from replay.writing import dumps as dumps
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
    "backend": ["Source", "load", "open"],
    "backend_protocols": ["Backend"],
    "batch.progress": ["BatchProgress"],
    "batch.reports": ["BatchReport"],
    "batch_results": ["BatchResult"],
    "batch.tasks": ["Problem"],
    "batching": ["replay_many"],
    "coalescing": ["coalesce"],
    "diagnostics": ["Diagnostic"],
    "engine": ["ReplayEngine"],
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
    "events": [
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
    "hookspecs": ["Context", "hookimpl"],
    "limits": ["Limits"],
    "live_streams": ["LiveStream"],
    "messages": ["Message", "ToolExchange", "Transcript", "Turn"],
    "plugin_loading": ["load_plugin"],
    "portions": ["Portion", "PortionedBackend", "Stored"],
    "rendering": ["render"],
    "report": ["ReplayReport"],
    "sessions": ["JobMetadata", "Session", "SessionSummary"],
    "shapes": ["loads"],
    "transcripts": ["transcript"],
    "writing": ["dump", "dumps"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - a list of str, from one place


def __dir__() -> list[str]:
    return [*globals(), *__all__]
