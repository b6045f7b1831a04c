"""Sessions read from a store, and what goes wrong with that."""

import gzip
import random
import socket
from pathlib import Path

import pytest

import replay
from replay import Portion
from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    DecodeError,
    PermissionDeniedError,
    SessionNotFoundError,
)
from s3_server import KEYS, Bucket
from zip_files import document, write_zip


def held(location: str, **options: object) -> list[str]:
    with replay.open(location, **options) as source:
        found = [session.session_id for session in source]
        assert found == [summary.session_id for summary in source.summaries()]
        return found


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


def test_options_reach_the_reader(bucket: Bucket) -> None:
    bucket.put("a.json", b'[{"type": "unheard of", "a": [[[[]]]]}]')
    with pytest.raises(DecodeError, match=r"a.json: .*unheard of"):
        replay.load(bucket.url, strict=True)
    with replay.open(bucket.url, strict=True) as source:
        with pytest.raises(DecodeError, match="unheard of"):
            source.session("a")
        with pytest.raises(SessionNotFoundError, match=r"there is no session 'b'"):
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
    with pytest.raises(AuthError, match="Unable to locate credentials"):
        replay.load(bucket.url, endpoint_url=url)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("403 Forbidden", "AccessDenied", PermissionDeniedError),
        ("403 Forbidden", "InvalidAccessKeyId", AuthError),
        ("400 Bad Request", "ExpiredToken", AuthError),
        ("400 Bad Request", "Unheard", BackendError),
    ],
)
def test_what_s3_refuses_is_an_error_of_ours(
    bucket: Bucket, status: str, code: str, kind: type[BackendError]
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
            with pytest.raises(BackendError, match=f"{bucket.url}/it") as caught:
                call()
            assert type(caught.value) is kind
            assert "CANARY" not in str(caught.value)


def test_where_nobody_answers_that_is_said(bucket: Bucket) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = {"config_kwargs": {"retries": {"max_attempts": 0}}}
        with pytest.raises(BackendUnavailableError, match="Could not connect"):
            replay.open(bucket.url, endpoint_url=url, storage_options=options)


def test_a_location_must_be_a_whole_url() -> None:
    with pytest.raises(BackendError) as caught:
        replay.open("s3:bucket/a")
    assert str(caught.value) == "bucket/a: no such file or directory"


def test_a_zip_file_that_is_refused_is_no_broken_one(
    bucket: Bucket, tmp_path: Path
) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.json": document("a")})
    bucket.put("a.zip", path.read_bytes())
    busy = ("409 Conflict", "OperationAborted")
    bucket.server.refusal = lambda environ: (
        busy if environ["REQUEST_METHOD"] == "GET" else None
    )
    with pytest.raises(BackendUnavailableError, match=r"a.zip: refused"):
        replay.open(f"{bucket.url}/a.zip")
