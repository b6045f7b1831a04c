"""``replay audit prove`` and ``replay audit consistency``."""

import json
from pathlib import Path

from audit_command import audit
from forged_logs import SIGNER, Written, edited, rebuilt, replaced, written

PUBLIC = str(SIGNER.verifier())


def proof_of(log: Written, *arguments: object) -> Path:
    """Write a proof to a file, as somebody does who sends it to another."""
    file = log.folder / "proof.json"
    done = audit(*arguments, "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return file


def test_a_record_is_proved_without_the_log(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    record = log.files.parts()[0].read_bytes().splitlines()[2].decode()
    proof = proof_of(log, "prove", log.log, 2)
    for file in [log.log, *log.files.parts()]:
        file.unlink()
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    first, shown = done.stdout.splitlines()
    assert first.startswith("record 2 is among the ")
    assert shown == record


def test_a_proof_is_printed_where_no_file_is_named(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    proof = json.loads(audit("prove", log.log, 0).stdout)
    assert (proof["proves"], proof["seq"]) == ("inclusion", 0)


def test_a_proof_without_a_key_says_what_it_does_not_prove(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    proof = proof_of(log, "prove", log.log, 2)
    assert "is not checked: give --key\n" in audit("check-proof", proof).stdout
    kept = audit("check-proof", proof, "--checkpoint", log.kept)
    assert kept.returncode == 0
    assert "is not checked" not in kept.stdout


def test_a_proof_of_another_checkpoint_than_the_kept_one_is_refused(
    tmp_path: Path,
) -> None:
    log = written(tmp_path / "log")
    log.replay("ses-3")
    proof = proof_of(log, "prove", log.log, 2)
    done = audit("check-proof", proof, "--checkpoint", log.kept)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{log.kept} is another checkpoint\n")


def test_a_changed_proof_proves_nothing(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    proof = proof_of(log, "prove", log.log, 4)
    proof.write_text(proof.read_text().replace("4200.0", "9200.0"))
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the hashes do not lead to the checkpoint" in done.stderr


def test_a_proof_by_nobody_is_refused_where_a_key_is_given(tmp_path: Path) -> None:
    log = written(tmp_path / "log", signer=None)
    proof = proof_of(log, "prove", log.log, 4)
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert done.returncode == 1
    assert "the checkpoint is not signed by the key" in done.stderr


def test_what_is_no_proof_is_wrong_input(tmp_path: Path) -> None:
    file = tmp_path / "proof"
    file.write_text("{}")
    done = audit("check-proof", file)
    assert done.returncode == 2
    assert done.stderr.startswith(f"replay: error: {file}: $: no proof: ")


def test_a_record_past_the_last_checkpoint_has_no_proof(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    done = audit("prove", log.log, 21)
    assert done.returncode == 2
    assert "record 21: the last checkpoint is of 21 records" in done.stderr


def test_a_log_that_goes_on_is_shown_to(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.replay("ses-3")
    proof = proof_of(log, "consistency", log.log, log.kept)
    done = audit("check-proof", proof, "--key", PUBLIC)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the first 21 records begin the 33 of chat-replay/")


def test_a_log_that_was_rebuilt_is_not_shown_to_go_on(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    rebuilt(log, lambda records: [{**each, "actor": "bob"} for each in records], SIGNER)
    log.replay("ses-3")
    done = audit("consistency", log.log, log.kept)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr == f"replay: problem: {log.log}: does not go on from {log.kept}\n"
    )


def test_a_log_that_was_cut_does_not_go_on(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[:12])
    assert audit("consistency", log.log, log.kept).returncode == 1


def test_a_log_that_does_not_fit_its_checkpoints_proves_nothing(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 4, b"Acme", b"Evil")
    done = audit("consistency", log.log, log.kept)
    assert done.returncode == 2
    assert "the log does not fit this checkpoint" in done.stderr


def test_a_kept_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.kept.write_text("no note")
    done = audit("consistency", log.log, log.kept)
    assert done.returncode == 2
    assert f"{log.kept}: note: " in done.stderr
