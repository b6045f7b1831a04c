"""Content in records."""

import hmac
import json
from hashlib import sha256
from pathlib import Path

import pytest

from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.log.content import (
    content_filter,
    load_or_create_salt,
    salt_id,
)

COMMITTED = content_filter("committed")


@pytest.mark.parametrize(
    ("value", "length"),
    [("Grüße", 5), ("", 0), ({"b": [1, None], "a": "\ud800"}, 27), (10**30, 31)],
)
def test_a_value_is_shown_or_stands_behind_its_digest_or_commitment(
    value: object, length: int
) -> None:
    assert content_filter("full")("content", value) == (value, None)
    text = json.dumps(value, separators=(",", ":")).encode()
    keyed = hmac.digest(b"salt", text, "sha256").hex()
    shown = {"length": length, "hmac_sha256": keyed}
    assert content_filter("digest", b"salt")("content", value) == (shown, None)
    committed, opening = COMMITTED("content", value)
    assert opening is not None
    assert committed != COMMITTED("content", value)[0]
    digest = sha256(bytes.fromhex(opening.salt) + text).hexdigest()
    assert committed == {"length": length, "commitment": digest}


def test_a_salt_that_is_lost_or_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    for known in ("", "0" * 16):
        with pytest.raises(
            AuditTamperedError, match="the salt of the log's digests is"
        ):
            load_or_create_salt(path, known)
    salt = load_or_create_salt(path)
    assert load_or_create_salt(path, "") == salt
    assert load_or_create_salt(path, salt_id(salt)) == salt
    with pytest.raises(AuditTamperedError, match="it isn't the salt of the log's"):
        load_or_create_salt(path, "0" * 16)


def test_a_salt_is_made_once_and_what_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    salt = load_or_create_salt(path)
    assert len(salt) == 32
    assert load_or_create_salt(path) == salt == path.read_bytes()
    assert load_or_create_salt(tmp_path / "another") != salt
    assert path.stat().st_mode & 0o777 == 0o600
    for held in (b"", b"x" * 31, b"x" * 33):
        path.write_bytes(held)
        with pytest.raises(AuditTamperedError, match="isn't a salt of 32 bytes"):
            load_or_create_salt(path)
    path.unlink()
    path.symlink_to("elsewhere")
    with pytest.raises(AuditError):
        load_or_create_salt(path)
