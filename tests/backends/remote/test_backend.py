"""The backend for sessions in a bucket or a zip file at a URL."""

import gzip
import itertools
import json
import random
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import fsspec
import pytest

import replay
from portions import all_stored, with_all_attributes
from replay import Backend, Portion, Session, Text
from replay.testing import BackendContract, odd_histories
from replay_backends.remote import RemoteBackend
from replay_command import INTERRUPTIBLE, Run
from s3_server import KEYS, Bucket
from zip_files import FILES, document, write_zip

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


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
        with pytest.raises(replay.UnsupportedError) as caught:
            keep(f"{bucket.url}/{name}", Session("a"))
        assert str(caught.value) == (
            f"{bucket.url}/{name}: sessions cannot be written into an existing "
            "file (name a directory for them)"
        )


def test_an_object_of_another_session_is_not_replaced(bucket: Bucket) -> None:
    bucket.put("it/a.json", document("b"))
    with pytest.raises(
        replay.BackendError, match=r"it/a.json: it holds another session, 'b'"
    ):
        keep(f"{bucket.url}/it", Session("a"))
    assert bucket.get("it/a.json") == document("b")
    bucket.put("it/a.json", b'{"session_id": "a", "events": [7]}')
    keep(f"{bucket.url}/it", Session("a", events=EVENTS), strict=True)
    assert b"Yes." in bucket.get("it/a.json")
    with pytest.raises(
        replay.BackendError, match=r"the pattern 'x\*' doesn't match 'b.json'"
    ):
        keep(f"{bucket.url}/it", Session("b"), pattern="x*")
    assert bucket.paths() == ["it/a.json"]


def test_what_is_not_there_is_an_error_unless_it_will_be(bucket: Bucket) -> None:
    with pytest.raises(replay.BackendError, match=r"it: there is nothing there"):
        replay.open(f"{bucket.url}/it")
    assert held(f"{bucket.url}/it", create=True) == []
    with pytest.raises(
        replay.BackendError, match="s3://missing/it: there is no such bucket"
    ):
        replay.open("s3://missing/it")
    with pytest.raises(replay.BackendError, match="there is no such bucket"):
        keep("s3://missing/it", Session("a"))


LINE = b'{"events": []}\n'


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
    assert held(bucket.url) == ["E", "b", "r", "a", "a", "x.txt"]


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
        with pytest.raises(replay.PermissionDeniedError, match=r"b.json"):
            next(found)
        with pytest.raises(replay.PermissionDeniedError, match=r"b.json"):
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
        with pytest.raises(replay.BackendUnavailableError):
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
        with pytest.raises(replay.SessionNotFoundError):
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
    assert [with_all_attributes(each.read()) for each in stored] == [
        with_all_attributes(each) for each in backend.sessions()
    ]
    assert len({each.digest for each in stored}) == len(stored) == 6
    one = RemoteBackend(f"{bucket.url}/sub3/x.jsonl")
    assert [each.read().session_id for each in all_stored(one)] == ["b", "d"]


def test_a_portion_of_something_else_is_refused(bucket: Bucket) -> None:
    bucket.put("a.json", document("secret"))
    bucket.put("it/b.json", document("b"))
    backend = RemoteBackend(f"{bucket.url}/it")
    keys: list[tuple[str | int, ...]] = [("../a.json",), ("/a.json",), ("a.txt",)]
    for key in [*keys, (".a.json",), ("",), (7,), ()]:
        with pytest.raises(replay.BackendError):
            list(backend.stored(Portion(key, 1)))
    one = RemoteBackend(f"{bucket.url}/it/b.json")
    with pytest.raises(replay.BackendError):
        list(one.stored(Portion(("b.json",), 1)))


def test_one_object_is_read_as_one_file(bucket: Bucket) -> None:
    bucket.put("sub/%45.jsonl.gz", gzip.compress(b'{"events": []}\n{"events": []}'))
    assert held(f"{bucket.url}/sub/%45.jsonl.gz") == ["%45", "%45-2"]
    bucket.put("a", document("x"))
    assert held(f"{bucket.url}/a") == ["x"]


