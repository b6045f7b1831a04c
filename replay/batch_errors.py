"""The errors of batches."""

from typing import ClassVar

import attrs

from replay.root_errors import ReplayError, sentence


@attrs.define(slots=False)
class BatchError(ReplayError):
    """A session of a batch could not be replayed; what was done before is kept."""

    code: ClassVar[str] = "batch-error"

    session: str  #: its id, or where it is
    cause: str  #: the ``code`` of what went wrong
    reason: str  #: as a sentence
    hint: str = "to go on past such sessions: keep_going, or --keep-going"

    def __str__(self) -> str:
        text = f"session {self.session!a}, {self.cause}: {self.reason}"
        return sentence(text, self.hint)


@attrs.define(slots=False)
class CheckpointError(ReplayError):
    """A checkpoint cannot be opened, read or written; what it held before is whole."""

    code: ClassVar[str] = "checkpoint-error"

    source: str  #: the file
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(f"{self.source}: {self.reason}", self.hint)
