"""Committed values removed."""

import os
import stat
from pathlib import Path

import pytest

from forged_logs import Written, written
from replay import AuditError, UnknownNameError
from replay_plugins.audit_log.verify.opening_checks import remove


@pytest.fixture
def log(tmp_path: Path) -> Written:
    return written(tmp_path / "log", "committed")


def test_a_mark_takes_the_values_place_and_nothing_else_is_changed(
    log: Written,
) -> None:
    before = log.files.openings.read_bytes().splitlines()
    remove(log.log, 6, "content")
    after = log.files.openings.read_bytes().splitlines()
    assert len(after) == len(before)
    (changed,) = [at for at, line in enumerate(before) if line != after[at]]
    assert after[changed].startswith(b'{"seq":6,"field":"content","removed":"20')


def test_openings_stay_private_and_no_draft_is_left(log: Written) -> None:
    remove(log.log, 6, "content")
    assert stat.S_IMODE(log.files.openings.stat().st_mode) == 0o600
    assert not [*log.folder.glob("*.tmp")]


def test_what_was_removed_cannot_be_removed_again(log: Written) -> None:
    remove(log.log, 6, "content")
    before = log.files.openings.read_bytes()
    with pytest.raises(UnknownNameError, match=r"removed before \(at 20"):
        remove(log.log, 6, "content")
    assert log.files.openings.read_bytes() == before
    assert not [*log.folder.glob("*.tmp")]


def test_a_log_without_openings_has_nothing_to_remove(tmp_path: Path) -> None:
    full = written(tmp_path / "full")
    with pytest.raises(FileNotFoundError, match="openings"):
        remove(full.log, 3, "content")
    assert not full.files.openings.exists()


def test_a_draft_that_a_crash_left_is_no_hindrance(log: Written) -> None:
    draft = log.files.openings.with_name(f"{log.files.openings.name}.tmp")
    draft.write_bytes(b"half a li")
    remove(log.log, 6, "content")
    assert not draft.exists()


def test_where_nothing_can_be_written_all_is_as_it_was(log: Written) -> None:
    before = log.files.openings.read_bytes()
    draft = log.files.openings.with_name(f"{log.files.openings.name}.tmp")
    os.mkdir(draft)  # noqa: PTH102 - so that no file of its name can be made
    with pytest.raises(AuditError):
        remove(log.log, 6, "content")
    assert log.files.openings.read_bytes() == before
