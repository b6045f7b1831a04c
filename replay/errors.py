"""Everything this library raises on purpose.

ReplayError
├── DecodeError                  a recording is malformed      (also ValueError)
│   ├── LimitExceededError       … or larger than a limit allows
│   └── UnrecognizedError        … or isn't a recording at all
├── EncodeError                  a value JSON cannot hold      (also ValueError)
├── BackendError                 the source could not serve
│   ├── SessionNotFoundError     … it has no such session      (also LookupError)
│   ├── AuthError                … there is no key, or a wrong one
│   ├── PermissionDeniedError    … the key may not do that
│   ├── InvalidRequestError      … the request is not valid    (also ValueError)
│   ├── BadResponseError         … the response isn't the service's
│   ├── UnsafeRedirectError      … it redirects to another host
│   ├── TLSError                 … the connection isn't secure (also ConnectionError)
│   ├── StreamInterruptedError   … a live turn broke off       (also ConnectionError)
│   └── BackendUnavailableError  … try again later             (also ConnectionError)
│       ├── RateLimitedError     … it received too many requests
│       ├── TruncatedResponseError … its answer broke off
│       └── DeadlineExceededError  … it took too long          (also TimeoutError)
├── CheckpointError              a batch cannot keep its results
├── MustStopError                a hook ended the replay, isolated or not
│   └── AuditError               … the audit log cannot be written
│       ├── AuditLockedError     … another program or process is writing it
│       ├── AuditFullError       … there is no room for the record
│       ├── AuditPoisonedError   … the state of the disk is unknown
│       └── AuditTamperedError   … it was changed since it was last written
├── BatchError                   a batch stopped at a session that failed
├── UnknownNameError             no such backend or plugin     (also LookupError)
├── UnsupportedError             this source cannot do that    (also TypeError)
├── WorkerError                  a batch cannot start or use its workers
└── PluginError                  a plugin is wrong, or a hook raised; see __cause__

Every error carries ``code`` (a stable word for programs), ``hint`` (what to do, or
an empty string) and ``retryable``, and survives pickling.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from traceback import format_exception
from typing import ClassVar

import attrs


class ReplayError(Exception):
    """Base of every error that this library raises on purpose."""

    code: ClassVar[str] = "replay-error"
    retryable: ClassVar[bool] = False
    hint: str = ""


@attrs.define(slots=False)
class MustStopError(ReplayError):
    """Raised by a hook when the replay must not continue.

    It reaches the caller unchanged, even with ``on_plugin_error="isolate"``. Subclass
    it for a plugin without which nothing may happen, such as an audit log.
    """

    code: ClassVar[str] = "must-stop"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


def sentence(text: str, hint: str) -> str:
    """Return an error's text: *text*, then the hint in brackets."""
    return f"{text} ({hint})" if hint else text


@attrs.define(slots=False)
class AuditError(MustStopError):
    """The audit log cannot be written; the replay stops, isolated or not."""

    code: ClassVar[str] = "audit-error"

    path: str  #: the file
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(f"{self.path}: {self.reason}", self.hint)


@attrs.define(slots=False)
class AuditLockedError(AuditError):
    """Another program or process is writing the log."""

    code: ClassVar[str] = "audit-locked"


@attrs.define(slots=False)
class AuditFullError(AuditError):
    """There is no room for another record; the log ends with the last whole one."""

    code: ClassVar[str] = "audit-full"


@attrs.define(slots=False)
class AuditPoisonedError(AuditError):
    """The state of the disk is unknown, so this object writes nothing more."""

    code: ClassVar[str] = "audit-poisoned"


@attrs.define(slots=False)
class AuditTamperedError(AuditError):
    """The log was changed since it was last written; nothing was appended."""

    code: ClassVar[str] = "audit-tampered"


