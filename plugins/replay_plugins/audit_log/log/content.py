"""What a record shows of what was said: all of it, or what only proves it."""

import hmac
import os
from collections.abc import Callable
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from secrets import token_bytes
from typing import Final, Literal, TypeAlias

import attrs

from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.format.chain import json_bytes
from replay_plugins.audit_log.log.private_files import open_private, replace

ContentPolicy: TypeAlias = Literal["full", "digest", "redacted", "committed"]
SALT_BYTES: Final = 32


@attrs.frozen
class Opening:
    """What a record is committed to."""

    field: str  #: the record's field
    salt: str  #: 32 bytes, in hex
    value: object  #: JSON

    def line(self, seq: int) -> bytes:
        """Return it as a line of the file of openings, for the record of a number."""
        return json_bytes({"seq": seq, **attrs.asdict(self, recurse=False)}) + b"\n"


#: Takes a field's name and value; returns what the record shows, and its opening.
Hide: TypeAlias = Callable[[str, object], tuple[object, Opening | None]]


def in_full(_: str, value: object) -> tuple[object, Opening | None]:
    """Show a value as it is."""
    return value, None


def digested(salt: bytes) -> Hide:
    """Return what shows a value's length and digest.

    Args:
        salt: The key of the digests; without it, nobody can guess a value and try.
    """

    def hide(_: str, value: object) -> tuple[object, Opening | None]:
        digest = hmac.digest(salt, json_bytes(value), "sha256").hex()
        return {"length": length_of(value), "hmac_sha256": digest}, None

    return hide


def committed(field: str, value: object) -> tuple[object, Opening | None]:
    """Show a value's length and a commitment, which its opening proves."""
    salt = token_bytes(SALT_BYTES)
    shown = {"length": length_of(value), "commitment": commitment(salt, value)}
    return shown, Opening(field, salt.hex(), value)


def redacted() -> Hide:
    """Return what shows a value without the secrets in it."""
    redactor = import_module("replay_plugins.redact").Redactor()
    return lambda _, value: (redactor.value(value), None)


def commitment(salt: bytes, value: object) -> str:
    """Return what stands in a record for a value, in hex."""
    return sha256(salt + json_bytes(value)).hexdigest()


def length_of(value: object) -> int:
    """Return a string's characters, or those of any other value's JSON text."""
    return len(value) if isinstance(value, str) else len(json_bytes(value))


def salt_at(path: Path) -> bytes:
    """Return the salt that a file holds; one that is not there yet is made.

    Raises:
        AuditTamperedError: It holds something else.
        AuditError: It cannot be read or written.
    """
    if not os.path.lexists(path):
        replace(path, token_bytes(SALT_BYTES))  # whole: a kill may come at any time
    return _salt_in(path)


def read_salt(path: Path) -> bytes:
    """Return the salt that a file holds, which whoever writes the log has made.

    Raises:
        AuditTamperedError: It holds something else.
        AuditError: It cannot be read.
    """
    try:
        return _salt_in(path)
    except AuditTamperedError:
        raise
    except AuditError as error:
        hint = "who makes digests for a log must have its salt, under the same path"
        raise AuditError(str(path), error.reason, hint) from error


def _salt_in(path: Path) -> bytes:
    with os.fdopen(open_private(path, os.O_RDONLY), "rb") as file:
        salt = file.read(SALT_BYTES + 1)
    if len(salt) != SALT_BYTES:
        reason = f"it is no salt of {SALT_BYTES} bytes"
        hint = "put the right file back, or begin another log"
        raise AuditTamperedError(str(path), reason, hint)
    return salt
