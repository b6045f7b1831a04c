"""The keys of signed notes, held to what Go's own package publishes and tests."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from replay import DecodeError
from replay.errors import AuditError
from replay_plugins.audit_log.format.keys import Signer, Verifier
from replay_plugins.audit_log.plugin import signer_at

#: Both stand in the documentation of golang.org/x/mod/sumdb/note.
PRIVATE = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def pem(key: Ed25519PrivateKey, encryption: KeySerializationEncryption) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def test_keys_are_written_as_go_writes_them() -> None:
    signer = Signer.from_text(f"{PRIVATE}\n")
    assert signer.private_text() == PRIVATE
    assert str(signer.verifier()) == PUBLIC
    assert str(Verifier.from_text(f"{PUBLIC}\n")) == PUBLIC


def test_a_key_is_not_shown_with_its_secret() -> None:
    signer = Signer.from_text(PRIVATE)
    assert repr(signer) == "Signer(name='PeterNeumann')"


@pytest.mark.parametrize(("text", "kind"), [(PUBLIC, Verifier), (PRIVATE, Signer)])
def test_every_cut_and_every_changed_character_of_a_key_is_refused(
    text: str, kind: type[Verifier | Signer]
) -> None:
    places = range(len(text))
    mangled = {text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :] for at in places}
    mangled |= {text[at:end] for at in places for end in places} | {text[1:]}
    for each in mangled:
        with pytest.raises(DecodeError, match=r"^key: "):
            kind.from_text(each)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_key_of_another_length_or_kind_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="no Ed25519 key in base64"):
        Verifier.from_text(text)


def test_a_pem_key_or_a_name_that_cannot_sign_is_refused() -> None:
    key, secret = Ed25519PrivateKey.generate(), BestAvailableEncryption(b"secret")
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for text, name, told in (
        (pem(key, NoEncryption()), None, "no name"),
        (pem(key, secret), "log", "cannot be read without a password"),
        (other.decode(), "log", "not an Ed25519 key"),
    ):
        with pytest.raises(DecodeError, match=told):
            Signer.from_text(text, name)
    with pytest.raises(DecodeError, match=r"white space and \+ cannot stand in it"):
        Signer.generate("two words")


def test_without_the_extra_the_error_names_it_and_notes_are_read_still() -> None:
    code = """
import sys
sys.modules["cryptography.exceptions"] = None  # as if it were not installed
from replay import UnsupportedError
from replay_plugins.audit_log.format import checkpoints
print(checkpoints.read_note("text\\n\\n").text)
try:
    import replay_plugins.audit_log.format.keys
except UnsupportedError as error:
    print(error)
"""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "text\n\n"
        "signatures: cryptography is needed, and cannot be imported "
        '(pip install "chat-replay[audit]")\n'
    )


def test_a_key_of_its_own_form_says_its_name_and_one_in_pem_is_ours(
    tmp_path: Path,
) -> None:
    path, signer = tmp_path / "key", Signer.generate("auditor.example")
    path.write_text(signer.private_text() + "\n")
    assert signer_at(path) == signer
    key = Ed25519PrivateKey.generate()
    path.write_text(pem(key, NoEncryption()))
    assert signer_at(path) == Signer("chat-replay", key.private_bytes_raw())


def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    path, hint = tmp_path / "key", "(replay audit keygen makes a pair of keys)"
    with pytest.raises(AuditError, match="key: no such file or directory"):
        signer_at(path)
    for text in (b"", b"nothing", b"\xff"):
        path.write_bytes(text)
        with pytest.raises(AuditError) as caught:
            signer_at(path)
        assert str(caught.value) == f"{path}: it holds no private key {hint}"


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
