"""``replay audit prove`` and ``replay audit consistency``: proofs for others."""

from pathlib import Path

import attrs
import click

from replay.cli import output
from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.output import output_to
from replay.errors import DecodeError
from replay.security.sanitization import sanitize_line
from replay_plugins.audit_log.cli.parameters import FILE, KEYS, LOG, OUTPUT, verifiers
from replay_plugins.audit_log.verify.anchors import (
    read_anchor,
    read_checkpoint,
    signature_problem,
)
from replay_plugins.audit_log.verify.log_reader import read_text
from replay_plugins.audit_log.verify.proofs import (
    InclusionProof,
    Proof,
    prove_consistency,
    prove_inclusion,
    read_proof,
    write_proof,
)


@click.command("check-proof")
@click.argument("file", type=FILE)
@KEYS
@click.option(
    "--checkpoint",
    type=FILE,
    metavar="FILE",
    help="A kept checkpoint, which must be the one that the proof leads to.",
)
def check_proof(*, file: Path, keys: tuple[str, ...], checkpoint: Path | None) -> int:
    """Check the proof in FILE, and print what it proves.

    The log is not needed. The exit code is 1 where it proves nothing.
    """
    trusted = verifiers(keys)
    try:
        proof = read_proof(read_text(file))
        note, last = read_checkpoint(proof.checkpoint)
        is_true = proof.is_true()
    except DecodeError as error:
        raise attrs.evolve(error, source=str(file)) from error
    wrong = None if is_true else "the hashes do not lead to the checkpoint"
    wrong = wrong or signature_problem(note, trusted)
    if checkpoint is not None and not wrong:
        kept = read_anchor(checkpoint, is_kept=True)
        is_kept = attrs.evolve(kept.checkpoint, time=last.time) == last
        wrong = None if is_kept else f"{checkpoint} is another checkpoint"
    if wrong:
        say(f"{file}: {wrong}", "problem")
        return FOUND_PROBLEMS
    is_anchored = bool(trusted or checkpoint)
    for line in _told(proof, is_anchored=is_anchored):
        output.write(sanitize_line(line) + "\n")
    return 0


def _told(proof: Proof, *, is_anchored: bool) -> list[str]:
    _, last = read_checkpoint(proof.checkpoint)
    of = f"of {last.origin}, whose checkpoint is of {last.time or 'an unknown time'}"
    if isinstance(proof, InclusionProof):
        told = [f"record {proof.seq} is among the {last.size} {of}:", proof.record]
    else:
        _, earlier = read_checkpoint(proof.earlier)
        told = [f"the first {earlier.size} records begin the {last.size} {of}"]
    if not is_anchored:
        told.append("whether that checkpoint is true is not checked: give --key")
    return told


@click.command("prove")
@LOG
@click.argument("seq", type=click.IntRange(min=0))
@OUTPUT
def prove(*, log: Path, seq: int, output: str | None) -> None:
    """Prove that record SEQ is in LOG, to people who do not have the log.

    The proof holds that one record, and the last checkpoint of the log.
    """
    _write(prove_inclusion(log, seq), output)


@click.command("consistency")
@LOG
@click.argument("checkpoint", type=FILE)
@OUTPUT
def consistency(*, log: Path, checkpoint: Path, output: str | None) -> int:
    """Prove that LOG goes on from CHECKPOINT, a file that was kept of it.

    The exit code is 1 where it does not.
    """
    try:
        proof = prove_consistency(log, read_text(checkpoint))
    except DecodeError as error:
        raise attrs.evolve(error, source=error.source or str(checkpoint)) from error
    if proof is None:
        say(f"{log}: does not go on from {checkpoint}", "problem")
        return FOUND_PROBLEMS
    _write(proof, output)
    return 0


def _write(proof: Proof, output: str | None) -> None:
    with output_to(output) as write:
        write(write_proof(proof))
