"""The key that checkpoints are signed with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import AuditError, DecodeError
from replay_plugins.audit_log.private_files import open_private

if TYPE_CHECKING:
    from replay_plugins.audit_log.note_keys import Signer

NAME: Final = "chat-replay"  #: what a key is called that does not say it, as in PEM
_BEGINNINGS: Final = ("PRIVATE+KEY+", "-----BEGIN ")  # of private keys


def signer_at(path: Path) -> "Signer":
    """Return the key that a file holds.

    Raises:
        UnsupportedError: The extra ``audit`` is not installed.
        AuditError: It cannot be read, or holds no private key, or is the key itself.
    """
    if str(path).lstrip().startswith(_BEGINNINGS):
        hint = "name the file that holds it; whoever saw the command has the key"
        raise AuditError(path="key", reason="it is a private key itself", hint=hint)
    from replay_plugins.audit_log.note_keys import Signer  # noqa: PLC0415 - an extra

    with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
        text = file.read()
    try:
        return Signer.from_text(text.decode(), NAME)
    except (DecodeError, UnicodeDecodeError) as error:
        hint = "replay audit keygen makes a pair of keys"
        raise AuditError(str(path), "it holds no private key", hint) from error
