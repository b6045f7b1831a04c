"""Streams of others' code whose faults are errors of this library."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from replay.errors import BackendError
from replay_backends.files.byte_streams import guarded

SOURCE = "it"


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


def test_its_faults_are_ours() -> None:
    inner = io.BytesIO(b"0123456789")
    stream = guarded(inner, errors)
    inner.close()
    with pytest.raises(BackendError, match="it: I/O operation on closed file"):
        stream.read()
    with pytest.raises(BackendError, match="it: I/O operation on closed file"):
        stream.seek(0)
