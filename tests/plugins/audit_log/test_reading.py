"""A log read back."""

import os
from pathlib import Path

import pytest

from replay import DecodeError
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.reading import lines_of, parts_of, read_text, records_of


def test_files_are_read_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    for suffix in ("", ".000002", ".000001", ".000010", ".checkpoint"):
        (tmp_path / f"log{suffix}").write_text(f"{suffix}\n")
    records = [*records_of(LogFiles(tmp_path / "log"))]
    assert records == [b".000001", b".000002", b".000010", b""]


def test_a_log_may_have_older_files_only(tmp_path: Path) -> None:
    (tmp_path / "log.000001").touch()
    assert parts_of(LogFiles(tmp_path / "log")) == [tmp_path / "log.000001"]


@pytest.mark.parametrize("path", ["log", "no/such/log"])
def test_a_log_that_is_not_there_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        parts_of(LogFiles(tmp_path / path))


def test_lines_keep_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\r\n\ntwo\x00\xff\nthree")
    assert [*lines_of(path)] == [b"one\r\n", b"\n", b"two\x00\xff\n", b"three"]


def test_a_line_that_is_not_ended_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo")
    assert [*records_of(LogFiles(path))] == [b"one"]


def test_a_line_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"12345678\n123456789\n")
    found = lines_of(path, longest=9)
    assert next(found) == b"12345678\n"
    with pytest.raises(DecodeError, match="a line of more than 9 bytes"):
        next(found)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(DecodeError, match="no regular file"):
        next(lines_of(tmp_path / "log"))


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"one\n")
    (tmp_path / "link").symlink_to("log")
    assert [*records_of(LogFiles(tmp_path / "link"))] == [b"one"]


def test_what_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(b"\xff")
    with pytest.raises(DecodeError, match="not UTF-8 text"):
        read_text(tmp_path / "note")