def test_a_zip_file_at_a_url_is_read_where_it_is(
    bucket: Bucket, tmp_path: Path
) -> None:
    noise = random.Random(0).randbytes(20 << 20)  # noqa: S311 - any bytes will do
    files = {"noise": noise, "sub/x.json": document("x"), "y.json": document("y")}
    path = write_zip(tmp_path / "a.zip", files, packed=False)
    bucket.put("a.zip", path.read_bytes())
    bucket.put("packed", path.read_bytes())
    url = bucket.url
    assert held(f"{url}/a.zip") == ["x", "y"]
    assert held(f"zip://sub::{url}/packed") == ["x"]
    bucket.server.asked.clear()
    assert replay.load(f"zip://y.json::{url}/a.zip").session_id == "y"
    assert bucket.server.asked.count(f"GET /{bucket.name}/a.zip") < 6
    bucket.server.refusal = lambda environ: (
        ("409 Conflict", "OperationAborted")
        if environ["REQUEST_METHOD"] == "GET"
        else None
    )
    with pytest.raises(replay.BackendUnavailableError, match=r"a.zip: refused"):
        replay.open(f"{url}/a.zip")


def test_options_reach_the_reader(bucket: Bucket) -> None:
    bucket.put("a.json", b'{"events": [{"type": "unheard of", "a": [[[[]]]]}]}')
    with pytest.raises(replay.DecodeError, match=r"a.json: .*unheard of"):
        replay.load(bucket.url, strict=True)
    with replay.open(bucket.url, strict=True) as source:
        with pytest.raises(replay.DecodeError, match="unheard of"):
            source.session("a")
        with pytest.raises(
            replay.SessionNotFoundError, match=r"there is no session 'b'"
        ):
            source.session("b")


def test_options_say_where_s3_is_and_what_else_it_needs(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("a.json", document("a"))
    public = {"Bucket": bucket.name, "ACL": "public-read"}
    bucket.calls.call_s3("put_bucket_acl", **public)
    bucket.calls.call_s3("put_object_acl", Key="a.json", **public)
    url = bucket.server.url
    for name in ("AWS_ENDPOINT_URL", *KEYS):
        monkeypatch.delenv(name)
    assert held(bucket.url, endpoint_url=url, anon=True) == ["a"]
    options = {"endpoint_url": url, "key": "AKIA", "secret": "s3cr3t"}
    with replay.open(bucket.url, storage_options=options) as source:
        assert "s3cr3t" not in repr(source)
        assert replay.load(bucket.url, storage_options=options).session_id == "a"
    with pytest.raises(replay.AuthError, match="Unable to locate credentials"):
        replay.load(bucket.url, endpoint_url=url)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("403 Forbidden", "AccessDenied", replay.PermissionDeniedError),
        ("403 Forbidden", "InvalidAccessKeyId", replay.AuthError),
        ("400 Bad Request", "ExpiredToken", replay.AuthError),
        ("400 Bad Request", "Unheard", replay.BackendError),
    ],
)
def test_what_s3_refuses_is_an_error_of_ours(
    bucket: Bucket, status: str, code: str, kind: type[replay.BackendError]
) -> None:
    bucket.put("it/a.json", document("a"))
    with replay.open(f"{bucket.url}/it", create=True) as source:
        bucket.server.refusal = lambda _: (status, code)
        for call in (
            lambda: [*source],
            lambda: [*source.summaries()],
            lambda: [*source.portions()],
            lambda: [*source.stored(Portion(("a.json",), 1))],
        ):
            with pytest.raises(replay.BackendError, match=f"{bucket.url}/it") as caught:
                call()
            assert type(caught.value) is kind
            assert "CANARY" not in str(caught.value)


