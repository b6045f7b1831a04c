"""Objects that are put in place whole or not at all."""

from typing import BinaryIO

import pytest

from replay.errors import PermissionDeniedError
from replay.security.files import memory_only
from replay_backends.remote.filesystems import (
    FileSystem,
    file_system,
    parse,
    remote_errors_of,
)
from replay_backends.remote.objects import upload
from s3_server import Bucket

SIZE = 13 << 20  # more than a piece


def zeros(file: BinaryIO) -> None:
    file.write(bytes(SIZE))


def broken(file: BinaryIO) -> None:
    file.write(b"half")
    raise RecursionError


@pytest.mark.parametrize("url", ["memory://uploading", "s3"])
@pytest.mark.parametrize("kept", [SIZE, 1])
def test_what_is_sent_is_there(bucket: Bucket, url: str, kept: int) -> None:
    files = file_system(parse(bucket.url if url == "s3" else url), {})
    with memory_only():
        upload(files, f"{files.root}/a", zeros, kept)
    assert files.calls.cat_file(f"{files.root}/a") == bytes(SIZE)


def test_a_small_object_is_sent_in_one_piece(bucket: Bucket) -> None:
    files = FileSystem(bucket.calls, bucket.name)
    upload(files, f"{bucket.name}/a", lambda file: file.write(b"abc"))
    assert bucket.server.asked == [f"PUT /{bucket.name}/a"]
    assert bucket.get("a") == b"abc"


@pytest.mark.parametrize("refused", ["partNumber=2", "uploadId="])
def test_where_a_piece_is_refused_all_is_as_it_was(
    bucket: Bucket, refused: str
) -> None:
    files = FileSystem(bucket.calls, bucket.name)
    bucket.put("a", b"old")
    bucket.server.refusal = lambda environ: (
        ("403 Forbidden", "AccessDenied")
        if environ["REQUEST_METHOD"] in ("PUT", "POST")
        and refused in str(environ["QUERY_STRING"])
        else None
    )
    with pytest.raises(PermissionDeniedError), remote_errors_of("it"):
        upload(files, f"{bucket.name}/a", zeros, 1)
    assert bucket.get("a") == b"old"
    left = bucket.calls.call_s3("list_multipart_uploads", Bucket=bucket.name)
    assert "Uploads" not in left


def test_what_cannot_be_written_sends_nothing(bucket: Bucket) -> None:
    files = FileSystem(bucket.calls, bucket.name)
    with pytest.raises(RecursionError):
        upload(files, f"{bucket.name}/a", broken)
    assert bucket.server.asked == []
