"""What keeps a batch from remembering what it has done."""

from typing import ClassVar

import attrs

from replay.root_errors import ReplayError, sentence


@attrs.define(slots=False)
class CheckpointError(ReplayError):
    """A checkpoint cannot be opened, read or written; what it held before is whole."""

    code: ClassVar[str] = "checkpoint-error"

    source: str  #: the file
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(f"{self.source}: {self.reason}", self.hint)
