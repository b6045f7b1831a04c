"""``replay audit keygen``: a pair of keys."""

from pathlib import Path

import click

from replay.cli import standard_output
from replay_plugins.audit_log.cli.arguments import FILE
from replay_plugins.audit_log.private_files import write_new


@click.command("keygen")
@click.option(
    "--name", required=True, help="Whom it signs for, such as example.com/log."
)
@click.argument("file", type=FILE)
def keygen(*, name: str, file: Path) -> None:
    """Write a new private key to FILE, and print its public key.

    Whoever holds FILE can sign as NAME. The public key is for those who verify.
    """
    from replay_plugins.audit_log.note_keys import Signer  # noqa: PLC0415 - an extra

    signer = Signer.generate(name)
    write_new(file, f"{signer.private_text()}\n".encode())
    standard_output.write(f"{signer.verifier()}\n")
