"""``replay audit verify``."""

import json
from pathlib import Path

import pytest

from audit_command import audit
from forged_logs import NAME, SIGNER, edited, replaced, written
from replay_plugins.audit_log.verify.opening_checks import remove

PUBLIC = str(SIGNER.verifier())


def test_an_honest_log_is_answered_for_and_exits_with_0(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    done = audit("verify", log.log, "--key", PUBLIC, "--checkpoint", log.kept)
    assert (done.returncode, done.stderr) == (0, "")
    first, unaltered, complete, anchored = done.stdout.splitlines()
    assert first.endswith(": 22 records in 1 file")
    assert unaltered == (
        "unaltered: yes, every record fits the one before it; checkpoints that fit: 3"
    )
    assert complete == "complete: yes, both ends are there"
    assert anchored == (
        f"anchored: signed by {SIGNER.name}: records 0 to 20; "
        "held by a kept checkpoint: records 0 to 20; since the last checkpoint: 0"
    )


def test_a_log_alone_is_not_anchored(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    done = audit("verify", log.log)
    assert done.returncode == 0
    first, _, complete, anchored = done.stdout.splitlines()
    assert first.endswith(f" in {len(log.files.parts()) + 1} files")
    assert complete == (
        "complete: the beginning is there; "
        "the end: not known, no kept checkpoint was given"
    )
    assert "internally consistent, head not anchored" in anchored


def test_a_log_alone_fails_where_an_anchor_is_required(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    done = audit("verify", log.log, "--require-anchor", "--key", PUBLIC)
    assert done.returncode == 1
    assert f"  {NAME}: no checkpoint kept elsewhere reaches the end\n" in done.stdout
    anchored = audit("verify", log.log, "--require-anchor", "--checkpoint", log.kept)
    assert anchored.returncode == 0


def test_an_old_checkpoint_says_up_to_where_the_end_is_known(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    log.replay("ses-3")
    done = audit("verify", log.log, "--checkpoint", log.kept)
    assert "the end: known only up to record 20\n" in done.stdout


def test_problems_are_listed_below_their_answer_and_exit_with_1(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 4, b"Acme", b"Evil")
    done = audit("verify", log.log)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1:4] == [
        "unaltered: NO, problems: 2",
        f"  {NAME}:6: record 5: the record before it is not the one that it follows",
        f"  {NAME}.checkpoint: the first 21 records are not those that it is of",
    ]


def test_many_problems_are_counted(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"{}\n" * 103)
    done = audit("verify", tmp_path / NAME)
    assert "unaltered: NO, problems: 103\n" in done.stdout
    assert "  … and 3 more\n" in done.stdout
    assert done.stdout.startswith("log ?: 103 records")


def test_removed_fields_are_listed(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    remove(log.log, 3, "content")
    done = audit("verify", log.log)
    assert done.returncode == 0
    openings, removed = done.stdout.splitlines()[-2:]
    assert openings == "openings: that fit: 7; removed: 1"
    assert removed.startswith("  record 3: content was removed at 20")


def test_openings_that_are_not_there_are_said_so(tmp_path: Path) -> None:
    log = written(tmp_path / "log", "committed")
    log.files.openings.unlink()
    done = audit("verify", log.log)
    assert done.stdout.endswith("openings: their file is not there; fields: 8\n")


def test_crashes_and_clocks_are_told(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    with log.log.open("ab") as file:
        file.write(b"torn")
    log.replay("ses-3")
    done = audit("verify", log.log)
    assert done.returncode == 0
    assert "torn ends that were kept aside: 1\n" in done.stdout


def test_for_programs_the_answers_are_json(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: lines[:6])
    done = audit("verify", log.log, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["good"], found["records"], found["files"]) == (False, 6, 1)
    assert found["unaltered"]["good"] is True
    assert found["complete"]["problems"] == [
        {
            "where": f"{NAME}.checkpoint",
            "seq": None,
            "reason": "it is of 21 records, and 6 are here",
        }
    ]


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    public = tmp_path / "public"
    public.write_text(f"{PUBLIC}\n")
    assert audit("verify", log.log, "--key", public).returncode == 0


def test_a_wrong_key_is_wrong_usage(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    done = audit("verify", log.log, "--key", "a+b+c")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("replay: error: key: no Ed25519 key")


@pytest.mark.parametrize("path", [".", "/", ""])
def test_what_names_no_file_exits_with_2(path: str) -> None:
    done = audit("verify", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is a directory" in done.stderr


def test_what_is_not_there_exits_with_2(tmp_path: Path) -> None:
    done = audit("verify", tmp_path / NAME)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == f"replay: error: {tmp_path / NAME}: no such file or directory\n"
    )


def test_what_a_log_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 0, b'"log":"', b'"log":"\\u001b[31m')
    assert "\x1b" not in audit("verify", log.log).stdout
