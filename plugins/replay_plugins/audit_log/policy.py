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
