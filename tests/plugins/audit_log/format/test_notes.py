"""Signed notes: checkpoints in C2SP's tlog-checkpoint format, and their keys."""

import subprocess
import sys
from base64 import b64decode
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
from hypothesis import given
from hypothesis import strategies as st

from replay import AuditError, DecodeError
from replay_plugins.audit_log.format.checkpoints import (
    Checkpoint,
    Note,
    decode_base64,
    is_name,
    read_note,
    write_note,
)
from replay_plugins.audit_log.format.keys import Signer, Verifier
from replay_plugins.audit_log.plugin import signer_at

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

#: The specification's example.
EXAMPLE = f"""\
example.com/behind-the-sofa
20852163
{ROOT}

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4\
URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_the_specifications_example_is_read() -> None:
    note = read_note(EXAMPLE)
    assert Checkpoint.from_text(note.text) == Checkpoint(
        "example.com/behind-the-sofa", 20852163, b64decode(ROOT)
    )
    assert [each.name for each in note.signatures] == ["example.com/behind-the-sofa"]


def test_the_time_stands_in_an_extension_line_and_others_are_passed_over() -> None:
    checkpoint = Checkpoint("log", 0, bytes(32), "2026-11-26T01:20:00.000000Z")
    root = "A" * 43
    assert checkpoint.text() == f"log\n0\n{root}=\ntime 2026-11-26T01:20:00.000000Z\n"
    text = f"log\n1\n{ROOT}\nweather fine\ntime noon\ntime night\n"
    assert Checkpoint.from_text(text).time == "noon"


@given(
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
    st.sampled_from([None, "2026-11-26T01:20:00.123456Z"]),
)
def test_what_is_written_is_read(size: int, root: bytes, time: str | None) -> None:
    checkpoint = Checkpoint("chat-replay/log", size, root, time)
    assert Checkpoint.from_text(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n1\n",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT}",
        f"log\n1\n{ROOT}\n\nmore\n",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n1_0\n{ROOT}\n",
        f"log\n\u0661\n{ROOT}\n",
        f"log\n{'9' * 19}\n{ROOT}\n",
        f"log\n1\n{ROOT[:-1]}\n",
        "log\n1\nAAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match=r"^checkpoint: "):
        Checkpoint.from_text(text)


#: Key, text and signatures from the documentation of golang.org/x/mod/sumdb/note.
PRIVATE = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER = Verifier.from_text(PUBLIC)
ENOCH = Verifier.from_text(
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
)
TEXT = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.
"""
BY_PETER = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFY"
    "C2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGr"
    "Q5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)


def test_a_note_is_signed_byte_for_byte_as_go_signs_it() -> None:
    text = "one\n\ntwo\n\n"  # which may hold blank lines
    signer = Signer.from_text(PRIVATE)
    assert write_note(TEXT, [signer.sign(TEXT)]) == f"{TEXT}\n{BY_PETER}"
    note = read_note(write_note(text, [signer.sign(text)]))
    assert (note.text, PETER.check(note)) == (text, "valid")


def test_a_note_by_two_is_by_both_and_one_by_another_is_not() -> None:
    note = read_note(f"{TEXT}\n{BY_PETER}{BY_ENOCH}")
    assert note.text == TEXT
    assert PETER.check(note) == ENOCH.check(note) == "valid"
    for other in (BY_ENOCH, BY_ENOCH.replace("EnochRoot", "PeterNeumann")):
        assert PETER.check(read_note(f"{TEXT}\n{other}")) == "absent"


def test_a_note_by_nobody_is_by_nobody() -> None:
    note = write_note(TEXT)
    assert note == f"{TEXT}\n"
    assert read_note(note) == Note(TEXT)


def test_a_changed_text_or_signature_is_not_by_its_key() -> None:
    text = TEXT.replace("know", "Know")
    longer = BY_PETER[:60] + "ABCD" + BY_PETER[60:]
    assert PETER.check(read_note(f"{text}\n{BY_PETER}")) == "invalid"
    assert PETER.check(read_note(f"{TEXT}\n{longer}")) == "invalid"


def test_a_note_may_have_100_signatures() -> None:
    note = read_note(f"{TEXT}\n{BY_ENOCH * 99}{BY_PETER}")
    assert PETER.check(note) == "valid"


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n{BY_PETER[:-1]}",
        f"\1{TEXT}\n{BY_PETER}",
        f"{TEXT}\ud83d\n\n{BY_PETER}",
        f"{TEXT}\r\n\n{BY_PETER}",
        f"{TEXT}\n{BY_PETER.replace('Peter', 'Peter ')}",
        f"{TEXT}\n{BY_PETER.replace('PeterNeumann ', 'Peter+Neumann ')}",
        f"{TEXT}\n{BY_PETER}Unexpected line.\n",
        f"{TEXT}\n{BY_PETER.replace('AM=', 'AN=')}",
        f"{TEXT}\n- PeterNeumann {BY_PETER[15:]}",
        f"{TEXT}\n\u2014 PeterNeumann x08gow==\n",
        f"{TEXT}\n{BY_PETER * 101}",
    ],
)
def test_what_go_calls_malformed_is_refused(note: str) -> None:
    with pytest.raises(DecodeError, match=r"^note: "):
        read_note(note)


@pytest.mark.parametrize("text", ["", "no end", "a tab\t\n", "half \ud83d\n"])
def test_what_cannot_be_a_notes_text_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match="no text of a note"):
        write_note(text)


@pytest.mark.parametrize(
    "name", ["", "a b", "a\u2003b", "a+b", "a\n", "\ud83d", "a\x1b"]
)
def test_what_go_calls_no_name_is_none(name: str) -> None:
    assert not is_name(name)
    assert is_name("beispiel.example/prüfer")


@pytest.mark.parametrize("text", ["AB==", "AA=", "A\nA==", "AA==AA==", "é"])
def test_only_the_one_text_of_bytes_is_base64(text: str) -> None:
    assert decode_base64("AA==") == b"\0"
    assert decode_base64(text) == b""


# Keys, held to what Go's own package publishes and tests


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
