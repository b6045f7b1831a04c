"""What the sub-commands take alike."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from replay_plugins.audit_log.verify.anchors import read_verifier

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Verifier

FILE: Final = click.Path(path_type=Path)  # whether it is there is told when it is read
LOG: Final = click.argument("log", type=FILE)
KEYS: Final = click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="PUBLIC",
    help="A public key, or a file that holds it; may be given several times.",
)
OUTPUT: Final = click.option(
    "-o", "--output", metavar="FILE", help="Write the proof to a file."
)


def verifiers(keys: tuple[str, ...]) -> "list[Verifier]":
    """Return the public keys that an option gave.

    Raises:
        OSError, DecodeError, UnsupportedError: As from :func:`read_verifier`.
    """
    return [read_verifier(each) for each in keys]
