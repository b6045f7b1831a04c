"""Verification of a log, in one pass and flat memory."""

import re
from collections.abc import Generator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import DecodeError
from replay_plugins.audit_log.format.chain import (
    NO_PREVIOUS_HASH,
    Head,
    chain_problem,
    committed_fields,
    head_of,
    is_time,
)
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    Note,
    read_checkpoint,
)
from replay_plugins.audit_log.format.merkle import Frontier, leaf_hash
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.log.recovery import describe
from replay_plugins.audit_log.verify.anchors import (
    ORIGIN,
    Anchor,
    AnchorChecks,
    anchors_of,
    signature_problem,
)
from replay_plugins.audit_log.verify.findings import Findings, Unsigned
from replay_plugins.audit_log.verify.log_reader import files_and_lines
from replay_plugins.audit_log.verify.opening_checks import OpeningChecks

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Verifier
#: A checkpoint's record: nothing else can be added to it.
_CHECKPOINT: Final = re.compile(
    rb'\{"schema":"[^"]+","seq":[0-9]+,"prev":"[0-9a-f]+","time":"[^"]+",'
    rb'"kind":"checkpoint","actor":"(?:[^"\\]|\\.)*+","monotonic_ns":[0-9]{1,19},'
    rb'(?:"clock_step":true,)?"note":"[^"]*","signed":(?:true|false)\}'
)


class LogVerification:
    """A verification of a log's records, each checked against the previous one.

    Args:
        files: The log's files.
        keys: Public keys, one of which must have signed each checkpoint.
        anchors: Checkpoints outside the records.
        findings: The findings to add to.
    """

    def __init__(
        self,
        files: LogFiles,
        keys: "Sequence[Verifier]",
        anchors: Sequence[Anchor],
        findings: Findings,
    ) -> None:
        self._files, self._keys, self._findings = files, keys, findings
        self._anchors = AnchorChecks(anchors, keys, findings)
        self._openings = OpeningChecks(files.openings, findings)
        self._tree = Frontier()
        self._next, self._head = 0, NO_PREVIOUS_HASH
        self._place = self._time = ""  # of the last record
        self._actor = self._policy = ""  # of the last log_opened
        self._is_tree_whole = True

    def take(self, line: bytes, file: str, number: int) -> None:
        """Check the next line of a file."""
        place = f"{file}:{number}"
        if not line.endswith(b"\n"):
            reason = "the line has no end: it was cut, or its writer crashed"
            self._findings.add("complete", place, reason, self._next)
            return
        record = line[:-1]
        head = head_of(record)
        self._fit(record, head, place)
        self._place = place
        if head is not None:
            self._look(head, record, place)
        leaf = leaf_hash(record)
        self._head = leaf.hex()
        self._tree.append(leaf)
        self._next += 1
        self._anchors.take_record(self._tree)

    def end(self) -> None:
        """Check the rest, after all records."""
        findings = self._findings
        findings.records = self._tree.size
        self._openings.end(self._next)
        if not self._tree.size:
            findings.add("complete", self._files.current.name, "it has no records")
        elif self._keys and not findings.checkpoints:
            findings.add("anchored", self._files.current.name, "it has no checkpoint")
        self._anchors.end()

    def _fit(self, record: bytes, head: Head | None, place: str) -> None:
        wrong = chain_problem(record, head, self._next, self._head)
        is_first = self._findings.first is None
        if is_first:
            self._findings.first = self._next
        if wrong is None:
            return
        self._is_tree_whole = False
        seq = None if head is None else head.seq
        if is_first and seq:
            self._findings.first = self._next = seq
            reason = f"records 0 to {seq - 1} are missing before it"
            self._findings.add("complete", place, reason, seq)
        elif wrong.is_before:
            self._findings.add("unaltered", self._place, wrong.reason, self._next - 1)
        else:
            self._findings.add("unaltered", place, wrong.reason, seq)
        self._next = self._next if seq is None else seq

    def _look(self, head: Head, record: bytes, place: str) -> None:
        findings = self._findings
        if head.clock_step:
            findings.clock_steps += 1
        elif head.time < self._time:
            reason = "its time is before the last record's, and it does not say so"
            findings.add("unaltered", place, reason, head.seq)
        self._time = head.time
        is_committed = self._policy in {"", "committed"}
        commitments = dict(committed_fields(record)) if is_committed else {}
        self._openings.take(head.seq, commitments)
        if head.kind == "recovered":
            self._recovered(head, place)
        if head.kind == "log_opened":
            self._opened(head, place)
        elif self._actor not in ("", head.actor):
            reason = f"its actor did not open the log, {self._actor!a}"
            findings.add("unaltered", place, reason, head.seq)
        findings.since_checkpoint += 1
        if head.kind == "checkpoint":
            findings.since_checkpoint = 0
            self._checkpoint(head, record, place)

    def _opened(self, head: Head, place: str) -> None:
        self._actor, self._policy = head.actor, head.content_policy
        self._findings.counts_unsigned = head.unsigned is not None
        self._unsigned(head)
        self._findings.log = self._findings.log or head.log
        if head.log != self._findings.log:
            reason = f"it opens another log, {head.log!a}"
            self._findings.add("unaltered", place, reason, head.seq)

    def _recovered(self, head: Head, place: str) -> None:
        """Compare a torn end with its record, if it is still there."""
        self._findings.recovered += 1
        told = {"file": head.file, "bytes": head.bytes, "sha256": head.sha256}
        if self._torn.get(head.file, told) != told:
            reason = f"{head.file} isn't the torn end that it describes"
            self._findings.add("unaltered", place, reason, head.seq)

    @cached_property
    def _torn(self) -> dict[str, object]:
        """The descriptions of the torn ends beside the log, by file name."""
        return {path.name: describe(path) for path in self._files.all_torn()}

    def _unsigned(self, head: Head) -> None:
        """Note the records that nobody vouched for when the log was opened."""
        since = self._findings.since_checkpoint
        uncovered = since if head.unsigned is None else head.unsigned
        first = max(head.seq - uncovered, self._findings.signed)
        first = self._anchors.unsigned_from(first, head.seq)
        if first < head.seq:
            # A checkpoint's own record says no more than its note.
            is_checkpoint = not since and first == head.seq - 1
            is_doubtful = self._findings.counts_unsigned and not is_checkpoint
            left = Unsigned(first, head.seq - 1)
            self._findings.leave(left, is_doubtful=is_doubtful)

    def _checkpoint(self, head: Head, record: bytes, place: str) -> None:
        findings = self._findings
        findings.checkpoints += 1
        if not (_CHECKPOINT.fullmatch(record) and is_time(head.time)):
            reason = "it is not written as the log writes checkpoints"
            findings.add("unaltered", place, reason, head.seq)
        try:
            note, checkpoint = read_checkpoint(head.note)
        except DecodeError as error:
            findings.add("unaltered", place, error.reason, head.seq)
            return
        is_copied = not self._findings.counts_unsigned
        self._anchors.take_checkpoint(
            note, checkpoint.time, head.seq, is_copied=is_copied
        )
        is_signed = self._is_signed(note, place, head.seq)
        findings.log = findings.log or checkpoint.origin.removeprefix(ORIGIN)
        if head.signed != bool(note.signatures):
            reason = "the record and its note disagree on whether it is signed"
            findings.add("anchored", place, reason, head.seq)
        if self._fits(checkpoint, head, place) and is_signed and self._keys:
            findings.signed = checkpoint.size

    def _fits(self, checkpoint: Checkpoint, head: Head, place: str) -> bool:
        """Tell whether a checkpoint is the tree's; after a chain problem, none is."""
        wrong = None
        if checkpoint.origin != self._origin:
            wrong = f"the checkpoint is of another log, {checkpoint.origin!a}"
        elif checkpoint.size != head.seq:
            wrong = f"the checkpoint covers {checkpoint.size} records"
        elif not self._is_tree_whole:
            return False
        elif checkpoint.root != self._tree.root():
            wrong = "the records before it differ from those the checkpoint covers"
            self._is_tree_whole = False
        if wrong is not None:
            self._findings.add("unaltered", place, wrong, head.seq)
        return wrong is None

    def _is_signed(self, note: Note, where: str, seq: int | None = None) -> bool:
        reason = signature_problem(note, self._keys)
        if reason is not None:
            self._findings.add("anchored", where, reason, seq)
        return reason is None

    @property
    def _origin(self) -> str:
        return f"{ORIGIN}{self._findings.log}"


