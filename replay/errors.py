"""Everything this library raises on purpose.

ReplayError
├── DecodeError                  a recording is malformed      (also ValueError)
│   └── LimitExceededError       … or larger than a limit allows
├── EncodeError                  a value cannot stand in JSON  (also ValueError)
├── BackendError                 the source could not serve
│   ├── SessionNotFoundError     … it has no such session      (also LookupError)
│   ├── AuthError                … there is no key, or a wrong one
│   ├── PermissionDeniedError    … the key may not do that
│   ├── InvalidRequestError      … what was asked is not valid (also ValueError)
│   ├── BadResponseError         … what answers is not the service
│   ├── UnsafeRedirectError      … it would lead to another host
│   ├── TLSError                 … its certificate is not good (also ConnectionError)
│   ├── StreamInterruptedError   … a live turn broke off       (also ConnectionError)
│   └── BackendUnavailableError  … try again later             (also ConnectionError)
│       ├── RateLimitedError     … it was asked too often
│       ├── TruncatedResponseError … its answer broke off
│       └── DeadlineExceededError  … it took too long          (also TimeoutError)
├── CheckpointError              a batch cannot keep its results
├── MustStopError                a hook said: stop, whatever is isolated
│   └── AuditError               … the audit log cannot be written
│       ├── AuditLockedError     … another program or process writes it
│       ├── AuditFullError       … there is no room for the record
│       ├── AuditPoisonedError   … what is on the disk is unknown
│       └── AuditTamperedError   … it is not as it was left
├── BatchError                   a session of a batch failed, and it was to stop
├── UnknownNameError             no such backend or plugin     (also LookupError)
├── UnsupportedError             this source cannot do that    (also TypeError)
├── WorkerError                  workers of a batch cannot be had, or used
└── PluginError                  a plugin is wrong, or a hook raised; see __cause__

Every error carries ``code`` (a stable word for programs), ``hint`` (what to do, or
an empty string) and ``retryable``, and survives pickling.
"""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from replay.audit_errors import AuditError as AuditError
from replay.audit_errors import AuditFullError as AuditFullError
from replay.audit_errors import AuditLockedError as AuditLockedError
from replay.audit_errors import AuditPoisonedError as AuditPoisonedError
from replay.audit_errors import AuditTamperedError as AuditTamperedError
from replay.batch_errors import BatchError as BatchError
from replay.batch_errors import CheckpointError as CheckpointError
from replay.root_errors import MustStopError as MustStopError
from replay.root_errors import ReplayError as ReplayError
from replay.root_errors import sentence
from replay.worker_errors import WorkerError as WorkerError


@attrs.define(slots=False)
class DecodeError(ReplayError, ValueError):
    """A recording does not have the shape that it should have."""

    code: ClassVar[str] = "decode-error"

    where: str  #: JSON path from the root, such as ``$.events[3].content``, or a line
    reason: str  #: what is wrong, as a phrase without a full stop
    source: str | None = None  #: file or URL; None: it was given as a value
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.source}: {self.where}" if self.source else self.where
        return sentence(f"{place}: {self.reason}", self.hint)


@attrs.define(slots=False)
class LimitExceededError(DecodeError):
    """A recording holds something larger than its :class:`~replay.Limits` allow."""

    code: ClassVar[str] = "limit-exceeded"


@attrs.define(slots=False)
class EncodeError(ReplayError, ValueError):
    """A value that was built by hand cannot be written as JSON."""

    code: ClassVar[str] = "encode-error"

    reason: str
    hint: str = "use only what JSON knows: dict, list, str, int, float, bool, None"

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


@attrs.define(slots=False)
class BackendError(ReplayError):
    """A source could not serve."""

    code: ClassVar[str] = "backend-error"

    source: str  #: file, directory or URL
    reason: str
    hint: str = ""
    status: int | None = None  #: of the HTTP response; None: there was none
    detail: object = None  #: what the service said of it, as JSON; None: nothing
    request_id: str | None = None  #: what the service calls the request

    def __str__(self) -> str:
        request = f", request {self.request_id}" if self.request_id else ""
        return sentence(f"{self.source}: {self.reason}{request}", self.hint)


@attrs.define(slots=False)
class SessionNotFoundError(BackendError, LookupError):
    """A source has no such session."""

    code: ClassVar[str] = "session-not-found"


@attrs.define(slots=False)
class AuthError(BackendError):
    """There is no key, or it cannot be one, or the service refused it."""

    code: ClassVar[str] = "auth-error"


@attrs.define(slots=False)
class PermissionDeniedError(BackendError):
    """The service knows the key, and does not let it do what was asked."""

    code: ClassVar[str] = "permission-denied"


@attrs.define(slots=False)
class InvalidRequestError(BackendError, ValueError):
    """What was asked is not valid; the service refused it, or it was not even sent."""

    code: ClassVar[str] = "invalid-request"

    #: what is wrong, each with ``loc`` and ``msg``, where the service lists it
    errors: tuple[Mapping[str, object], ...] = ()


@attrs.define(slots=False)
class BadResponseError(BackendError):
    """What answered is not the service, or does not speak its language."""

    code: ClassVar[str] = "bad-response"


@attrs.define(slots=False)
class UnsafeRedirectError(BackendError):
    """The service led to where nothing must be sent."""

    code: ClassVar[str] = "unsafe-redirect"


@attrs.define(slots=False)
class TLSError(BackendError, ConnectionError):
    """There is no safe connection: the certificate, or the protocol, is not good."""

    code: ClassVar[str] = "tls-error"


@attrs.define(slots=False)
class StreamInterruptedError(BackendError, ConnectionError):
    """A live turn broke off; its prompt may have been received, and is not resent."""

    code: ClassVar[str] = "stream-interrupted"

    received: int = 0  #: events that were handed out before


@attrs.define(slots=False)
class BackendUnavailableError(BackendError, ConnectionError):
    """A source cannot be reached now."""

    code: ClassVar[str] = "backend-unavailable"
    retryable: ClassVar[bool] = True


@attrs.define(slots=False)
class RateLimitedError(BackendUnavailableError):
    """The service was asked too often."""

    code: ClassVar[str] = "rate-limited"

    retry_after: float | None = None  #: seconds to wait; None: the service did not say


@attrs.define(slots=False)
class TruncatedResponseError(BackendUnavailableError):
    """An answer broke off before its end."""

    code: ClassVar[str] = "truncated-response"


@attrs.define(slots=False)
class DeadlineExceededError(BackendUnavailableError, TimeoutError):
    """An answer was not whole when its time was over."""

    code: ClassVar[str] = "deadline-exceeded"


@attrs.define(slots=False)
class UnknownNameError(ReplayError, LookupError):
    """There is no backend, plugin or option of that name."""

    code: ClassVar[str] = "unknown-name"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


@attrs.define(slots=False)
class UnsupportedError(ReplayError, TypeError):
    """A source cannot do what was asked of it."""

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
    index: int | None = None  #: the event that was walked; None: outside the events
    hint: str = ""

    def __str__(self) -> str:
        place = f"plugin {self.plugin!r}"
        if self.hook is not None:
            place += f", hook {self.hook}"
        if self.index is not None:
            place += f", event {self.index}"
        return sentence(f"{place}: {self.reason}", self.hint)


class StopReplay(Exception):  # noqa: N818 - a request like StopIteration, no error
    """Raised by a hook that has seen enough: ends this session's replay cleanly."""
