"""``replay audit verify``: is a log unaltered, complete, anchored."""

from pathlib import Path

import click

from replay.cli import standard_output
from replay.cli.failures import FOUND_PROBLEMS
from replay.cli.progress import progress
from replay.cli.reading import json_option
from replay.cli.rows import write_objects
from replay.sanitizing import sanitize_line
from replay_plugins.audit_log.answers import answers_of, object_of
from replay_plugins.audit_log.cli.arguments import FILE, KEYS, LOG, verifiers
from replay_plugins.audit_log.verifying import require_anchor as require
from replay_plugins.audit_log.verifying import verify_in_steps


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
            standard_output.write(sanitize_line(line) + "\n")
    return 0 if findings.is_good else FOUND_PROBLEMS
