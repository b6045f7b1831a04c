"""Signed notes, held to what Go's own package publishes and tests."""

import pytest

from replay import DecodeError
from replay_plugins.audit_log.format.checkpoints import (
    Note,
    decode_base64,
    is_name,
    read_note,
    write_note,
)
from replay_plugins.audit_log.format.keys import Signer, Verifier

#: Key, text and signatures stand in the documentation of golang.org/x/mod/sumdb/note.
PETERS = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
PETER = Verifier.from_text(
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
)
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
    signer = Signer.from_text(PETERS)
    assert write_note(TEXT, [signer.sign(TEXT)]) == f"{TEXT}\n{BY_PETER}"


def test_a_note_by_two_is_by_both() -> None:
    note = read_note(f"{TEXT}\n{BY_PETER}{BY_ENOCH}")
    assert note.text == TEXT
    assert PETER.check(note) == ENOCH.check(note) == "valid"


def test_a_note_by_another_is_not_by_a_key() -> None:
    assert PETER.check(read_note(f"{TEXT}\n{BY_ENOCH}")) == "absent"


def test_a_note_by_nobody_is_by_nobody() -> None:
    note = write_note(TEXT)
    assert note == f"{TEXT}\n"
    assert read_note(note) == Note(TEXT)


def test_a_changed_text_or_signature_is_not_by_its_key() -> None:
    text = TEXT.replace("know", "Know")
    longer = BY_PETER[:60] + "ABCD" + BY_PETER[60:]
    assert PETER.check(read_note(f"{text}\n{BY_PETER}")) == "invalid"
    assert PETER.check(read_note(f"{TEXT}\n{longer}")) == "invalid"


def test_a_name_taken_by_another_key_is_not_that_key() -> None:
    borrowed = BY_ENOCH.replace("EnochRoot", "PeterNeumann")
    assert PETER.check(read_note(f"{TEXT}\n{borrowed}")) == "absent"


def test_a_note_may_have_100_signatures() -> None:
    note = read_note(f"{TEXT}\n{BY_ENOCH * 99}{BY_PETER}")
    assert PETER.check(note) == "valid"


def test_a_text_may_hold_blank_lines() -> None:
    signer = Signer.from_text(PETERS)
    text = "one\n\ntwo\n\n"
    note = read_note(write_note(text, [signer.sign(text)]))
    assert note.text == text
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


def test_a_name_may_be_an_address_in_any_script() -> None:
    assert is_name("beispiel.example/prüfer")


@pytest.mark.parametrize("text", ["AB==", "AA=", "A\nA==", "AA==AA==", "é"])
def test_only_the_one_text_of_bytes_is_base64(text: str) -> None:
    assert decode_base64("AA==") == b"\0"
    assert decode_base64(text) == b""
