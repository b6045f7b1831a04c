"""``replay audit remove``."""

from pathlib import Path

from audit_command import audit
from audit_logs import opened
from forged_logs import SIGNER, written


def test_a_removed_value_is_gone_and_the_log_is_verified_still(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    assert b"Pay the invoice." in log.files.openings.read_bytes()
    for seq in (3, 13):
        done = audit("remove", log.log, seq, "content")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert b"Pay the invoice." not in log.files.openings.read_bytes()
    anchors = ("--key", SIGNER.verifier(), "--checkpoint", log.kept)
    assert audit("verify", log.log, *anchors).returncode == 0


def test_the_log_goes_on_after_a_removal(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    audit("remove", log.log, 3, "content")
    log.replay("ses-3")
    assert "that fit: 11; removed: 1\n" in audit("verify", log.log).stdout


def test_what_was_never_there_cannot_be_removed(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    done = audit("remove", log.log, 2, "content")
    assert done.returncode == 2
    assert "record 2 has no opening of 'content'" in done.stderr


def test_while_the_log_is_written_nothing_is_removed(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    writer = opened(log.log)
    done = audit("remove", log.log, 3, "content")
    writer.close()
    assert done.returncode == 2
    assert "another writer has it open" in done.stderr
