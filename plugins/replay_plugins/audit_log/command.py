"""``replay audit``: keys, verification, proofs and a view of audit logs."""

import click

from replay_plugins.audit_log.cli.check_proof_command import check_proof
from replay_plugins.audit_log.cli.keygen_command import keygen
from replay_plugins.audit_log.cli.prove_commands import consistency, prove
from replay_plugins.audit_log.cli.remove_command import remove
from replay_plugins.audit_log.cli.show_command import show
from replay_plugins.audit_log.cli.verify_command import verify


@click.group("audit")
def command() -> None:
    """Verify audit logs, prove what is in them, and look at them.

    LOG is the file that the plugin audit_log writes; its other files lie beside it.
    """


for each in (keygen, verify, prove, check_proof, consistency, show, remove):
    command.add_command(each)
