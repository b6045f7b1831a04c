"""The names and sizes of all objects below a place."""

import s3fs

from replay_backends.remote.filesystems import FileSystem
from replay_backends.remote.listing import names_and_sizes
from s3_server import Bucket


def test_s3_is_asked_page_by_page(bucket: Bucket) -> None:
    for number in range(5):
        bucket.put(f"it/{number}", bytes(number))
    two = {"MaxKeys": 2}
    calls = s3fs.S3FileSystem(use_listings_cache=False, s3_additional_kwargs=two)
    bucket.server.asked.clear()
    found = [*names_and_sizes(FileSystem(calls, f"{bucket.name}/it"))]
    assert found == [(f"{bucket.name}/it/{n}", n) for n in range(5)]
    assert bucket.server.asked == [f"GET /{bucket.name}"] * 3


def test_where_there_is_nothing_nothing_is_found(bucket: Bucket) -> None:
    assert not [*names_and_sizes(FileSystem(bucket.calls, f"{bucket.name}/it"))]
    assert not [*names_and_sizes(FileSystem(bucket.calls, bucket.name))]
