"""``replay audit``: keys, verification, proofs and a view of audit logs."""

from pathlib import Path

import click

from replay.cli import output
from replay.cli.arguments import json_option
from replay.cli.failures import FOUND_PROBLEMS
from replay.cli.output import write_objects
from replay.cli.progress_bar import progress
from replay.security.sanitization import sanitize_line
from replay_plugins.audit_log.cli.parameters import FILE, KEYS, LOG, verifiers
from replay_plugins.audit_log.cli.proof_commands import check_proof, consistency, prove
from replay_plugins.audit_log.cli.show import show
from replay_plugins.audit_log.log.private_files import write_new
from replay_plugins.audit_log.verify import opening_checks
from replay_plugins.audit_log.verify.findings import answers_of, object_of
from replay_plugins.audit_log.verify.verifier import require_anchor as require
from replay_plugins.audit_log.verify.verifier import verify_in_steps


@click.command("keygen")
@click.option(
    "--name", required=True, help="Whom it signs for, such as example.com/log."
)
@click.argument("file", type=FILE)
def keygen(*, name: str, file: Path) -> None:
    """Write a new private key to FILE, and print its public key.

    Whoever holds FILE can sign as NAME. The public key is for those who verify.
    """
    from replay_plugins.audit_log.format.keys import Signer  # noqa: PLC0415 - an extra

    signer = Signer.generate(name)
    write_new(file, f"{signer.private_text()}\n".encode())
    output.write(f"{signer.verifier()}\n")


@click.command("remove")
@LOG
@click.argument("seq", type=click.IntRange(min=0))
@click.argument("field")
def remove(*, log: Path, seq: int, field: str) -> None:
    """Remove the value that record SEQ of LOG is committed to as FIELD.

    The record, proofs and signatures stay valid; verify tells what was removed. Copies
    of the log's openings, and the disk's own, are not reached.
    """
    opening_checks.remove(log, seq, field)


@click.command("verify")
@LOG
@KEYS
@click.option(
    "--checkpoint",
    "checkpoints",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="A checkpoint of LOG, kept elsewhere; may be given several times.",
)
@click.option(
    "--require-anchor",
    is_flag=True,
    help="Fail unless a kept checkpoint reaches the end of the log.",
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
    """Answer three questions about LOG, and say what is wrong.

    Are its records unaltered? Is anything missing at either end? Up to where is it
    anchored by a signature, or by a checkpoint that was kept elsewhere? The exit code
    is 1 where anything is wrong.
    """
    steps = verify_in_steps(log, verifiers(keys), checkpoints)
    with progress("Verifying", steps, unit="thousand records") as known:
        *_, findings = known
    if require_anchor:
        require(findings, log)
    if as_json:
        write_objects([object_of(findings)])
    else:
        for line in answers_of(findings):
            output.write(sanitize_line(line) + "\n")
    return 0 if findings.is_good else FOUND_PROBLEMS


@click.group("audit")
def command() -> None:
    """Verify audit logs, prove what is in them, and look at them.

    LOG is the file that the plugin audit_log writes; its other files lie beside it.
    """


for each in (keygen, verify, prove, check_proof, consistency, show, remove):
    command.add_command(each)