@attrs.define(slots=False)
class BatchError(ReplayError):
    """A session of a batch could not be replayed; earlier results are kept."""

    code: ClassVar[str] = "batch-error"

    session: str  #: its id; if that is unknown, where it is
    cause: str  #: the ``code`` of what went wrong
    reason: str  #: as a sentence
    hint: str = "to go on past such sessions: keep_going, or --keep-going"

    def __str__(self) -> str:
        text = f"session {self.session!a}, {self.cause}: {self.reason}"
        return sentence(text, self.hint)


@attrs.define(slots=False)
class CheckpointError(ReplayError):
    """A checkpoint cannot be opened, read or written; its contents are unharmed."""

    code: ClassVar[str] = "checkpoint-error"

    source: str  #: the file
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(f"{self.source}: {self.reason}", self.hint)


@attrs.define(slots=False)
class WorkerError(ReplayError):
    """Workers cannot be started, or their answers cannot be used."""

    code: ClassVar[str] = "worker-error"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


@attrs.define(slots=False)
class DecodeError(ReplayError, ValueError):
    """A recording is malformed."""

    code: ClassVar[str] = "decode-error"

    #: JSON path from the root, such as ``$.events[3].content``, or a line; empty: all
    where: str
    reason: str  #: what is wrong, as a phrase without a full stop
    source: str | None = None  #: file or URL; None: it was given as a value
    hint: str = ""

    def __str__(self) -> str:
        parts = filter(None, (self.source, self.where, self.reason))
        return sentence(": ".join(parts), self.hint)


@attrs.define(slots=False)
class LimitExceededError(DecodeError):
    """A recording holds something larger than :class:`~replay.Limits` allow."""

    code: ClassVar[str] = "limit-exceeded"


@attrs.define(slots=False)
class UnrecognizedError(DecodeError):
    """What should be a recording is something else, such as a settings file."""

    code: ClassVar[str] = "unrecognized"


@attrs.define(slots=False)
class EncodeError(ReplayError, ValueError):
    """A value made in Python cannot be written as JSON."""

    code: ClassVar[str] = "encode-error"

    reason: str
    hint: str = "use only what JSON knows: dict, list, str, int, float, bool, None"

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


@attrs.define(slots=False)
class BackendError(ReplayError):
    """A source failed to serve a request."""

    code: ClassVar[str] = "backend-error"

    source: str  #: file, directory or URL
    reason: str
    hint: str = ""
    status: int | None = None  #: of the HTTP response; None: there was none
    detail: object = None  #: what the service said about it, as JSON; None: nothing
    request_id: str | None = None  #: the service's id for the request

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return sentence(f"{self.source}: {self.reason}{request}", self.hint)


@attrs.define(slots=False)
class SessionNotFoundError(BackendError, LookupError):
    """A source has no such session."""

    code: ClassVar[str] = "session-not-found"


@attrs.define(slots=False)
class AuthError(BackendError):
    """The API key is missing, malformed, or was refused."""

    code: ClassVar[str] = "auth-error"


@attrs.define(slots=False)
class PermissionDeniedError(BackendError):
    """The API key lacks permission for the request."""

    code: ClassVar[str] = "permission-denied"


@attrs.define(slots=False)
class InvalidRequestError(BackendError, ValueError):
    """The request is invalid: the service refused it, or it was never sent."""

    code: ClassVar[str] = "invalid-request"

    #: what is wrong, each with ``loc`` and ``msg``, if the service lists it
    errors: tuple[Mapping[str, object], ...] = ()


@attrs.define(slots=False)
class BadResponseError(BackendError):
    """The response did not come from the service, or isn't in its format."""

    code: ClassVar[str] = "bad-response"


@attrs.define(slots=False)
class UnsafeRedirectError(BackendError):
    """The service redirected to a host that must not get the request."""

    code: ClassVar[str] = "unsafe-redirect"


@attrs.define(slots=False)
class TLSError(BackendError, ConnectionError):
    """No secure connection: the certificate or the protocol is not accepted."""

    code: ClassVar[str] = "tls-error"


@attrs.define(slots=False)
class StreamInterruptedError(BackendError, ConnectionError):
    """A live turn broke off; its prompt may have arrived, and is not sent again."""

    code: ClassVar[str] = "stream-interrupted"

    received: int = 0  #: how many events were delivered before


