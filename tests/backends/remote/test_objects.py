"""The objects below a URL: listed, fetched, and written whole or not at all."""

import pickle
from typing import BinaryIO

import pytest
import s3fs

from replay.errors import BackendError, PermissionDeniedError
from replay.security.files import memory_only
from replay_backends.remote.filesystems import FileSystem, file_system, remote_errors_of
from replay_backends.remote.locations import Item, parse
from replay_backends.remote.objects import Objects, names_and_sizes, upload
from s3_server import Bucket


def objects(bucket: Bucket, path: str, *, may_be_missing: bool = False) -> Objects:
    root = f"{bucket.name}/{path}".rstrip("/")
    found = Objects(FileSystem(bucket.calls, root), f"s3://{root}")
    found.probe(may_be_missing=may_be_missing)
    return found


def test_objects_come_by_the_bytes_of_their_paths(bucket: Bucket) -> None:
    names = ["b", "a/c", "a-", "a//d", "\u00e9", "\U0001f600", "\uffee", "x?y#z%41"]
    for name in [*names, "empty/"]:
        bucket.put(f"it/{name}", name.encode())
    bucket.put("item/x", b"")
    found = objects(bucket, "it")
    items = found.items()
    assert items == [
        Item(name, len(name.encode()))
        for name in sorted(names, key=lambda name: name.encode())
    ]
    for item in items:
        assert found.opener(item)().read() == item.path.encode()
    assert objects(bucket, "").items()[0].path == "it/a-"


def test_a_large_object_is_spooled(bucket: Bucket) -> None:
    data = b"0123456789" * 1_000_000
    bucket.put("it/x", data)
    found = objects(bucket, "it")
    bucket.server.asked.clear()
    open_file = found.opener(Item("x", len(data)))
    assert bucket.server.asked.count(f"GET /{bucket.name}/it/x") == 2
    sent = pickle.loads(pickle.dumps(open_file))  # noqa: S301 - our own
    for each in (open_file, open_file, sent):
        assert each().read() == data
    assert bucket.server.asked.count(f"GET /{bucket.name}/it/x") == 2
    grown = found.opener(Item("x", 1))  # since it was listed
    assert grown().read() == data


def test_an_object_that_is_gone_is_named(bucket: Bucket) -> None:
    bucket.put("it/y", b"")
    found = objects(bucket, "it")
    for size in (1, 9 << 20):
        with pytest.raises(BackendError, match="/it/x: there is nothing there"):
            found.opener(Item("x", size))
    assert found.size("x") is None
    assert found.size("y") == 0


def test_s3_is_asked_page_by_page(bucket: Bucket) -> None:
    for number in range(5):
        bucket.put(f"it/{number}", bytes(number))
    two = {"MaxKeys": 2}
    calls = s3fs.S3FileSystem(use_listings_cache=False, s3_additional_kwargs=two)
    bucket.server.asked.clear()
    found = [*names_and_sizes(FileSystem(calls, f"{bucket.name}/it"))]
    assert found == [(f"{bucket.name}/it/{n}", n) for n in range(5)]
    assert bucket.server.asked == [f"GET /{bucket.name}"] * 3


class Repeating:
    """A service that ignores the point at which its listing should continue."""

    def call_s3(self, *_: object, **__: object) -> dict[str, object]:
        page = [{"Key": "it/a", "Size": 1}]
        return {"Contents": page, "IsTruncated": True, "NextContinuationToken": "a"}


def test_a_listing_that_repeats_itself_comes_to_an_end() -> None:
    with pytest.raises(BackendError) as caught:
        list(names_and_sizes(FileSystem(Repeating(), "bucket/it")))
    assert str(caught.value) == "s3://bucket/it: the listing keeps starting over"


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


def test_a_small_object_is_sent_in_one_piece_or_not_at_all(
    bucket: Bucket,
) -> None:
    files = FileSystem(bucket.calls, bucket.name)
    with pytest.raises(RecursionError):
        upload(files, f"{bucket.name}/a", broken)
    assert bucket.server.asked == []
    upload(files, f"{bucket.name}/a", lambda file: file.write(b"abc"))
    assert bucket.server.asked == [f"PUT /{bucket.name}/a"]
    assert bucket.get("a") == b"abc"


def test_memory_has_objects_too() -> None:
    files = file_system(parse("memory://objects"), {})
    files.calls.pipe_file("/objects/sub/x", b"abc")
    found = Objects(files, "memory://objects")
    assert found.items() == [Item("sub/x", 3)]
    assert found.opener(Item("sub/x", 3))().read() == b"abc"
    assert found.source_of("sub/x") == "memory://objects/sub/x"