def test_where_nobody_answers_that_is_said(bucket: Bucket) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = {"config_kwargs": {"retries": {"max_attempts": 0}}}
        with pytest.raises(replay.BackendUnavailableError, match="Could not connect"):
            replay.open(bucket.url, endpoint_url=url, storage_options=options)


def lines_of(*ids: str) -> str:
    event = {"type": "text", "content": "x"}
    return "\n".join(json.dumps({"session_id": i, "events": [event]}) for i in ids)


def test_sessions_are_copied_to_a_bucket_and_back(run: Run, bucket: Bucket) -> None:
    url = f"{bucket.url}/sub/copy"
    for _ in range(2):
        done = run("copy", "-", url, stdin=lines_of("b", "../a"))
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"replay: 2 sessions copied to {url}\n"
    assert bucket.paths() == ["sub/copy/%2e.%2fa.json", "sub/copy/b.json"]
    listed = run("ls", url, "--json")
    assert listed.stderr == ""
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [row["session_id"] for row in rows] == ["../a", "b"]
    assert replay.load(f"{url}/b.json").session_id == "b"


def test_no_secret_is_ever_shown(run: Run, bucket: Bucket) -> None:
    secrets = [*KEYS.values(), "s3cr3t/word", "signed-CANARY"]
    bucket.put("a.json", lines_of("a").encode())
    bucket.server.refusal = lambda _: ("403 Forbidden", "SignatureDoesNotMatch")
    shown = []
    for location in (
        f"s3://user:s3cr3t/word@{bucket.name}/a.json",
        f"{bucket.url}/a.json?X-Amz-Signature=signed-CANARY",
        f"{bucket.url}/a.json",
    ):
        done = run("--traceback", "ls", location)
        shown.append(done.stdout + done.stderr)
    assert not [text for text in shown if any(each in text for each in secrets)]
    assert sum("must not be part of a location" in text for text in shown) == 2


def test_ctrl_c_waits_for_no_object(bucket: Bucket) -> None:
    bucket.put("it/a.json", lines_of("a").encode())
    is_asked, is_over = threading.Event(), threading.Event()

    def keep_waiting(environ: "WSGIEnvironment") -> None:
        if environ["PATH_INFO"].endswith("a.json"):
            is_asked.set()
            is_over.wait(60)

    bucket.server.refusal = keep_waiting
    with subprocess.Popen(  # noqa: S603 - our own command
        [*INTERRUPTIBLE, "ls", f"{bucket.url}/it"], stderr=subprocess.PIPE
    ) as process:
        try:
            assert is_asked.wait(60)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=10)
        finally:
            process.kill()
            is_over.set()
    assert (process.returncode, told) == (130, b"")


def test_a_batch_over_a_bucket_is_what_one_run_is(run: Run, bucket: Bucket) -> None:
    for name in "abc":
        bucket.put(f"it/{name}.json", lines_of(name).encode())
    command = ("run", f"{bucket.url}/it", "--plugin", "usage")
    alone, batch = run(*command), run(*command, "--jobs", "2")
    assert (alone.returncode, batch.returncode) == (0, 0)
    assert "3 sessions" in batch.stderr
    assert alone.stdout == batch.stdout


@pytest.mark.parametrize("name", ["it.zip", "it.dat", "it.json"])
def test_a_zip_file_is_known_by_its_bytes(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / name, {"a.json": b"[]"})
    assert replay.load(path).session_id == "a"
    write_zip(path, {})
    with replay.open(path) as source:
        assert [*source] == []
    path.write_bytes(b'[{"type": "text", "content": "a"}]')
    assert len(replay.load(path).events) == 1


def test_a_zip_file_after_a_program_is_known_by_its_name(tmp_path: Path) -> None:
    data = write_zip(tmp_path / "a.zip", {"a.json": b"[]"}).read_bytes()
    (tmp_path / "a.zip").write_bytes(b"#!/bin/sh\n" + data)
    assert replay.load(tmp_path / "a.zip").session_id == "a"
