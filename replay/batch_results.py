"""What the sessions of a batch came to, as plugins are given it to be merged."""

from collections.abc import Iterator
from typing import Protocol

import attrs


@attrs.frozen
class BatchResult:
    """What a plugin's ``replay_batch_result`` gave for one session."""

    key: str  #: in hex; the same in each run, as long as session and plugins are
    session_id: str  #: that plugins saw; where one let none see any, a digest in hex
    value: object  #: JSON


class Results(Protocol):
    """What a plugin gave for each session; not in memory."""

    def __len__(self) -> int:
        """Return how many sessions there are."""

    def __iter__(self) -> Iterator[BatchResult]:
        """Yield the results in the order of the sessions, each time anew."""
