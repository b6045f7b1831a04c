"""What a plugin says at the end: printed, or written to a file that its user names."""

import io
import os
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from replay_plugins.report_output import tell


def test_it_is_printed_where_no_file_is_named() -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        tell((f"{number}\n" for number in range(2500)), None)
    assert [*map(int, printed.getvalue().split())] == [*range(2500)]


def test_what_standard_output_cannot_show_is_escaped() -> None:
    written = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(written, encoding="ascii")) as stdout:
        tell(["Köln"], None)
    stdout.flush()
    assert written.getvalue() == rb"K\xf6ln"


def test_a_closed_standard_output_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    tell(["a"], None)


def test_a_file_is_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    def broken_off() -> Iterator[str]:
        yield "new"
        raise InterruptedError

    (tmp_path / "a").write_text("old")
    with pytest.raises(InterruptedError):
        tell(broken_off(), tmp_path / "a")
    assert (tmp_path / "a").read_text() == "old"


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    tell(["1"], tmp_path / "link")
    tell(["2"], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text() == "2"


def test_a_pipe_gets_it_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    tell(["said"], pipe)
    assert os.read(reader, 10) == b"said"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        tell(["a"], tmp_path)


def test_all_of_it_is_never_in_memory(tmp_path: Path) -> None:
    def peak(pieces: int) -> int:
        tracemalloc.start()
        try:
            tell(("x" * 100 for _ in range(pieces)), tmp_path / "a")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(20_000) < peak(2000) + 500_000
