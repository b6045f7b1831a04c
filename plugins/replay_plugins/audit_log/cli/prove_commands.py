"""``replay audit prove`` and ``replay audit consistency``: proofs for others."""

from pathlib import Path

import attrs
import click

from replay.cli.failures import FOUND_PROBLEMS, say
from replay.cli.file_output import output_to
from replay.errors import DecodeError
from replay_plugins.audit_log.cli.arguments import FILE, LOG, OUTPUT
from replay_plugins.audit_log.proofs import (
    Proof,
    prove_consistency,
    prove_inclusion,
    write_proof,
)
from replay_plugins.audit_log.reading import read_text


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
