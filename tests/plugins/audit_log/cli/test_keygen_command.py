"""``replay audit keygen``."""

import stat
from pathlib import Path

from audit_command import audit
from forged_logs import written
from replay_plugins.audit_log.format.keys import Signer


def test_a_pair_of_keys_is_made(tmp_path: Path) -> None:
    file = tmp_path / "key"
    done = audit("keygen", "--name", "example.com/log", file)
    assert (done.returncode, done.stderr) == (0, "")
    signer = Signer.from_text(file.read_text())
    assert done.stdout == f"{signer.verifier()}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_it_signs_is_verified_by_what_it_printed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    public = audit("keygen", "--name", "me", file).stdout.strip()
    log = written(tmp_path / "log", signer=Signer.from_text(file.read_text()))
    assert audit("verify", log.log, "--key", public).returncode == 0


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("mine")
    done = audit("keygen", "--name", "me", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "file exists" in done.stderr
    assert file.read_text() == "mine"


def test_a_name_with_blanks_is_refused(tmp_path: Path) -> None:
    done = audit("keygen", "--name", "two words", tmp_path / "key")
    assert done.returncode == 2
    assert "white space and + cannot stand in it" in done.stderr
    assert not (tmp_path / "key").exists()
