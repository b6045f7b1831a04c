"""``replay audit remove``: a committed value removed."""

from pathlib import Path

import click

from replay_plugins.audit_log import removing
from replay_plugins.audit_log.cli.arguments import LOG


@click.command("remove")
@LOG
@click.argument("seq", type=click.IntRange(min=0))
@click.argument("field")
def remove(*, log: Path, seq: int, field: str) -> None:
    """Remove the value that record SEQ of LOG is committed to as FIELD.

    The record, proofs and signatures stay valid; verify tells what was removed. Copies
    of the log's openings, and the disk's own, are not reached.
    """
    removing.remove(log, seq, field)
