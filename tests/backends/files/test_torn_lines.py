"""Files whose last line may be torn."""

import io
import os

import pytest

from replay_backends.files.byte_streams import whole_lines


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
    file, torn = whole_lines(io.BytesIO(data))
    assert file.read() == whole
    assert torn == len(data) - len(whole)


def test_lines_are_read_as_from_any_file() -> None:
    file, _ = whole_lines(io.BytesIO(b"ab\ncd\nef"))
    assert file.readline() == b"ab\n"
    assert file.tell() == 3
    assert file.seek(-1, os.SEEK_CUR) == 2
    assert file.read() == b"\ncd\n"
    assert file.seek(0, os.SEEK_END) == 6
    assert file.read() == b""
    assert file.seek(9) == 9
    assert file.read() == b""
    assert file.seek(0) == 0
    assert file.readlines() == [b"ab\n", b"cd\n"]