_STEP: Final = 1_000  # records


def verify(
    path: Path, *, keys: "Sequence[Verifier]" = (), kept: Sequence[Path] = ()
) -> Findings:
    """Return the findings about a log: whether it is unaltered, complete, anchored.

    Args:
        path: The log; its other files lie beside it.
        keys: Public keys; each checkpoint must be signed by one of them.
        kept: Files with checkpoints of this log that were kept elsewhere.

    Raises:
        OSError: A file cannot be read.
        DecodeError: A kept file isn't a checkpoint, or a part of the log isn't a file.
        AuditError: A torn end beside the log cannot be read.
    """
    *_, findings = verify_in_steps(path, keys, kept)
    return findings


def verify_in_steps(
    path: Path, keys: "Sequence[Verifier]", kept: Sequence[Path]
) -> Generator[Findings]:
    """Yield the findings so far, after each thousand records and at the end.

    It is always the same object, which grows. The rest is as for :func:`verify`.
    """
    files = LogFiles(path)
    findings = Findings(signers=tuple(each.name for each in keys))
    anchors = anchors_of(files, kept, findings)
    verification = LogVerification(files, keys, anchors, findings)
    for name, lines in files_and_lines(files):
        findings.files += 1
        for number, line in enumerate(lines, 1):
            verification.take(line, name, number)
            if number % _STEP == 0:
                yield findings
    verification.end()
    yield findings


def check_anchored(findings: Findings, path: Path) -> None:
    """Add a problem if a part of a log, or its end, was never anchored."""
    if not findings.is_end_anchored:
        reason = "no checkpoint kept elsewhere reaches the end"
        findings.add("anchored", path.name, reason)
    if findings.doubtful:
        reason = f"records that no checkpoint covered in time: {findings.doubtful}"
        findings.add("anchored", path.name, reason)
