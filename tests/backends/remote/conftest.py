"""A bucket of a local S3-compatible server."""

import itertools
from collections.abc import Iterator

import pytest
import s3fs

from s3_server import ENVIRONMENT, Bucket, S3Server, s3_server

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    s3fs.S3FileSystem.clear_instance_cache()
    with s3_server() as running:
        yield running
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def bucket(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{next(NUMBERS)}"
    calls = s3fs.S3FileSystem(use_listings_cache=False)
    calls.mkdir(name)
    server.asked.clear()
    yield Bucket(server, name, calls)
    server.refusal = None
