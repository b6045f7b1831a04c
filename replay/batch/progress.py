"""How far a batch has come."""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from replay.batch.tasks import Problem


@attrs.frozen
class BatchReport:
    """What a batch came to: this run of it, and those before that it goes on from."""

    sessions: int  #: of the location, or the shard: the sum of the next four
    replayed: int  #: in this run
    known: int  #: from an earlier run, since neither they nor the plugins have changed
    failed: int  #: could not be replayed
    quarantined: int  #: took their worker down, and again when alone
    turns: int  #: of the sessions replayed or known, as the next three
    events: int
    messages: int
    diagnostics: int
    seconds: float  #: that this run took
    problems: tuple[Problem, ...] = ()  #: the first 100, in the order of the sessions


@attrs.frozen
class BatchProgress:
    """How far a batch has come."""

    replayed: int = 0  #: sessions, in this run
    known: int = 0  #: from an earlier run
    failed: int = 0
    quarantined: int = 0
    expected: int | None = None  #: sessions, about; None: not all are listed yet


#: Is told each time some sessions are done, in the thread that leads.
Watch: TypeAlias = Callable[[BatchProgress], object]


@attrs.define(eq=False)
class Watched:
    """Counts what was done, and tells it."""

    _watch: Watch | None  #: None: nobody asks
    progress: BatchProgress = attrs.field(factory=BatchProgress, init=False)

    def add(
        self,
        *,
        replayed: int = 0,
        known: int = 0,
        failed: int = 0,
        quarantined: int = 0,
    ) -> None:
        """Count what was done."""
        now = self.progress
        self._tell(
            attrs.evolve(
                now,
                replayed=now.replayed + replayed,
                known=now.known + known,
                failed=now.failed + failed,
                quarantined=now.quarantined + quarantined,
            )
        )

    def expect(self, sessions: int) -> None:
        """Say how many sessions there are, about."""
        self._tell(attrs.evolve(self.progress, expected=sessions))

    def _tell(self, progress: BatchProgress) -> None:
        self.progress = progress
        if self._watch is not None:
            self._watch(progress)
