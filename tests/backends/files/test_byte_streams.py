"""Byte streams: compressed, torn, guarded, and kept to be read again."""

import gzip
import io
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module

import pytest

from replay.errors import BackendError, DecodeError, LimitExceededError
from replay_backends.files.byte_streams import (
    Spool,
    decompressed,
    guarded,
    is_compressed,
    whole_lines,
)

zstd = import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
PACK = {"gzip": gzip.compress, "zstd": zstd.compress}
SOURCE = "it"
TEXT = b'{"session_id": "a", "events": []}\n' * 10_000


@pytest.mark.parametrize("name", PACK)
def test_what_is_packed_is_unpacked(name: str) -> None:
    packed = PACK[name](TEXT)
    assert is_compressed(io.BytesIO(packed))
    assert decompressed(io.BytesIO(packed)).read() == TEXT
    file = decompressed(io.BytesIO(packed + PACK[name](b"end")))
    assert file.readline(5) + file.readline() + file.read() == TEXT + b"end"


@pytest.mark.parametrize("data", [b"", b"[", b"\x1f", b"(\xb5/", TEXT])
def test_what_is_not_packed_is_given_back_as_it_is(data: bytes) -> None:
    file = io.BytesIO(data)
    assert not is_compressed(file)
    assert decompressed(file) is file
    assert file.read() == data


@pytest.mark.parametrize("name", PACK)
def test_data_that_are_cut_short_or_corrupt_are_refused(name: str) -> None:
    packed = PACK[name](TEXT)
    for size in {4, 5, len(packed) // 2, len(packed) - 1}:
        with pytest.raises(DecodeError) as caught:
            decompressed(io.BytesIO(packed[:size])).read()
        assert str(caught.value) == f"{name} data: cut short"
    corrupt = packed[:10] + b"\xff" * 20 + packed[30:]
    with pytest.raises(DecodeError, match=f"{name} data: corrupt: ."):
        decompressed(io.BytesIO(corrupt)).read()
    with pytest.raises(DecodeError, match="gzip data: corrupt"):
        decompressed(io.BytesIO(gzip.compress(TEXT) + b"more")).read()


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    file = decompressed(io.BytesIO(PACK[name](bytes(20 << 20))))
    read: list[int] = []
    with pytest.raises(LimitExceededError, match="more than 1000 times their size"):
        read.extend(map(len, iter(lambda: file.read(1 << 20), b"")))
    assert sum(read) < 20 << 20
    first = bytes(1 << 20)  # it may be packed as tightly as can be
    assert decompressed(io.BytesIO(PACK[name](first))).read() == first


@contextmanager
def errors() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise BackendError(SOURCE, str(error)) from error


def test_a_guarded_stream_is_read_from_anywhere() -> None:
    inner = io.BytesIO(b"0123456789")
    with guarded(inner, errors) as stream:
        assert (stream.read(3), stream.tell()) == (b"012", 3)
        assert (stream.seek(-2, io.SEEK_END), stream.read()) == (8, b"89")
        stream.seek(0)
        assert stream.read() == b"0123456789"
    assert inner.closed


def test_the_errors_of_a_guarded_stream_are_ours() -> None:
    inner = io.BytesIO(b"0123456789")
    stream = guarded(inner, errors)
    inner.close()
    for use in (stream.read, lambda: stream.seek(0)):
        with pytest.raises(BackendError, match="it: I/O operation on closed file"):
            use()


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"", b""),
        (b"a", b""),
        (b"a\n", b"a\n"),
        (b"a\nb", b"a\n"),
        (b"a\n\n", b"a\n\n"),
        (b"a\n" + b"b" * 200_000, b"a\n"),
        (b"x" * 65536 + b"\n" + b"b" * 65535, b"x" * 65536 + b"\n"),
        (b"x" * 200_000, b""),
    ],
)
def test_only_whole_lines_are_read(data: bytes, whole: bytes) -> None:
    inner = io.BytesIO(data)
    file, torn = whole_lines(inner)
    assert file.read() == whole
    assert torn == len(data) - len(whole)
    file.close()
    assert inner.closed


def test_lines_are_read_as_from_any_file() -> None:
    file, _ = whole_lines(io.BytesIO(b"ab\ncd\nef"))
    assert (file.readline(), file.tell()) == (b"ab\n", 3)
    assert (file.seek(-1, os.SEEK_CUR), file.read()) == (2, b"\ncd\n")
    assert (file.seek(0, os.SEEK_END), file.read()) == (6, b"")
    assert (file.seek(9), file.read()) == (9, b"")
    assert (file.seek(0), file.readlines()) == (0, [b"ab\n", b"cd\n"])


def test_readers_of_a_spool_do_not_move_each_other() -> None:
    data = b"ab" + bytes(100_000) + b"yz"
    with closing(Spool(io.BytesIO(data), "it")) as spool:
        one, other = spool.reader(), spool.reader()
        assert (one.read(2), other.read(1)) == (b"ab", b"a")
        assert (one.seek(100_000, io.SEEK_CUR), one.read()) == (100_002, b"yz")
        assert other.read() == data[1:]
        assert (one.seek(0), one.read(2)) == (0, b"ab")


def test_a_spool_that_is_closed_or_cannot_be_filled_names_its_source() -> None:
    spool = Spool(io.BytesIO(b"abc"), "it")
    reader = spool.reader()
    spool.close()
    spool.close()
    with pytest.raises(BackendError, match="it: it has been closed"):
        reader.read()
    stream = io.BytesIO()
    stream.close()
    with pytest.raises(BackendError, match=r"it: .*closed file"):
        Spool(stream, "it")
