"""The names and sizes of all objects below a place."""

import pytest
import s3fs

from replay.errors import BackendError
from replay_backends.remote.filesystems import FileSystem
from replay_backends.remote.objects import names_and_sizes
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


class Repeating:
    """A service that takes no note of where its listing is to go on."""

    def call_s3(self, *_: object, **__: object) -> dict[str, object]:
        page = [{"Key": "it/a", "Size": 1}]
        return {"Contents": page, "IsTruncated": True, "NextContinuationToken": "a"}


def test_a_listing_that_repeats_itself_comes_to_an_end() -> None:
    with pytest.raises(BackendError) as caught:
        list(names_and_sizes(FileSystem(Repeating(), "bucket/it")))
    assert str(caught.value) == "s3://bucket/it: the listing begins again and again"


def test_where_there_is_nothing_nothing_is_found(bucket: Bucket) -> None:
    assert not [*names_and_sizes(FileSystem(bucket.calls, f"{bucket.name}/it"))]
    assert not [*names_and_sizes(FileSystem(bucket.calls, bucket.name))]
