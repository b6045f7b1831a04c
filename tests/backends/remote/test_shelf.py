"""The sessions in a store's files, one after the other and by id."""

from pathlib import Path

import pytest

import replay
from portions import all_stored, shown
from replay import Portion, Text
from replay.errors import (
    BackendError,
    BackendUnavailableError,
    PermissionDeniedError,
    SessionNotFoundError,
)
from replay_backends.remote import RemoteBackend
from s3_server import Bucket
from zip_files import FILES, document

LINE = b'{"events": []}\n'


def held(location: str, **options: object) -> list[str]:
    with replay.open(location, **options) as source:
        found = [session.session_id for session in source]
        assert found == [summary.session_id for summary in source.summaries()]
        return found


def test_objects_are_read_as_the_files_of_a_directory(
    bucket: Bucket, tmp_path: Path
) -> None:
    names = [
        *("b.json", "sub/a.JSON", "sub-/a.jsonl", "%45.json", "x.txt", ".a.json"),
        *(".sub/a.json", "a.json~", "#a.json#", "r.jsonl", "r.jsonl.part", "s.part"),
    ]
    for name in names:
        bucket.put(name, LINE)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(LINE)
    for options in ({}, {"pattern": "*a.*"}, {"pattern": "*"}):
        assert held(bucket.url, **options) == held(str(tmp_path), **options)
    assert held(bucket.url) == ["E", "b", "r", "a", "a"]


def test_an_object_that_is_refused_is_named_and_hides_no_other(bucket: Bucket) -> None:
    for name in "abc":
        bucket.put(f"{name}.json", document(name))
    bucket.server.refusal = lambda environ: (
        ("403 Forbidden", "AccessDenied") if "b.json" in environ["PATH_INFO"] else None
    )
    with replay.open(bucket.url) as source:
        assert source.session("c").session_id == "c"
        found = source.sessions()
        assert next(found).session_id == "a"
        with pytest.raises(PermissionDeniedError, match=r"b.json"):
            next(found)
        with pytest.raises(PermissionDeniedError, match=r"b.json"):
            source.session("d")


def test_where_it_cannot_be_reached_no_more_is_asked(bucket: Bucket) -> None:
    for name in "abc":
        bucket.put(f"{name}.json", document(name))
    with replay.open(bucket.url) as source:
        bucket.server.refusal = lambda environ: (
            ("409 Conflict", "OperationAborted")
            if "json" in environ["PATH_INFO"]
            else None
        )
        with pytest.raises(BackendUnavailableError):
            source.session("a")


def test_a_session_is_found_again_where_it_has_moved(bucket: Bucket) -> None:
    bucket.put("a.json", document("x", "1"))
    bucket.put("b.json", document("y"))
    with replay.open(bucket.url) as source:
        assert source.session("x").session_id == "x"
        bucket.server.asked.clear()
        assert source.session("y").session_id == "y"
        assert bucket.server.asked == [f"GET /{bucket.name}/b.json"]
        bucket.put("a.json", document("y", "2"))
        bucket.put("c.json", document("x", "3"))
        assert source.session("x").events == [Text("3")]
        bucket.calls.rm_file(f"{bucket.name}/c.json")
        with pytest.raises(SessionNotFoundError):
            source.session("x")


def test_large_objects_are_not_fetched_ahead(bucket: Bucket) -> None:
    large = document("b", "x" * (2 << 20))
    files = {"a.json": document("a"), "b.json": large, "c.json": document("c")}
    for name, data in files.items():
        bucket.put(name, data)
    with replay.open(bucket.url) as source:
        bucket.server.asked.clear()
        found = source.sessions()
        assert next(found).session_id == "a"
        assert f"GET /{bucket.name}/b.json" not in bucket.server.asked
        assert [each.session_id for each in found] == ["b", "c"]


def test_portions_are_the_objects_and_hold_what_is_read(bucket: Bucket) -> None:
    for path, data in FILES.items():
        bucket.put(path, data)
    backend = RemoteBackend(bucket.url)
    bucket.server.asked.clear()
    portions = [*backend.portions()]
    assert bucket.server.asked == [f"GET /{bucket.name}"]
    assert portions == [Portion((path,), len(FILES[path])) for path in sorted(FILES)]
    stored = [*all_stored(backend)]
    assert [shown(each.read()) for each in stored] == [
        shown(each) for each in backend.sessions()
    ]
    assert len({each.digest for each in stored}) == len(stored) == 6
    one = RemoteBackend(f"{bucket.url}/sub3/x.jsonl")
    assert [each.read().session_id for each in all_stored(one)] == ["b", "d"]


@pytest.mark.parametrize(
    "key", [("../a.json",), ("/a.json",), ("a.txt",), (".a.json",), ("",), (7,), ()]
)
def test_a_portion_of_something_else_is_refused(
    bucket: Bucket, key: tuple[str | int, ...]
) -> None:
    bucket.put("a.json", document("secret"))
    bucket.put("it/b.json", document("b"))
    backend = RemoteBackend(f"{bucket.url}/it")
    with pytest.raises(BackendError):
        list(backend.stored(Portion(key, 1)))
    one = RemoteBackend(f"{bucket.url}/it/b.json")
    with pytest.raises(BackendError):
        list(one.stored(Portion(("b.json",), 1)))