@attrs.define(slots=False)
class BackendUnavailableError(BackendError, ConnectionError):
    """A source cannot be reached at the moment."""

    code: ClassVar[str] = "backend-unavailable"
    retryable: ClassVar[bool] = True


@attrs.define(slots=False)
class RateLimitedError(BackendUnavailableError):
    """The service received too many requests."""

    code: ClassVar[str] = "rate-limited"

    retry_after: float | None = None  #: seconds to wait; None: the service did not say


@attrs.define(slots=False)
class TruncatedResponseError(BackendUnavailableError):
    """A response broke off before its end."""

    code: ClassVar[str] = "truncated-response"


@attrs.define(slots=False)
class DeadlineExceededError(BackendUnavailableError, TimeoutError):
    """A response took longer than its deadline."""

    code: ClassVar[str] = "deadline-exceeded"


@attrs.define(slots=False)
class UnknownNameError(ReplayError, LookupError):
    """No backend, plugin or option has that name."""

    code: ClassVar[str] = "unknown-name"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


@attrs.define(slots=False)
class UnsupportedError(ReplayError, TypeError):
    """A source does not support an operation."""

    code: ClassVar[str] = "unsupported"

    source: str
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(f"{self.source}: {self.reason}", self.hint)


@attrs.define(slots=False)
class PluginError(ReplayError):
    """A plugin cannot be used, or one of its hooks raised (see ``__cause__``)."""

    code: ClassVar[str] = "plugin-error"

    plugin: str  #: the plugin's name
    reason: str
    hook: str | None = None  #: None: it failed before any hook was called
    index: int | None = None  #: the current event; None: outside the events
    hint: str = ""
    #: the session's id, as plugins saw it; None: they saw none
    session: str | None = None

    def __str__(self) -> str:
        place = "" if self.session is None else f"session {self.session!a}, "
        place += f"plugin {self.plugin!r}"
        if self.hook is not None:
            place += f", hook {self.hook}"
        if self.index is not None:
            place += f", event {self.index}"
        return sentence(f"{place}: {self.reason}", self.hint)


class StopReplay(Exception):  # noqa: N818 - a request like StopIteration
    """Raised by a hook to end this session's replay cleanly."""


def words_of(error: BaseException) -> str:
    """Return an exception's type and text, whatever other people's code raised."""
    return f"{type(error).__name__}: {text_of(error)}".removesuffix(": ")


def text_of(error: BaseException) -> str:
    """Return an exception's text, even if its ``__str__`` fails."""
    try:
        return "".join([str(error), ""])  # a plain string, even of a subclass's
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as failure:  # noqa: BLE001 - other people's code
        return f"its text cannot be shown ({type(failure).__name__})"


def trace_of(error: BaseException) -> str:
    """Return an exception's traceback, whatever other people's code raised."""
    try:
        return "".join(format_exception(error))
    except Exception as failure:  # noqa: BLE001 - it asks other people's code
        return f"There is no traceback: {words_of(failure)}"


def wrong_type(given: object, expected: str, advice: str) -> TypeError:
    """Return the error for an argument that a public function cannot work with.

    Args:
        given: The argument.
        expected: What it should be, such as ``a session``.
        advice: What to call instead.
    """
    return TypeError(f"expected {expected}, not {type(given).__name__}: {advice}")


@contextmanager
def os_errors_of(source: str) -> Iterator[None]:
    """Turn OSErrors raised within the block into BackendErrors.

    Args:
        source: The file or directory that the block works on.
    """
    try:
        yield
    except ReplayError:
        raise
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        raise os_failure(source, error) from error


def os_failure(source: str, error: OSError | ValueError) -> BackendError:
    """Return the BackendError for an OSError.

    Args:
        source: The file or directory.
        error: The OSError, or the ValueError of an impossible file name.
    """
    reason = getattr(error, "strerror", None) or str(error)
    return BackendError(source, reason[:1].lower() + reason[1:])
