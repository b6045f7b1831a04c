"""Keys, and checkpoints kept elsewhere."""

from pathlib import Path

import pytest

from forged_logs import signed_note
from replay import DecodeError
from replay_plugins.audit_log.format.checkpoints import Checkpoint, read_note
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.verify.verifier import read_anchor, signature_problem

ANN, BOB = Signer.generate("ann"), Signer.generate("bob")
CHECKPOINT = Checkpoint("chat-replay/id", 3, bytes(32))


def test_a_checkpoint_is_read_with_its_signatures(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text(signed_note(CHECKPOINT.text(), ANN), encoding="utf-8")
    anchor = read_anchor(path, is_kept=True)
    assert (anchor.where, anchor.checkpoint) == ("kept", CHECKPOINT)
    assert ANN.verifier().check(anchor.note) == "valid"


@pytest.mark.parametrize("text", ["", "no note", "no checkpoint\n\n"])
def test_a_file_that_holds_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept"
    path.write_text(text)
    with pytest.raises(DecodeError, match=str(path)):
        read_anchor(path, is_kept=True)


def test_one_of_the_keys_must_have_signed() -> None:
    note = read_note(signed_note(CHECKPOINT.text(), ANN))
    ann, bob = ANN.verifier(), BOB.verifier()
    assert signature_problem(note, []) is None
    assert signature_problem(note, [ann]) is None
    assert signature_problem(note, [bob, ann]) is None
    assert signature_problem(note, [bob]) == "the checkpoint is not signed by the key"


def test_a_false_signature_is_a_problem_beside_a_true_one() -> None:
    by_ann = signed_note(CHECKPOINT.text(), ANN)
    of_another = signed_note(f"{CHECKPOINT.text()}more\n", BOB)
    both = read_note(by_ann + of_another.splitlines(keepends=True)[-1])
    told = signature_problem(both, [ANN.verifier(), BOB.verifier()])
    assert told == "a signature in the key's name is not the key's"
