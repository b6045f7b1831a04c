"""The key that checkpoints are signed with."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from replay.errors import AuditError
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.plugin import signer_at


def test_a_key_of_its_own_form_says_its_name(tmp_path: Path) -> None:
    signer = Signer.generate("auditor.example")
    (tmp_path / "key").write_text(signer.private_text() + "\n")
    assert signer_at(tmp_path / "key") == signer


def test_a_key_in_pem_signs_for_chat_replay(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    assert signer_at(tmp_path / "key") == Signer("chat-replay", key.private_bytes_raw())


@pytest.mark.parametrize("text", [b"", b"nothing", b"\xff"])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "key").write_bytes(text)
    with pytest.raises(AuditError) as caught:
        signer_at(tmp_path / "key")
    assert str(caught.value).endswith(
        "key: it holds no private key (replay audit keygen makes a pair of keys)"
    )


def test_a_key_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="key: no such file or directory"):
        signer_at(tmp_path / "key")


@pytest.mark.parametrize(
    "text",
    [
        Signer.generate("auditor.example").private_text(),
        " -----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n",
    ],
    ids=["its-own-form", "pem"],
)
def test_a_key_in_place_of_its_file_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(AuditError, match="key: it is a private key itself") as caught:
        signer_at(Path(text))
    assert text.strip()[-9:] not in str(caught.value)
