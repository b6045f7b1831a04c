"""Keys, and checkpoints kept elsewhere."""

from pathlib import Path

import pytest

from replay import DecodeError
from replay_plugins.audit_log.format.checkpoints import Checkpoint
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.format.notes import read_note, write_note
from replay_plugins.audit_log.verify.anchors import (
    read_anchor,
    read_verifier,
    signature_problem,
)

ANN, BOB = Signer.generate("ann"), Signer.generate("bob")
CHECKPOINT = Checkpoint("chat-replay/id", 3, bytes(32))


def test_a_checkpoint_is_read_with_its_signatures(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text(write_note(CHECKPOINT.text(), ANN), encoding="utf-8")
    anchor = read_anchor(path, is_kept=True)
    assert (anchor.where, anchor.checkpoint) == ("kept", CHECKPOINT)
    assert anchor.note.signed_by(ANN.verifier()) == "valid"


@pytest.mark.parametrize("text", ["", "no note", "no checkpoint\n\n"])
def test_a_file_that_holds_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept"
    path.write_text(text)
    with pytest.raises(DecodeError, match=str(path)):
        read_anchor(path, is_kept=True)


def test_a_key_is_given_as_it_is_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a+b+c"
    path.write_text(f"{ANN.verifier()}\n")
    assert read_verifier(str(path)) == read_verifier(str(ANN.verifier()))


@pytest.mark.parametrize(
    "text",
    [
        ANN.private_text(),
        ANN.private_text().removeprefix("PRIVATE+KEY+"),
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n",
    ],
    ids=["private", "private-without-its-mark", "pem"],
)
def test_a_private_key_in_place_of_a_public_one_is_not_shown(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read_verifier(text)
    assert text.strip()[-9:] not in str(caught.value)


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "a+b").write_text("nothing")
    with pytest.raises(DecodeError, match=r"a\+b: key: "):
        read_verifier(str(tmp_path / "a+b"))


def test_a_file_that_is_not_there_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_verifier(str(tmp_path / "missing"))


def test_one_of_the_keys_must_have_signed() -> None:
    note = read_note(write_note(CHECKPOINT.text(), ANN))
    ann, bob = ANN.verifier(), BOB.verifier()
    assert signature_problem(note, []) is None
    assert signature_problem(note, [ann]) is None
    assert signature_problem(note, [bob, ann]) is None
    assert signature_problem(note, [bob]) == "the checkpoint is not signed by the key"


def test_a_false_signature_is_a_problem_beside_a_true_one() -> None:
    by_ann = write_note(CHECKPOINT.text(), ANN)
    of_another = write_note(f"{CHECKPOINT.text()}more\n", BOB)
    both = read_note(by_ann + of_another.splitlines(keepends=True)[-1])
    told = signature_problem(both, [ANN.verifier(), BOB.verifier()])
    assert told == "a signature in the key's name is not the key's"
