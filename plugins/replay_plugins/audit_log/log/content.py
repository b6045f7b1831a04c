"""Content in records: in full, redacted, or behind a digest or commitment."""

import hmac
import os
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final, Literal, TypeAlias

import attrs

from replay import Session
from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.format.chain import json_bytes
from replay_plugins.audit_log.log.private_files import read_private, write_private

ContentPolicy: TypeAlias = Literal["full", "digest", "redacted", "committed"]
SALT_BYTES: Final = 32
DIGEST: Final = "session.digest"  #: the field of a session's digest
_SALT_ID: Final = b"chat-replay: which salt"


@attrs.frozen
class Opening:
    """The value that a record is committed to."""

    field: str  #: the record's field
    salt: str  #: 32 bytes, in hex
    value: object  #: JSON

    def line(self, seq: int) -> bytes:
        """Return its line in the file of openings, for record *seq*."""
        return json_bytes({"seq": seq, **attrs.asdict(self, recurse=False)}) + b"\n"


#: Takes a field's name and value; returns the value to record, and its opening.
ContentFilter: TypeAlias = Callable[[str, object], tuple[object, Opening | None]]


def content_filter(policy: ContentPolicy, salt: bytes | None = None) -> ContentFilter:
    """Return a policy's function for filtering values.

    Args:
        policy: The policy; with ``redacted``, the function is for a single session.
        salt: The key of digests, without which nobody can test guesses of a value;
            None: the policy is a different one.
    """
    if policy == "redacted":
        redactor = _redactor()
        return lambda _, value: (redactor.value(value), None)
    if salt is not None:
        return partial(_digested, salt)
    return {"full": _in_full, "committed": _committed}[policy]


def redacted(session: Session) -> Session:
    """Return a session as the policy ``redacted`` shows it."""
    shown: Session = _redactor().session(session)
    return shown


def _redactor() -> Any:  # noqa: ANN401 - another plugin's
    return import_module("replay_plugins.redact").Redactor()


def _in_full(_: str, value: object) -> tuple[object, Opening | None]:
    return value, None


def _digested(salt: bytes, _: str, value: object) -> tuple[object, Opening | None]:
    digest = hmac.digest(salt, json_bytes(value), "sha256").hex()
    return {"length": length_of(value), "hmac_sha256": digest}, None


def _committed(field: str, value: object) -> tuple[object, Opening | None]:
    salt = token_bytes(SALT_BYTES)
    commitment = sha256(salt + json_bytes(value)).hexdigest()
    shown = {"length": length_of(value), "commitment": commitment}
    return shown, Opening(field, salt.hex(), value)


def length_of(value: object) -> int:
    """Return the number of characters of a string, or of another value's JSON."""
    return len(value) if isinstance(value, str) else len(json_bytes(value))


def salt_id(salt: bytes | None) -> str:
    """Return an id of a salt, which reveals nothing else about it."""
    return "" if salt is None else hmac.digest(salt, _SALT_ID, "sha256").hex()[:16]


def load_or_create_salt(path: Path, known: str | None = None) -> bytes:
    """Return the salt in a file, which is created if a log has none yet.

    Args:
        path: The file.
        known: The id of the salt that the log was written with; empty: it had one, but
            its id is not known; None: it had none.

    Raises:
        AuditTamperedError: It holds another salt, or something else, or is missing.
        AuditError: It cannot be read or written.
    """
    is_there = os.path.lexists(path)
    if not is_there and known is not None:
        raise _lost(path, reason="the salt of the log's digests is missing")
    if not is_there:
        write_private(path, token_bytes(SALT_BYTES))
    salt = _salt_in(path)
    if known and salt_id(salt) != known:
        raise _lost(path, reason="it isn't the salt of the log's digests")
    return salt


def read_salt(path: Path) -> bytes:
    """Return the salt in a file, which the log's writer has created.

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
    with read_private(path) as file:
        salt = file.read(SALT_BYTES + 1)
    if len(salt) != SALT_BYTES:
        raise _lost(path, reason=f"it isn't a salt of {SALT_BYTES} bytes")
    return salt


def _lost(path: Path, *, reason: str) -> AuditTamperedError:
    hint = "put the right file back, or begin another log"
    return AuditTamperedError(str(path), reason, hint)
