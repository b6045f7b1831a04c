"""Sessions from S3, from memory, and from zip files."""

import gzip
import itertools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from replay import Backend
from replay.testing import BackendContract
from replay_backends.remote import RemoteBackend, ZipBackend
from s3_server import Bucket

NUMBERS = itertools.count()


def document(session_id: str, text: str = "Yes.") -> bytes:
    event = {"type": "text", "content": text}
    return json.dumps({"session_id": session_id, "events": [event]}).encode()


FILES = {
    "sub0/x.json": document("c", "0"),
    "sub1/x.json": document("b", "1"),
    "sub2/x.json.gz": gzip.compress(document("a", "2")),
    "sub3/x.jsonl": document("b", "3") + b"\n" + document("d", "4"),
    "list.json": b'[{"type": "text", "content": "Yes."}]',
}


class TestS3(BackendContract):
    @pytest.fixture
    def backend(self, bucket: Bucket) -> Backend:
        for path, data in FILES.items():
            bucket.put(f"it/{path}", data)
        return RemoteBackend(f"{bucket.url}/it")

    def reopen(self, backend: Backend) -> Backend:
        assert isinstance(backend, RemoteBackend)
        return type(backend)(backend.location)


class TestMemory(TestS3):
    @pytest.fixture
    def backend(self) -> Backend:
        url = f"memory://test-{next(NUMBERS)}"
        calls = fsspec.filesystem("memory")
        for path, data in FILES.items():
            calls.pipe_file(f"{url}/{path}", data)
        return RemoteBackend(url)


class TestZip(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[Backend]:
        with zipfile.ZipFile(tmp_path / "it.zip", "w") as archive:
            for path, data in FILES.items():
                archive.writestr(path, data)
        backend = ZipBackend(str(tmp_path / "it.zip"))
        yield backend
        backend.close()
