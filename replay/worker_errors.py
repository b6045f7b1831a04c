"""What ends a batch since its workers cannot go on."""

from typing import ClassVar

import attrs

from replay.root_errors import ReplayError, sentence


@attrs.define(slots=False)
class WorkerError(ReplayError):
    """Workers of a batch cannot be had, or what they answer cannot be used."""

    code: ClassVar[str] = "worker-error"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)
