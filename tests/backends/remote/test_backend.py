"""Sessions from S3 and from memory, and sessions kept there."""

import itertools
from pathlib import Path

import fsspec
import pytest

import replay
from replay import Backend, Session, Text
from replay.errors import (
    BackendError,
    UnsupportedError,
)
from replay.testing import BackendContract, odd_histories
from replay_backends.remote import RemoteBackend
from s3_server import Bucket
from zip_files import FILES, document, write_zip

NUMBERS = itertools.count()
EVENTS = [Text("Yes.")]


@pytest.mark.slow
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


def held(location: str, **options: object) -> list[str]:
    with replay.open(location, **options) as source:
        found = [session.session_id for session in source]
        assert found == [summary.session_id for summary in source.summaries()]
        return found


def keep(location: str, *sessions: Session, **options: object) -> None:
    with replay.open(location, create=True, **options) as source:
        for session in sessions:
            source.write(session)


@pytest.mark.slow
def test_a_session_is_kept_in_a_file_as_in_a_directory(
    bucket: Bucket, tmp_path: Path
) -> None:
    sessions = [Session("K\u00f6ln/1", events=EVENTS), *odd_histories()]
    keep(f"{bucket.url}/new", *sessions)
    keep(f"fixture_directory:{tmp_path}/new", *sessions)
    assert bucket.get("new/%4b%c3%b6ln%2f1.json")
    kept = {f"new/{each.name}": each for each in (tmp_path / "new").iterdir()}
    assert bucket.paths() == sorted(kept)
    for path, file in kept.items():
        assert bucket.get(path) == file.read_bytes()


def test_a_file_that_is_there_is_not_written_to(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("a.json", document("a"))
    bucket.put("a.zip", write_zip(tmp_path / "a.zip", FILES).read_bytes())
    for name in ("a.json", "a.zip"):
        with pytest.raises(UnsupportedError) as caught:
            keep(f"{bucket.url}/{name}", Session("a"))
        assert str(caught.value) == (
            f"{bucket.url}/{name}: sessions cannot be written into a file that is "
            "there (name a directory for them)"
        )


def test_an_object_of_another_session_is_not_replaced(bucket: Bucket) -> None:
    bucket.put("it/a.json", document("b"))
    with pytest.raises(BackendError, match=r"it/a.json: it holds another session, 'b'"):
        keep(f"{bucket.url}/it", Session("a"))
    assert bucket.get("it/a.json") == document("b")
    bucket.put("it/a.json", b'{"session_id": "a", "events": [7]}')
    keep(f"{bucket.url}/it", Session("a", events=EVENTS), strict=True)
    assert b"Yes." in bucket.get("it/a.json")


def test_what_the_pattern_leaves_out_is_not_written(bucket: Bucket) -> None:
    with pytest.raises(BackendError, match=r"the pattern 'x\*' leaves 'a.json' out"):
        keep(f"{bucket.url}/it", Session("a"), pattern="x*")
    assert bucket.paths() == []


def test_what_is_not_there_is_an_error_unless_it_will_be(bucket: Bucket) -> None:
    with pytest.raises(BackendError, match=r"it: there is nothing there"):
        replay.open(f"{bucket.url}/it")
    assert held(f"{bucket.url}/it", create=True) == []
    with pytest.raises(BackendError, match="there is no such bucket"):
        keep("s3://missing/it", Session("a"))
