"""Anchors of a log: checkpoints outside its records, and what they vouch for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from replay.errors import DecodeError
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    Note,
    read_checkpoint,
)
from replay_plugins.audit_log.format.merkle import Frontier
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.findings import Findings
from replay_plugins.audit_log.verify.log_reader import read_text

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Verifier

ORIGIN: Final = "chat-replay/"


@attrs.frozen
class Anchor:
    """A checkpoint outside the records."""

    where: str  #: its file's name
    note: Note
    checkpoint: Checkpoint
    is_kept: bool  #: whether it was kept elsewhere; False: it is beside the log


def read_anchor(path: Path, *, is_kept: bool) -> Anchor:
    """Return the checkpoint in a file.

    Raises:
        OSError: It cannot be read.
        DecodeError: It isn't a checkpoint.
    """
    try:
        note, checkpoint = read_checkpoint(read_text(path))
    except DecodeError as error:
        raise attrs.evolve(error, source=str(path)) from error
    return Anchor(path.name, note, checkpoint, is_kept)


def anchors_of(
    files: LogFiles, kept: Sequence[Path], findings: Findings
) -> list[Anchor]:
    """Return the kept checkpoints and the one beside a log.

    Raises:
        OSError: A file cannot be read.
        DecodeError: A kept file isn't a checkpoint.
    """
    anchors = [read_anchor(each, is_kept=True) for each in kept]
    if files.checkpoint.is_file():
        try:
            anchors.append(read_anchor(files.checkpoint, is_kept=False))
        except DecodeError as error:
            findings.add("unaltered", files.checkpoint.name, error.reason)
    elif files.checkpoint.exists():  # reading a pipe would hang
        findings.add("unaltered", files.checkpoint.name, "it isn't a regular file")
    return anchors


def signature_problem(note: Note, keys: "Sequence[Verifier]") -> str | None:
    """Return the problem with a note's signatures; None: there is none.

    Args:
        note: The note.
        keys: Public keys, one of which must have signed it; if empty, none must.
    """
    said = {key.check(note) for key in keys}
    if "invalid" in said:
        return "a signature in the key's name is not the key's"
    if said and "valid" not in said:
        return "the checkpoint is not signed by the key"
    return None


class AnchorChecks:
    """A comparison of anchors with the records that a verification walks through.

    Args:
        anchors: Checkpoints outside the records.
        keys: Public keys, one of which must have signed each anchor.
        findings: The findings to add to.
    """

    def __init__(
        self, anchors: Sequence[Anchor], keys: "Sequence[Verifier]", findings: Findings
    ) -> None:
        self._anchors, self._keys, self._findings = anchors, keys, findings
        findings.kept_given = sum(each.is_kept for each in anchors)
        self._roots = {each.checkpoint.size: b"" for each in anchors}
        self._roots[0] = Frontier().root()
        #: texts in records, by the record's number, and whether they are beside the log
        self._notes: dict[int, tuple[str, bool]] = {}
        #: times of checkpoints in records, by the size that includes the record
        self._times: dict[int, str | None] = {}

    def take_record(self, tree: Frontier) -> None:
        """Note the root of the records so far, if an anchor has it."""
        if tree.size in self._roots:
            self._roots[tree.size] = tree.root()

    def take_checkpoint(
        self, note: Note, time: str | None, seq: int, *, is_copied: bool
    ) -> None:
        """Note the text and the time of the checkpoint in record *seq*.

        Args:
            note: Its note.
            time: The time in the note.
            seq: The record's number.
            is_copied: Whether the writer put this very note beside the log, as it did
                before ``log_opened`` had ``unsigned``.
        """
        if seq in self._roots:
            self._notes[seq] = note.text, is_copied
        if seq + 1 in self._roots:
            self._times[seq + 1] = time

    def unsigned_from(self, first: int, end: int) -> int:
        """Return the first of the records to *end* that no kept anchor vouches for."""
        sizes = (
            each.checkpoint.size
            for each in self._anchors
            if each.is_kept
            and each.checkpoint.size <= end
            and self._roots[each.checkpoint.size] == each.checkpoint.root
        )
        return max([first, *sizes])

    def end(self) -> None:
        """Check the anchors, after all records."""
        for each in self._anchors:
            if self._is_held(each) and each.is_kept:
                self._findings.kept = max(self._findings.kept, each.checkpoint.size)

    def _is_held(self, anchor: Anchor) -> bool:
        """Tell whether the log begins with the records that an anchor covers."""
        findings, where, size = self._findings, anchor.where, anchor.checkpoint.size
        origin = f"{ORIGIN}{findings.log}"
        unsigned = signature_problem(anchor.note, self._keys)
        if unsigned is not None:
            findings.add("anchored", where, unsigned)
        if findings.first:
            reason = "not all records that it covers are here"
            findings.add("anchored", where, reason)
        elif anchor.checkpoint.origin != origin:
            reason = f"it is of another log, {anchor.checkpoint.origin!a}"
            findings.add("anchored", where, reason)
        elif size > findings.records:
            reason = f"it covers {size} records, but only {findings.records} are here"
            findings.add("complete", where, reason)
        elif self._roots[size] != anchor.checkpoint.root:
            reason = f"the first {size} records differ from those it covers"
            findings.add("unaltered", where, reason)
        elif self._is_another_text(anchor):
            reason = "it isn't the checkpoint that the writer of the log put there"
            findings.add("unaltered", where, reason)
        else:
            return unsigned is None
        return False

    def _is_another_text(self, anchor: Anchor) -> bool:
        """Tell whether the writer made checkpoints of an anchor's size, but not it."""
        size, texts = anchor.checkpoint.size, set[str]()
        if size not in self._notes.keys() | self._times.keys():
            return False
        in_record, is_copied = self._notes.get(size, ("", False))
        if is_copied or anchor.is_kept:
            texts.add(in_record)
        if size in self._times:
            made = attrs.evolve(anchor.checkpoint, time=self._times[size])
            texts.add(made.text())
        return anchor.note.text not in texts
