"""Packed files, whole, broken and hostile."""

import gzip
import io
import sys
from importlib import import_module

import pytest

from replay.errors import DecodeError, LimitExceededError
from replay_backends.files.byte_streams import decompressed, is_compressed

zstd = import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
PACK = {"gzip": gzip.compress, "zstd": zstd.compress}
TEXT = b'{"session_id": "a", "events": []}\n' * 10_000


@pytest.mark.parametrize("name", PACK)
def test_what_is_packed_is_unpacked(name: str) -> None:
    assert decompressed(io.BytesIO(PACK[name](TEXT))).read() == TEXT


@pytest.mark.parametrize("data", [b"", b"[", b"\x1f", b"(\xb5/", TEXT])
def test_what_is_not_packed_is_given_back_as_it_is(data: bytes) -> None:
    file = io.BytesIO(data)
    assert decompressed(file) is file
    assert file.read() == data


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", False), (TEXT, False), *[(pack(TEXT), True) for pack in PACK.values()]],
)
def test_what_is_packed_is_told_by_its_first_bytes(
    *, data: bytes, expected: bool
) -> None:
    file = io.BytesIO(data)
    assert is_compressed(file) is expected
    assert file.read() == data


@pytest.mark.parametrize("name", PACK)
def test_lines_can_be_read_one_by_one(name: str) -> None:
    file = decompressed(io.BytesIO(PACK[name](TEXT)))
    assert file.readline(5) + file.readline() + file.read() == TEXT


@pytest.mark.parametrize("name", PACK)
def test_parts_packed_one_after_another_are_one(name: str) -> None:
    packed = PACK[name](TEXT) + PACK[name](b"end")
    assert decompressed(io.BytesIO(packed)).read() == TEXT + b"end"


@pytest.mark.parametrize("name", PACK)
def test_data_that_are_cut_short_are_refused(name: str) -> None:
    packed = PACK[name](TEXT)
    for size in {4, 5, len(packed) // 2, len(packed) - 1}:
        with pytest.raises(DecodeError) as caught:
            decompressed(io.BytesIO(packed[:size])).read()
        assert str(caught.value) == f"{name} data: cut short"


@pytest.mark.parametrize("name", PACK)
def test_corrupt_data_are_refused(name: str) -> None:
    packed = bytearray(PACK[name](TEXT))
    packed[10:30] = b"\xff" * 20
    with pytest.raises(DecodeError, match=f"{name} data: corrupt: ."):
        decompressed(io.BytesIO(packed)).read()


def test_what_follows_the_data_and_is_none_is_refused() -> None:
    with pytest.raises(DecodeError, match="gzip data: corrupt"):
        decompressed(io.BytesIO(gzip.compress(TEXT) + b"more")).read()


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_is_refused_before_it_goes_off(name: str) -> None:
    file = decompressed(io.BytesIO(PACK[name](bytes(20 << 20))))
    read: list[int] = []
    with pytest.raises(LimitExceededError, match="more than 1000 times their size"):
        read.extend(map(len, iter(lambda: file.read(1 << 20), b"")))
    assert sum(read) < 20 << 20


@pytest.mark.parametrize("name", PACK)
def test_the_first_mebibyte_may_be_packed_as_tightly_as_can_be(name: str) -> None:
    data = bytes(1 << 20)
    assert decompressed(io.BytesIO(PACK[name](data))).read() == data
