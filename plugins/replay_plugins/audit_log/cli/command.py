"""The command ``replay audit``: keys, verification, proofs and a view of a log."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from replay.authoring import sanitize_line
from replay.cli import output
from replay.cli.output import FOUND_PROBLEMS, json_option, say
from replay.cli.progress_bar import progress
from replay.errors import DecodeError
from replay_plugins.audit_log.cli.record_table import FILE, LOG, show
from replay_plugins.audit_log.format.checkpoints import read_checkpoint
from replay_plugins.audit_log.log.private_files import write_private
from replay_plugins.audit_log.verify import opening_checks
from replay_plugins.audit_log.verify.anchors import read_anchor, signature_problem
from replay_plugins.audit_log.verify.findings import answers_of, object_of
from replay_plugins.audit_log.verify.log_reader import read_text
from replay_plugins.audit_log.verify.proofs import (
    LARGEST_PROOF,
    InclusionProof,
    Proof,
    prove_consistency,
    prove_inclusion,
    read_proof,
    write_proof,
)
from replay_plugins.audit_log.verify.verifier import check_anchored, verify_in_steps

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Verifier

_KEYS: Final = click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="PUBLIC",
    help="A public key, or a file that holds it, in PEM too. Repeatable.",
)
_OUTPUT: Final = click.option(
    "-o", "--output", metavar="FILE", help="Write the proof to a file."
)


@click.command("keygen")
@click.option(
    "--name", required=True, help="The name to sign with, such as example.com/log."
)
@click.argument("file", type=FILE)
def keygen(*, name: str, file: Path) -> None:
    """Write a new private key to FILE, and print its public key.

    Anyone who has FILE can sign as NAME. The public key is for those who verify.
    """
    from replay_plugins.audit_log.format.keys import Signer  # noqa: PLC0415 - an extra

    signer = Signer.generate(name)
    write_private(file, f"{signer.private_text()}\n".encode(), is_new=True)
    output.write(f"{signer.verifier()}\n")


# A key in PEM begins as an option does: it must not be shown as an unknown one.
@click.command("public-key", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=FILE)
def public_key(*, file: Path) -> None:
    """Print the public key of the private key in FILE.

    FILE is written by keygen, or holds an Ed25519 key in PEM, which signs as
    chat-replay.
    """
    from replay_plugins.audit_log.plugin import signer_at  # noqa: PLC0415 - an extra

    output.write(f"{signer_at(file).verifier()}\n")


@click.command("verify")
@LOG
@_KEYS
@click.option(
    "--checkpoint",
    "checkpoints",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="A checkpoint of LOG, kept elsewhere. Repeatable.",
)
@click.option(
    "--require-anchor",
    is_flag=True,
    help="Fail unless kept checkpoints vouch for the whole log.",
)
@json_option
def verify(
    *,
    log: Path,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    require_anchor: bool,
    as_json: bool,
) -> int:
    """Answer three questions about LOG, and list the problems.

    Are its records unaltered? Is anything missing at either end? Up to which record is
    it anchored by a signature, or by a checkpoint kept elsewhere? The exit code is 1 if
    there is a problem.
    """
    steps = verify_in_steps(log, [*map(_verifier, keys)], checkpoints)
    with progress("Verifying", steps, unit="thousand records") as known:
        *_, findings = known
    if require_anchor:
        check_anchored(findings, log)
    if as_json:
        output.write_objects([object_of(findings)])
    else:
        _write_lines(answers_of(findings))
    return 0 if findings.is_good else FOUND_PROBLEMS


@click.command("prove")
@LOG
@click.argument("seq", type=click.IntRange(min=0))
@_OUTPUT
def prove(*, log: Path, seq: int, output: str | None) -> None:
    """Prove to people without LOG that record SEQ is in it.

    The proof holds that one record, and the last checkpoint of the log.
    """
    _write_proof(prove_inclusion(log, seq), output)


@click.command("consistency")
@LOG
@click.argument("checkpoint", type=FILE)
@_OUTPUT
def consistency(*, log: Path, checkpoint: Path, output: str | None) -> int:
    """Prove that LOG continues CHECKPOINT, kept from it earlier.

    The exit code is 1 if it does not.
    """
    try:
        proof = prove_consistency(log, read_text(checkpoint))
    except DecodeError as error:
        raise attrs.evolve(error, source=error.source or str(checkpoint)) from error
    if proof is None:
        say(f"{log}: it does not continue {checkpoint}", "problem")
        return FOUND_PROBLEMS
    _write_proof(proof, output)
    return 0


@click.command("check-proof")
@click.argument("file", type=FILE)
@_KEYS
@click.option(
    "--checkpoint",
    type=FILE,
    metavar="FILE",
    help="A kept checkpoint, which must be the one that the proof leads to.",
)
def check_proof(*, file: Path, keys: tuple[str, ...], checkpoint: Path | None) -> int:
    """Check the proof in FILE, and print what it proves.

    The log is not needed. The exit code is 1 if the proof does not hold.
    """
    trusted = [*map(_verifier, keys)]
    try:
        proof = read_proof(read_text(file, LARGEST_PROOF))
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
    _write_lines(_proved(proof))
    if not trusted and not checkpoint:
        _write_lines(["that checkpoint was not checked: give --key or --checkpoint"])
    return 0


@click.command("remove")
@LOG
@click.argument("seq", type=click.IntRange(min=0))
@click.argument("field")
def remove(*, log: Path, seq: int, field: str) -> None:
    """Remove the committed value of FIELD in record SEQ of LOG.

    So is the digest of its session, by which guesses could be checked. The record,
    proofs and signatures stay valid; verify lists what was removed. It does not reach
    copies of the log's openings, or what the disk itself keeps.
    """
    opening_checks.remove(log, seq, field)


@click.group("audit")
def command() -> None:
    """Verify audit logs, prove what is in them, and look at them.

    LOG is the file that the plugin audit_log writes; its other files lie beside it.
    """


for each in (keygen, public_key, verify, prove, check_proof, consistency, show, remove):
    command.add_command(each)


def _verifier(text: str) -> "Verifier":
    """Return the public key in a text, or in the file that the text names."""
    from replay_plugins.audit_log.format.keys import Verifier  # noqa: PLC0415 - an extra

    if "\n" in text or ("+" in text and not os.path.exists(text)):  # noqa: PTH110 - it may be too long for a path
        return Verifier.from_text(text)  # not named in an error: it may be a secret
    try:
        return Verifier.from_text(read_text(Path(text)))
    except DecodeError as error:
        raise attrs.evolve(error, source=text) from error


def _proved(proof: Proof) -> Iterator[str]:
    _, last = read_checkpoint(proof.checkpoint)
    time = last.time or "an unknown time"
    log = f"{last.origin}, which had {last.size} records at {time}"
    if isinstance(proof, InclusionProof):
        yield f"record {proof.seq} is in {log}:"
        yield proof.record
    else:
        _, earlier = read_checkpoint(proof.earlier)
        yield f"the first {earlier.size} records are unaltered in {log}"


def _write_proof(proof: Proof, path: str | None) -> None:
    with output.output_to(path) as write:
        write(write_proof(proof))


def _write_lines(lines: Iterable[str]) -> None:
    for line in lines:
        output.write(sanitize_line(line) + "\n")
