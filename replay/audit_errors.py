"""What stops a replay since the audit log cannot tell of it."""

from typing import ClassVar

import attrs

from replay.root_errors import MustStopError, sentence


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
    """Another program, or another process of this one, writes the log."""

    code: ClassVar[str] = "audit-locked"


@attrs.define(slots=False)
class AuditFullError(AuditError):
    """There is no room for a record; the log ends with the record before it."""

    code: ClassVar[str] = "audit-full"


@attrs.define(slots=False)
class AuditPoisonedError(AuditError):
    """What is on the disk is unknown; this object writes no more."""

    code: ClassVar[str] = "audit-poisoned"


@attrs.define(slots=False)
class AuditTamperedError(AuditError):
    """The log is not as it was left; nothing was appended."""

    code: ClassVar[str] = "audit-tampered"
