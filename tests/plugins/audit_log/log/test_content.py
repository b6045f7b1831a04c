"""Content in records."""

import hmac
import json
import sys
from hashlib import sha256
from pathlib import Path
from types import FrameType

import pytest

from replay.errors import AuditError, AuditTamperedError
from replay_plugins.audit_log.log.content import (
    Opening,
    commitment,
    hiding,
    length_of,
    salt_at,
)

COMMITTED = hiding("committed")
VALUES = ["Grüße", "", {"b": [1, None], "a": "\ud800"}, 10**30, None]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_shown_or_stands_behind_its_digest_or_commitment(
    value: object,
) -> None:
    assert hiding("full")("content", value) == (value, None)
    text = json.dumps(value, separators=(",", ":")).encode()
    keyed = hmac.digest(b"salt", text, "sha256").hex()
    shown = {"length": length_of(value), "hmac_sha256": keyed}
    assert hiding("digest", b"salt")("content", value) == (shown, None)
    committed, opening = COMMITTED("content", value)
    assert opening is not None
    assert committed != COMMITTED("content", value)[0]
    assert (opening.field, opening.value) == ("content", value)
    digest = sha256(bytes.fromhex(opening.salt) + text).hexdigest()
    assert committed == {"length": length_of(value), "commitment": digest}
    assert commitment(bytes.fromhex(opening.salt), value) == digest


def test_a_length_counts_characters() -> None:
    assert [*map(length_of, VALUES)] == [5, 0, 27, 31, 4]


def test_an_opening_is_a_line() -> None:
    line = Opening("content", "0a", {"b": 1, "a": "é"}).line(3)
    assert line == (
        b'{"seq":3,"field":"content","salt":"0a","value":{"b":1,"a":"\\u00e9"}}\n'
    )


def test_a_salt_is_made_once(tmp_path: Path) -> None:
    salt = salt_at(tmp_path / "salt")
    assert len(salt) == 32
    assert salt_at(tmp_path / "salt") == salt == (tmp_path / "salt").read_bytes()
    assert (tmp_path / "salt").stat().st_mode & 0o777 == 0o600
    assert salt_at(tmp_path / "another") != salt


def test_a_salt_is_whole_as_soon_as_it_is_there(tmp_path: Path) -> None:
    path, sizes = tmp_path / "salt", set()

    def look(_: FrameType, event: str, __: object) -> None:
        if event == "c_return" and path.exists():
            sizes.add(path.stat().st_size)

    sys.setprofile(look)
    salt_at(path)
    sys.setprofile(None)
    assert sizes == {32}


def test_what_is_no_salt_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "salt"
    for held in (b"", b"x" * 31, b"x" * 33):
        path.write_bytes(held)
        with pytest.raises(AuditTamperedError, match="isn't a salt of 32 bytes"):
            salt_at(path)
    path.unlink()
    path.symlink_to("elsewhere")
    with pytest.raises(AuditError):
        salt_at(path)


def test_a_digest_without_a_salt_shows_nothing() -> None:
    with pytest.raises(KeyError):
        hiding("digest")
