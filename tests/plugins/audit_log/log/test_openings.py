"""The file of openings."""

from pathlib import Path

import pytest

from file_room import room_for
from replay.errors import AuditFullError, AuditTamperedError
from replay_plugins.audit_log.log.content import Opening
from replay_plugins.audit_log.log.openings import Openings

ONE = Opening("content", "0a", "one")
LINES = b"".join(ONE.line(seq) for seq in (1, 2, 2, 5))


@pytest.mark.parametrize(
    ("size", "kept"), [(0, 0), (1, 0), (2, 1), (3, 3), (5, 3), (6, 4)]
)
def test_openings_of_records_that_never_were_are_removed(
    tmp_path: Path, size: int, kept: int
) -> None:
    (tmp_path / "a").write_bytes(LINES)
    Openings(tmp_path / "a", size)
    assert (tmp_path / "a").read_bytes() == b"".join(
        LINES.splitlines(keepends=True)[:kept]
    )


@pytest.mark.parametrize("torn", [b'{"seq":6,"fie', b"\0\0\0", b"\0\n"])
def test_a_torn_end_is_removed(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "a").write_bytes(LINES + torn)
    Openings(tmp_path / "a", 9)
    assert (tmp_path / "a").read_bytes() == LINES


@pytest.mark.parametrize("damaged", [b"\0\0\n", ONE.line(9), b'\0{"seq":1}\n'])
def test_what_is_damaged_takes_no_later_opening_with_it(
    tmp_path: Path, damaged: bytes
) -> None:
    (tmp_path / "a").write_bytes(damaged + LINES + damaged)
    Openings(tmp_path / "a", 9)
    assert (tmp_path / "a").read_bytes() == damaged + LINES


def test_the_mark_of_a_removed_opening_stays(tmp_path: Path) -> None:
    mark = b'{"seq":1,"field":"content","removed":"2026-11-26T01:20:00Z"}\n'
    (tmp_path / "a").write_bytes(mark)
    Openings(tmp_path / "a", 2)
    assert (tmp_path / "a").read_bytes() == mark


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"3\n", b"{}\n", b'{"seq":"1"}\n'])
def test_what_is_no_opening_is_refused(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "a").write_bytes(line + LINES)
    with pytest.raises(AuditTamperedError, match="no opening"):
        Openings(tmp_path / "a", 9)
    assert (tmp_path / "a").read_bytes() == line + LINES


def test_all_openings_of_a_record_are_written_or_none(tmp_path: Path) -> None:
    openings = Openings(tmp_path / "a", 0)
    openings.append([ONE], 1)
    with room_for(2 * len(ONE.line(2))), pytest.raises(AuditFullError):
        openings.append([ONE, ONE], 2)
    assert (tmp_path / "a").read_bytes() == ONE.line(1)


def test_what_was_appended_can_be_taken_back(tmp_path: Path) -> None:
    openings = Openings(tmp_path / "a", 0)
    openings.append([ONE], 1)
    before = openings.size
    openings.append([ONE, ONE], 2)
    openings.cut(before)
    openings.append([], 2)
    assert (tmp_path / "a").read_bytes() == ONE.line(1)
    openings.sync()
    openings.close()
