"""Replay recorded chat sessions of AI agents.

>>> import replay
>>> session = replay.loads('[{"type": "text_delta", "content": "Hello"}]')
>>> replay.transcript(session).turns[0].answer
'Hello'
"""

TYPE_CHECKING = False  # typing is slow to import
if TYPE_CHECKING:
    from replay.batch.checkpoint import BatchReport as BatchReport
    from replay.batch.leader import BatchProgress as BatchProgress
    from replay.batch.runner import replay_many as replay_many
    from replay.batch.tasks import Problem as Problem
    from replay.coalescing.walk import coalesce as coalesce
    from replay.codec.reader import loads as loads
    from replay.codec.writer import dump as dump
    from replay.codec.writer import dumps as dumps
    from replay.engine.engine import ReplayEngine as ReplayEngine
    from replay.engine.hookspecs import Context as Context
    from replay.engine.hookspecs import hookimpl as hookimpl
    from replay.engine.report import BatchResult as BatchResult
    from replay.engine.report import BatchResults as BatchResults
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
    from replay.errors import UnrecognizedError as UnrecognizedError
    from replay.errors import UnsafeRedirectError as UnsafeRedirectError
    from replay.errors import UnsupportedError as UnsupportedError
    from replay.errors import WorkerError as WorkerError
    from replay.model.conversion_report import ConversionNote as ConversionNote
    from replay.model.conversion_report import ConversionReport as ConversionReport
    from replay.model.diagnostics import DELTA_FAMILY as DELTA_FAMILY
    from replay.model.diagnostics import DIAGNOSTIC_CODES as DIAGNOSTIC_CODES
    from replay.model.diagnostics import Diagnostic as Diagnostic
    from replay.model.events import Boundary as Boundary
    from replay.model.events import Delta as Delta
    from replay.model.events import Event as Event
    from replay.model.events import FullEvent as FullEvent
    from replay.model.events import ImageAttachment as ImageAttachment
    from replay.model.events import Kind as Kind
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
    from replay.rendering import Format as Format
    from replay.rendering import render as render
    from replay.rendering import transcript as transcript
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
        """Import a public name when it is first used, so that startup is fast."""
        from importlib import import_module  # noqa: PLC0415 - only when it is needed

        homes = _homes()
        if name == "__all__":
            value: object = sorted(homes)
        elif name in homes:
            value = getattr(import_module(homes[name]), name)
        else:
            message = f"module 'replay' has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return __getattr__("__all__")

    _known_homes = {}

    def _homes() -> dict[str, str]:
        """Return the module of each public name that is imported above.

        They are read from this module's bytecode, since an application may be shipped
        without its sources.
        """
        if _known_homes:
            return _known_homes
        from dis import get_instructions  # noqa: PLC0415 - only when it is needed

        module, homes = "", {}
        for instruction in get_instructions(__spec__.loader.get_code(__name__)):
            if instruction.opname == "IMPORT_NAME":
                module = instruction.argval
            elif instruction.opname == "IMPORT_FROM" and module.startswith("replay."):
                homes[instruction.argval] = module
        _known_homes.update(homes)  # at once, for other threads
        return _known_homes
