"""What a location names."""

import pytest

from replay.errors import BackendError
from replay_backends.remote.filesystems import Location, parse


@pytest.mark.parametrize(
    ("location", "outer", "scheme", "inside"),
    [
        ("s3://b", "s3://b", "s3", None),
        ("S3://b/A", "s3://b/A", "s3", None),
        ("memory://", "memory://", "memory", None),
        ("gs://b/a.json", "gs://b/a.json", "gs", None),
        ("s3://b/a.ZIP", "s3://b/a.ZIP", "s3", ""),
        ("a.zip", "a.zip", None, ""),
        ("a", "a", None, ""),
        ("zip://a.zip", "a.zip", None, ""),
        ("zip:///a/b", "/a/b", None, ""),
        ("zip://*::a.zip", "a.zip", None, ""),
        ("zip://::s3://b/a", "s3://b/a", "s3", ""),
        ("zip:///sub/::s3://b/a.zip", "s3://b/a.zip", "s3", "sub"),
        ("ZIP://sub/x.json::a.zip", "a.zip", None, "sub/x.json"),
    ],
)
def test_a_location_is_taken_apart(
    location: str, outer: str, scheme: str | None, inside: str | None
) -> None:
    assert parse(location) == Location(outer, scheme, inside)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("zip://", "zip://: the zip file is not named (write zip://"),
        ("zip://sub::", "zip://sub::: the zip file is not named (write zip://"),
        ("zip://*.json::a.zip", "only * alone stands for all of a zip file (name"),
        ("zip://a::ftp://b/a.zip", "ftp://b/a.zip: that is no URL of files (use abfs"),
        ("zip://a::file:///a.zip", "file:///a.zip: that is no URL of files (use abfs"),
        ("s3://b/a::c", "s3://b/a::c: that is no URL of files (use abfs"),
        ("s3://", "s3://: a bucket or container is needed after the scheme"),
    ],
)
def test_what_names_nothing_is_refused(location: str, told: str) -> None:
    with pytest.raises(BackendError) as caught:
        parse(location)
    assert told in str(caught.value)


def test_a_location_with_a_secret_is_refused_without_it() -> None:
    with pytest.raises(BackendError) as caught:
        parse("zip://a::s3://me:word@b/a.zip?Signature=1f")
    assert str(caught.value) == (
        "zip://a::s3://***@b/a.zip?***: a password or signature must not stand in a "
        "location (put keys where the store's own tools look for them)"
    )
