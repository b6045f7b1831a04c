"""Reading of logs."""

import json
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import pytest

from audit_logs import opened
from forged_logs import written
from replay import AuditTamperedError, DecodeError
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.log_reader import (
    files_and_lines,
    lines_of,
    read_text,
    records_of,
)
from replay_plugins.audit_log.verify.verifier import verify


def test_files_are_read_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    for suffix in ("", ".000002", ".000001", ".000010", ".checkpoint"):
        (tmp_path / f"log{suffix}").write_text(f"{suffix}\n")
    records = [*records_of(LogFiles(tmp_path / "log"))]
    assert records == [b".000001", b".000002", b".000010", b""]
    (tmp_path / "log").unlink()
    assert [name for name, _ in files_and_lines(LogFiles(tmp_path / "log"))] == [
        *("log.000001", "log.000002", "log.000010")
    ]


@pytest.mark.parametrize("path", ["log", "no/such/log"])
def test_a_log_that_is_not_there_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        next(files_and_lines(LogFiles(tmp_path / path)))


def test_a_log_is_read_as_it_was_when_reading_began(tmp_path: Path) -> None:
    old, new = tmp_path / "log.000001", tmp_path / "log"
    old.write_bytes(b"one\n")
    new.write_bytes(b"two\n")
    records = records_of(LogFiles(new))
    assert next(records) == b"one"
    with new.open("ab") as file:
        file.write(b"three\n")
    new.rename(tmp_path / "log.000002")
    new.write_bytes(b"four\n")
    assert [*records] == [b"two"]


@attrs.frozen
class RotatedMeanwhile(LogFiles):
    """A log that is rotated once, right after its older files are listed."""

    rotate: Callable[[], object]
    todo: list[int] = attrs.field(factory=lambda: [1])

    def parts(self) -> list[Path]:
        parts = super().parts()
        if self.todo:
            self.todo.pop()
            self.rotate()
        return parts


def test_a_log_that_is_rotated_when_reading_begins_is_read_whole(
    tmp_path: Path,
) -> None:
    path, part, next_part = (tmp_path / f"log{n}" for n in ("", ".000001", ".000002"))

    def rotate() -> None:
        path.rename(part)
        path.write_bytes(b"two\n")

    path.write_bytes(b"one\n")
    assert [*records_of(RotatedMeanwhile(path, rotate))] == [b"one", b"two"]
    between = RotatedMeanwhile(path, lambda: path.rename(next_part))
    assert [*records_of(between)] == [b"one", b"two"]
    files = RotatedMeanwhile(path, lambda: next_part.write_bytes(b"two, again\n"))
    assert [*records_of(files)] == [b"one", b"two, again"]


def test_a_log_that_is_rotated_all_the_time_is_read_whole(tmp_path: Path) -> None:
    path, stop = tmp_path / "log", threading.Event()
    writer = opened(path, sync=10_000, max_bytes=1)

    def write() -> None:
        while not stop.is_set():
            writer.append("diagnostic", {})

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            lines = [*records_of(LogFiles(path))]
            numbers = [json.loads(line)["seq"] for line in lines]
            assert numbers == [*range(len(numbers))]
    finally:
        stop.set()
        thread.join()
        writer.close()


def test_lines_keep_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\r\n\ntwo\x00\xff\nthree")
    assert [*lines_of(path)] == [b"one\r\n", b"\n", b"two\x00\xff\n", b"three"]


def test_a_line_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"12345678\n123456789\n")
    found = lines_of(path, longest=9)
    assert next(found) == b"12345678\n"
    with pytest.raises(DecodeError, match="a line of more than 9 bytes"):
        next(found)


def sparse(path: Path) -> Path:
    """Add a hole of 1 GiB to a file."""
    os.truncate(path, path.stat().st_size + (1 << 30))
    return path


@contextmanager
def flat_memory() -> Iterator[None]:
    """Check that the block needs less than 20 MB."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_long_line_with_a_hole_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "log"
    long, hole = b"x" * (3 << 20), bytes(1 << 20)
    path.write_bytes(b"a\n" + hole + long + hole + b"rest\n" + long + b"\nend")
    assert [*lines_of(path)] == [b"a\n", b"\0rest\n", long + b"\n", b"end"]
    with pytest.raises(DecodeError, match="a line of more than 2097152 bytes"):
        [*lines_of(path, longest=2 << 20)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["current", "openings", "checkpoint"])
def test_a_hole_at_the_end_of_a_file_needs_no_memory(tmp_path: Path, name: str) -> None:
    log = written(tmp_path / "log", "committed")
    sparse(getattr(log.files, name))
    with flat_memory():
        assert verify(log.log).is_good == (name == "openings")
        with suppress(AuditTamperedError):
            log.replay("ses-3")
    assert verify(log.log).is_good == (name != "checkpoint")


def test_a_text_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_bytes(b"x" * 9)
    assert read_text(path, largest=9) == "x" * 9
    with pytest.raises(DecodeError, match="more than 8 bytes"):
        read_text(path, largest=8)
    reader, writer = os.pipe()
    os.write(writer, b"x" * 9)
    os.close(writer)
    with pytest.raises(DecodeError, match="more than 8 bytes"):
        read_text(Path(f"/dev/fd/{reader}"), largest=8)
    os.close(reader)


def test_a_link_is_followed_and_a_pipe_refused_and_not_waited_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "log").write_bytes(b"one\ntorn")
    (tmp_path / "link").symlink_to("log")
    assert [*records_of(LogFiles(tmp_path / "link"))] == [b"one"]
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DecodeError, match="not a regular file"):
        next(lines_of(tmp_path / "pipe"))
    (tmp_path / "note").write_bytes(b"\xff")
    with pytest.raises(DecodeError, match="not UTF-8 text"):
        read_text(tmp_path / "note")
