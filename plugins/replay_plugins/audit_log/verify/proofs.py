"""Proofs of a log's content that can be checked without the log.

An inclusion proof shows that a record is in a checkpoint's log; a consistency proof,
that the log of a checkpoint begins with that of an earlier one.
"""

from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs
import msgspec

from replay.errors import DecodeError
from replay_plugins.audit_log.format.chain import head_of
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    decode_base64,
    read_checkpoint,
)
from replay_plugins.audit_log.format.merkle import (
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
)
from replay_plugins.audit_log.log.bounded_reads import LONGEST_LINE
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.log_reader import read_text, records_of

Schema: TypeAlias = Literal["chat-replay.audit-proof/1"]
SCHEMA: Final[Schema] = "chat-replay.audit-proof/1"
LARGEST_PROOF: Final = 2 * LONGEST_LINE  #: bytes; quotes in a record are escaped


class InclusionProof(msgspec.Struct, frozen=True, tag_field="proves", tag="inclusion"):
    """One record, and the hashes that lead from it to the root of a checkpoint."""

    schema: Schema
    record: str  #: its exact line, without the line feed
    seq: int
    path: tuple[str, ...]  #: hashes in base64, the record's sibling first
    checkpoint: str  #: a note

    def is_true(self) -> bool:
        """Tell whether the record is in the checkpoint's log.

        Raises:
            DecodeError: The checkpoint isn't one.
        """
        _, checkpoint = read_checkpoint(self.checkpoint)
        record = self.record.encode()
        head = head_of(record)
        if head is None or head.seq != self.seq:
            return False
        leaf, path = leaf_hash(record), _hashes(self.path)
        return check_inclusion(leaf, self.seq, checkpoint.size, path, checkpoint.root)


class ConsistencyProof(
    msgspec.Struct, frozen=True, tag_field="proves", tag="consistency"
):
    """Two checkpoints of one log, and the hashes that show that they are."""

    schema: Schema
    earlier: str  #: a note
    path: tuple[str, ...]  #: hashes in base64
    checkpoint: str  #: a note

    def is_true(self) -> bool:
        """Tell whether the log of the earlier checkpoint begins that of the later.

        Raises:
            DecodeError: A checkpoint isn't one.
        """
        _, earlier = read_checkpoint(self.earlier)
        _, later = read_checkpoint(self.checkpoint)
        sizes, roots = (earlier.size, later.size), (earlier.root, later.root)
        is_one_log = earlier.origin == later.origin
        return is_one_log and check_consistency(*sizes, *roots, _hashes(self.path))


Proof: TypeAlias = InclusionProof | ConsistencyProof
_DECODE: Final = msgspec.json.Decoder(InclusionProof | ConsistencyProof).decode


def prove_inclusion(path: Path, seq: int) -> InclusionProof:
    """Return the proof of a record by the last checkpoint in its log.

    Raises:
        OSError: The log cannot be read.
        DecodeError: It does not hash to its checkpoints, or none covers that record.
    """
    files = LogFiles(path)
    note, size = _last_checkpoint(files)
    if not 0 <= seq < size:
        where, reason = f"record {seq}", f"the last checkpoint is of {size} records"
        hint = "the end of a session makes a checkpoint, and so does that of the log"
        raise DecodeError(where, reason, str(path), hint)
    (record,) = islice(records_of(files), seq, seq + 1)
    hashes = inclusion_proof(map(leaf_hash, records_of(files)), seq, size)
    return InclusionProof(SCHEMA, record.decode(), seq, _encoded(hashes), note)


def prove_consistency(path: Path, earlier: str) -> ConsistencyProof | None:
    """Return the proof that a log continues a checkpoint; None: it does not.

    Args:
        path: The log; the proof is up to the last checkpoint in it.
        earlier: The checkpoint's note.

    Raises:
        OSError: The log cannot be read.
        DecodeError: It does not hash to its checkpoints, or *earlier* isn't one.
    """
    files = LogFiles(path)
    _, first = read_checkpoint(earlier)
    note, size = _last_checkpoint(files)
    if not 0 < first.size <= size:
        return None
    hashes = consistency_proof(map(leaf_hash, records_of(files)), first.size, size)
    proof = ConsistencyProof(SCHEMA, earlier, _encoded(hashes), note)
    return proof if proof.is_true() else None


def write_proof(proof: Proof) -> str:
    """Return a proof as JSON, ended by a line feed."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=1).decode() + "\n"


def read_proof(text: str) -> Proof:
    """Return the proof in a JSON text.

    Raises:
        DecodeError: It isn't one.
    """
    try:
        proof: Proof = _DECODE(text.encode())
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        reason, hint = f"not a proof: {error}", "replay audit prove writes proofs"
        raise DecodeError(where="$", reason=reason, hint=hint) from error
    return proof


def _last_checkpoint(files: LogFiles) -> tuple[str, int]:
    """Return the note of a log's last checkpoint, in it or beside it, and its size."""
    tree, last, beside = Frontier(), None, _beside(files)
    for record in records_of(files):
        if b'"note":"' in record:
            head = head_of(record)
            if head is not None and head.kind == "checkpoint":
                last = head.note, _size_of(head.note, tree, files)
        tree.append(leaf_hash(record))
        if beside and beside[1].size == tree.size and beside[1].root == tree.root():
            last = beside[0], tree.size
    if last is None:
        reason = "it has no checkpoint"
        raise DecodeError(where="", reason=reason, source=str(files.current))
    return last


def _beside(files: LogFiles) -> tuple[str, Checkpoint] | None:
    """Return the checkpoint beside a log; None: there is none."""
    if not files.checkpoint.is_file():
        return None
    with suppress(DecodeError):  # verify tells
        text = read_text(files.checkpoint)
        return text, read_checkpoint(text)[1]
    return None


def _size_of(note: str, tree: Frontier, files: LogFiles) -> int:
    """Return the size of a checkpoint, which must be that of all records before it."""
    try:
        _, checkpoint = read_checkpoint(note)
    except DecodeError as error:
        raise attrs.evolve(error, source=str(files.current)) from error
    if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
        where, reason = f"record {tree.size}", "the log does not fit this checkpoint"
        hint = "replay audit verify says where it was changed"
        raise DecodeError(where, reason, str(files.current), hint)
    return checkpoint.size


def _encoded(hashes: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(b64encode(each).decode() for each in hashes)


def _hashes(texts: Iterable[str]) -> list[bytes]:
    return [decode_base64(each) for each in texts]
