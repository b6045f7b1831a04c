"""Findings of a verification: the answer to each question, and its problems."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

#: The question that a problem belongs to.
Question: TypeAlias = Literal["unaltered", "complete", "anchored", "openings"]

_ABOUT: Final[Mapping[Question, tuple[str, ...]]] = {
    "unaltered": ("checkpoints", "clock_steps"),
    "complete": ("first", "recovered"),
    "anchored": ("signers", "signed", "kept", "since_checkpoint", "unsigned"),
    "openings": (),
}
MOST_LISTED: Final = 100  #: problems, and removed fields; all are counted


@attrs.frozen
class Problem:
    """A sign of tampering or loss, which an honest log does not have."""

    question: Question
    where: str  #: file and line, or the name of a file
    seq: int | None  #: the record's number; None: it isn't about a record
    reason: str

    def __str__(self) -> str:
        record = f"record {self.seq}"
        if self.seq is None or self.reason.startswith(f"{record} "):
            return f"{self.where}: {self.reason}"
        return f"{self.where}: {record}: {self.reason}"


@attrs.frozen
class Removed:
    """A field whose value was removed from the openings; its commitment remains."""

    seq: int
    field: str
    time: str  #: the time of removal, by the clock of the remover


@attrs.frozen
class Unsigned:
    """Records that no checkpoint covered when the log was opened again."""

    first: int
    last: int

    def __str__(self) -> str:
        records = _records(self.first, self.last)
        return f"no checkpoint covered {records} when the log was opened again"


@attrs.define
class Openings:
    """The state of the fields that records are committed to."""

    matching: int = 0
    removed: int = 0
    missing: int = 0
    unopened: int = 0  #: fields, if the file of openings is missing
    removals: list[Removed] = attrs.field(factory=list)  #: the first 100


@attrs.define
class Findings:
    """The state of a log, as far as it was verified."""

    log: str = ""  #: its id; empty: not known
    files: int = 0
    records: int = 0
    first: int | None = None  #: the first record's number; None: there is none
    checkpoints: int = 0  #: checkpoints in the log
    since_checkpoint: int = 0  #: records after the last checkpoint in the log
    counts_unsigned: bool = False  #: whether the last writer counts unsigned records
    clock_steps: int = 0  #: records that say that the clock was set back
    recovered: int = 0  #: torn ends that were set aside
    signers: tuple[str, ...] = ()  #: the keys that were given
    signed: int = 0  #: records that a valid signature covers
    kept_given: int = 0  #: checkpoints kept elsewhere that were given
    kept: int = 0  #: records that one of them covers
    unsigned: int = 0  #: records that no checkpoint covered when the log was reopened
    doubtful: int = 0  #: of these: by a writer that counts them, and not a checkpoint
    unsigned_records: list[Unsigned] = attrs.field(factory=list)  #: the first 100
    openings: Openings = attrs.field(factory=Openings)
    problems: list[Problem] = attrs.field(factory=list)  #: the first 100 of a question
    counts: dict[Question, int] = attrs.field(factory=dict)  #: of problems

    def add(
        self, question: Question, where: str, reason: str, seq: int | None = None
    ) -> None:
        """Add a problem."""
        self.counts[question] = self.counts.get(question, 0) + 1
        if self.counts[question] <= MOST_LISTED:
            self.problems.append(Problem(question, where, seq, reason))

    def leave(self, unsigned: Unsigned, *, is_doubtful: bool) -> None:
        """Add records that no checkpoint covered in time."""
        count = unsigned.last - unsigned.first + 1
        self.unsigned += count
        self.doubtful += count if is_doubtful else 0
        if len(self.unsigned_records) < MOST_LISTED:
            self.unsigned_records.append(unsigned)

    def remove(self, removed: Removed) -> None:
        """Add a removed field."""
        self.openings.removed += 1
        if len(self.openings.removals) < MOST_LISTED:
            self.openings.removals.append(removed)

    @property
    def is_good(self) -> bool:
        """Tell whether there is no problem."""
        return not self.counts

    @property
    def is_end_anchored(self) -> bool:
        """Tell whether a kept checkpoint covers all records.

        In older logs, one was copied from its own record, which it does not cover.
        """
        own = 0 if self.since_checkpoint or self.counts_unsigned else 1
        return self.kept > 0 and self.kept + own >= self.records

    is_head_anchored = is_end_anchored  #: an older name


def object_of(findings: Findings) -> dict[str, object]:
    """Return the answers as JSON, each under its question."""
    found: dict[str, dict[str, object]] = {}
    for question, names in _ABOUT.items():
        listed = [each for each in findings.problems if each.question == question]
        count = findings.counts.get(question, 0)
        found[question] = {
            "good": not count,
            "problem_count": count,
            "problems": [
                {"where": each.where, "seq": each.seq, "reason": each.reason}
                for each in listed
            ],
            **_members(findings, names),
        }
    found["complete"]["end_is_known"] = findings.is_end_anchored
    found["anchored"]["unsigned_records"] = [
        [each.first, each.last] for each in findings.unsigned_records
    ]
    found["openings"] |= attrs.asdict(findings.openings)
    about = _members(findings, ("log", "files", "records"))
    return {"good": findings.is_good, **about, **found}


def answers_of(findings: Findings) -> Iterator[str]:
    """Yield the findings as lines for people."""
    files = "1 file" if findings.files == 1 else f"{findings.files} files"
    yield f"log {findings.log or '?'}: {findings.records} records in {files}"
    yield from _answer(findings, "unaltered", _unaltered(findings))
    yield from _answer(findings, "complete", _complete(findings))
    yield from _answer(findings, "anchored", _anchored(findings))
    for unsigned in findings.unsigned_records:
        yield f"  {unsigned}"
    yield from _answer(findings, "openings", _openings(findings))
    for each in findings.openings.removals:
        yield f"  record {each.seq}: {each.field} was removed at {each.time}"


def _answer(findings: Findings, question: Question, good: str) -> Iterator[str]:
    count = findings.counts.get(question, 0)
    if count:
        yield f"{question}: NO, problems: {count}"
    elif good:
        yield f"{question}: {good}"
    for each in findings.problems:
        if each.question == question:
            yield f"  {each}"
    if count > MOST_LISTED:
        yield f"  … and {count - MOST_LISTED} more"


def _unaltered(findings: Findings) -> str:
    parts = ["yes, each record matches the hash in the next one"]
    if findings.checkpoints:
        parts.append(f"matching checkpoints: {findings.checkpoints}")
    if findings.clock_steps:
        parts.append(f"times the clock was set back: {findings.clock_steps}")
    return "; ".join(parts)


def _complete(findings: Findings) -> str:
    parts = ["yes, from the first record to the last"]
    if not findings.is_end_anchored:
        parts = ["the beginning is there", _end(findings)]
    if findings.recovered:
        parts.append(f"torn ends kept aside: {findings.recovered}")
    return "; ".join(parts)


def _end(findings: Findings) -> str:
    if findings.kept:
        return f"the end is known up to record {findings.kept - 1}"
    if findings.kept_given:
        return "the end is unknown: no kept checkpoint matches the log"
    return "the end is unknown: no kept checkpoint was given"


def _anchored(findings: Findings) -> str:
    parts = []
    if findings.signed:
        names = " or ".join(findings.signers)
        parts.append(f"signed by {names}: records 0 to {findings.signed - 1}")
    if findings.kept:
        parts.append(f"covered by a kept checkpoint: records 0 to {findings.kept - 1}")
    if not parts and findings.is_good:
        return (
            "no: the log agrees with itself, but anyone who can write its files can "
            "forge all of it"
        )
    if not parts:
        return "no: no signature or kept checkpoint vouches for it as it is"
    since = findings.since_checkpoint
    return "; ".join([*parts, f"records after the last checkpoint: {since}"])


def _openings(findings: Findings) -> str:
    counts = findings.openings
    if counts.unopened:
        return f"the file is missing; fields without an opening: {counts.unopened}"
    if counts.matching or counts.removed:
        return f"matching: {counts.matching}; removed: {counts.removed}"
    return ""


def _records(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"


def _members(findings: Findings, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(findings, name) for name in names}
