"""How a log is written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from replay_plugins.audit_log.note_keys import Signer

SyncWord: TypeAlias = Literal["record", "session"]
#: When records reach the disk: each, each session's, or after so many milliseconds.
Sync: TypeAlias = int | SyncWord


@attrs.frozen(kw_only=True)
class Policy:
    """How a log is written."""

    actor: str
    sync: Sync = "record"
    signer: "Signer | None" = None  #: None: checkpoints are not signed
    max_bytes: int | None = None  #: of the current file; None: it grows for ever
    max_age: float | None = None  #: of the current file, in seconds; None: any
    keeps_openings: bool = False
    about: Mapping[str, object] = attrs.field(factory=dict)  #: for ``log_opened``

    def is_due(self, size: int, age: float) -> bool:
        """Tell whether another file is to begin.

        Args:
            size: Of the current one, in bytes.
            age: The same, in seconds.
        """
        is_large = self.max_bytes is not None and size >= self.max_bytes
        return is_large or (self.max_age is not None and age > self.max_age)
