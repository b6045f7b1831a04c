"""The objects below a URL."""

import pickle

import pytest

from replay.errors import BackendError
from replay_backends.remote.filesystems import FileSystem, file_system, parse
from replay_backends.remote.objects import Objects
from replay_backends.remote.shelf import Item
from s3_server import Bucket


def objects(bucket: Bucket, path: str, *, may_be_missing: bool = False) -> Objects:
    root = f"{bucket.name}/{path}".rstrip("/")
    found = Objects(FileSystem(bucket.calls, root), f"s3://{root}")
    found.look(may_be_missing=may_be_missing)
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


def test_one_object_may_be_all_that_is_wanted(bucket: Bucket) -> None:
    bucket.put("it/x", b"abc")
    found = objects(bucket, "it/x")
    assert found.is_single
    assert found.items() == [Item("", 3)]
    assert found.opener(Item("", 3))().read() == b"abc"
    assert found.source_of("") == f"{bucket.url}/it/x"


def test_what_is_not_there_is_refused_or_will_be(bucket: Bucket) -> None:
    with pytest.raises(BackendError, match="/it: there is nothing there"):
        objects(bucket, "it")
    assert not objects(bucket, "it", may_be_missing=True).is_single
    missing = Objects(FileSystem(bucket.calls, "missing/it"), "s3://missing/it")
    with pytest.raises(BackendError, match="s3://missing/it: there is no such bucket"):
        missing.look(may_be_missing=False)


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


def test_an_object_that_is_gone_is_named(bucket: Bucket) -> None:
    bucket.put("it/y", b"")
    found = objects(bucket, "it")
    for size in (1, 9 << 20):
        with pytest.raises(BackendError, match="/it/x: there is nothing there"):
            found.opener(Item("x", size))
    assert found.size("x") is None
    assert found.size("y") == 0


def test_memory_has_objects_too() -> None:
    files = file_system(parse("memory://objects"), {})
    files.calls.pipe_file("/objects/sub/x", b"abc")
    found = Objects(files, "memory://objects")
    assert found.items() == [Item("sub/x", 3)]
    assert found.opener(Item("sub/x", 3))().read() == b"abc"
    assert found.source_of("sub/x") == "memory://objects/sub/x"


def test_an_object_that_has_grown_is_spooled_after_all(bucket: Bucket) -> None:
    data = bytes(20 << 20)
    bucket.put("it/x", data)
    open_file = objects(bucket, "it").opener(Item("x", 1))
    assert open_file().read() == data
