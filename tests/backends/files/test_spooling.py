"""Streams that can be read only once, read several times."""

import io
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from replay.errors import BackendError
from replay_backends.files.byte_streams import Spool


def test_every_reader_begins_at_the_beginning() -> None:
    spool = Spool(io.BytesIO(b"abc" * 100_000), "it")
    assert [spool.reader().read() for _ in range(2)] == [b"abc" * 100_000] * 2
    spool.close()


def test_readers_do_not_move_each_other() -> None:
    spool = Spool(io.BytesIO(b"abcd"), "it")
    one, other = spool.reader(), spool.reader()
    assert [one.read(1), other.read(2), one.read(1), other.read()] == [
        *(b"a", b"ab", b"b", b"cd")
    ]
    spool.close()


def test_a_reader_can_go_to_another_place() -> None:
    spool = Spool(io.BytesIO(b"ab" + bytes(100_000) + b"yz"), "it")
    reader = spool.reader()
    assert (reader.read(2), reader.tell()) == (b"ab", 2)
    assert (reader.seek(100_000, io.SEEK_CUR), reader.read()) == (100_002, b"yz")
    assert (reader.seek(0), reader.read(2)) == (0, b"ab")
    spool.close()


def test_what_is_kept_is_for_its_owner_and_bears_no_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with closing(Spool(io.BytesIO(bytes(1 << 20)), "it")):
        (kept,) = [each for each in open_files() if each.st_size == 1 << 20]
        assert (kept.st_nlink, kept.st_mode & 0o777) == (0, 0o600)
        assert list(tmp_path.iterdir()) == []


def open_files() -> Iterator[os.stat_result]:
    for each in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the one that listed them is closed again
            yield os.fstat(int(each.name))


def test_a_closed_spool_is_an_error_that_names_the_source() -> None:
    spool = Spool(io.BytesIO(b"abc"), "it")
    reader = spool.reader()
    spool.close()
    spool.close()
    with pytest.raises(BackendError, match="it: it has been closed"):
        reader.read()


def test_a_stream_that_cannot_be_read_is_an_error_that_names_it() -> None:
    stream = io.BytesIO()
    stream.close()
    with pytest.raises(BackendError, match=r"it: .*closed file"):
        Spool(stream, "it")
