"""What a verification found: each answer apart, and every problem with its place."""

from typing import Final, Literal, TypeAlias

import attrs

#: Which question a problem is an answer to.
Question: TypeAlias = Literal["unaltered", "complete", "anchored", "openings"]

MOST_LISTED: Final = 100  #: problems, and removed fields; all are counted


@attrs.frozen
class Problem:
    """Something that an honest log does not have."""

    question: Question
    where: str  #: file and line, or the name of a file
    seq: int | None  #: of the record; None: it is not about one
    reason: str

    def __str__(self) -> str:
        record = "" if self.seq is None else f"record {self.seq}: "
        return f"{self.where}: {record}{self.reason}"


@attrs.frozen
class Removed:
    """A field whose value was removed from the openings, and leaves its commitment."""

    seq: int
    field: str
    time: str  #: when, by the clock of who removed it


@attrs.define
class Openings:
    """What became of the fields that records are committed to."""

    matching: int = 0
    removed: int = 0
    missing: int = 0
    unopened: int = 0  #: where the file of openings is not there
    removals: list[Removed] = attrs.field(factory=list)  #: the first 100


@attrs.define
class Findings:
    """What is known of a log after its verification."""

    log: str = ""  #: its id; empty: it does not say
    files: int = 0
    records: int = 0
    first: int | None = None  #: the first record's number; None: there is none
    checkpoints: int = 0  #: that stand in the log
    since_checkpoint: int = 0  #: records after the last checkpoint in the log
    clock_steps: int = 0  #: records whose clock was set back, and who say so
    recovered: int = 0  #: torn ends that were kept aside
    signers: tuple[str, ...] = ()  #: the keys that were given
    signed: int = 0  #: records that a valid signature covers
    kept: int = 0  #: records that a checkpoint kept elsewhere covers
    openings: Openings = attrs.field(factory=Openings)
    problems: list[Problem] = attrs.field(factory=list)  #: the first 100 of a question
    counts: dict[Question, int] = attrs.field(factory=dict)  #: of problems

    def add(
        self, question: Question, where: str, reason: str, seq: int | None = None
    ) -> None:
        """Take note of a problem."""
        self.counts[question] = self.counts.get(question, 0) + 1
        if self.counts[question] <= MOST_LISTED:
            self.problems.append(Problem(question, where, seq, reason))

    def remove(self, removed: Removed) -> None:
        """Take note of a removed field."""
        self.openings.removed += 1
        if len(self.openings.removals) < MOST_LISTED:
            self.openings.removals.append(removed)

    @property
    def is_good(self) -> bool:
        """Tell whether there is no problem."""
        return not self.counts

    @property
    def is_head_anchored(self) -> bool:
        """Tell whether a kept checkpoint is of all, but its own record."""
        own = 0 if self.since_checkpoint else 1
        return self.kept > 0 and self.kept + own >= self.records
