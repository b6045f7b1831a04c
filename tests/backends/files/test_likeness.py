"""What is said of files in which nothing is recognized."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

import replay
from replay_command import Run

EVENT = b'{"type": "text", "content": "x"}'
IMAGES = (b"\x89PNG\r\n\x1a\n\0", b"\xff\xd8\xff\xe0\0", b"GIF89a")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(zipfile.ZipInfo("a.bin"), "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "likeness"),
    [
        ("a.json", b"[1, 2, 3]", "a JSON list without objects"),
        ("a.json", b"[{}]", "a JSON list without keys"),
        (
            "a.json",
            b'[{"a": 1}, {"b": 1, "a": 2}]',
            "a JSON list with the keys 'a', 'b'",
        ),
        ("a.json", b'{"name": "x", "v": 1}', "a JSON object with the keys 'name', 'v'"),
        ("a.json", b'{"type": "new", "v": 1}', "a JSON object of the types 'new'"),
        (
            "a.json",
            b'{"id": "s", "events": [{"author": "user"}, {"author": "agent"}]}',
            "a JSON object with the keys 'id', 'events'",
        ),
        (
            "a.json",
            b'{"id": "s", "events": [%b{}]}' % (b'{"author": "user"}, ' * 4000),
            "a JSON object with the keys 'id', 'events'",
        ),
        (
            "a.jsonl",
            b'{"id": "s", "events": [{"author": "user"}]}\n' * 2,
            "JSON Lines with the keys 'id', 'events'",
        ),
        (
            "a.jsonl",
            b'{"type": "click"}\r\n\r\n{"type": "view"}\r\n{"ty',
            "JSON Lines of the types 'click', 'view'",
        ),
        ("a.jsonl", b'{"at": 1}\n{"at": 2}\n', "JSON Lines with the keys 'at'"),
        ("a.jsonl", b"1\n2\n", "text"),
        ("a.jsonl", b"[1]\n[2]\n", "JSON Lines without objects"),
        ("a.sse", b'data: {"ping": 1}\n\n', "server-sent events with the keys 'ping'"),
        ("a.jsonl", b"a,b\n1,2\n", "text"),
        ("a.json", b"// settings\n{}", "text"),
        ("a.json", b"\n<!DOCTYPE html><title>", "HTML"),
        ("a.sse", b"<html>", "HTML"),
        ("a.json", b'<?xml version="1.0"?>', "XML"),
        ("a.json", b"%PDF-1.7\n", "a PDF document"),
        ("a.json", b"SQLite format 3\0", "an SQLite database"),
        ("a.json", b"\xfd7zXZ\0", "xz data"),
        *(("a.json", image, "an image") for image in IMAGES),
        ("a.json.gz", gzip.compress(zipped(), mtime=0), "a zip file"),
    ],
)
def test_an_error_says_what_a_file_looks_like(
    tmp_path: Path, name: str, data: bytes, likeness: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(replay.UnrecognizedError) as caught:
        replay.load(tmp_path / name)
    assert caught.value.reason == f"not a session: it looks like {likeness}"
    assert caught.value.source == str(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_lines_may_be_empty_and_a_document_may_not(tmp_path: Path, data: bytes) -> None:
    """An agent that has just begun has written nothing yet."""
    for name, kind in (
        ("a.jsonl", replay.UnrecognizedError),
        ("a.json", replay.DecodeError),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(replay.DecodeError, match="empty") as caught:
            replay.load(tmp_path / name)
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"session_id": "x", "events": [{"type": "te', "ends too soon"),
        (b'{"session_id": "x"}', "no list of events"),
        (b'{"events": {}}', "no list of events"),
        (b'{"name": "x"', "ends too soon"),
        (b'{"name": "x", "v": NaN}', "not JSON: NaN"),
        (b'{"name": "x"}\n{"name": 1e999}\n', "a number too large"),
        (b"[", "ends too soon"),
        (b'["x",', "ends too soon"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "HTTP headers"),
        (bytes(99), "NUL bytes"),
        (EVENT.decode().encode("utf-16"), "not UTF-8"),
        (EVENT.decode().encode("utf-16-le"), "not UTF-8"),
        (b'{"title": "\xe9"}', "not UTF-8"),
    ],
)
def test_what_may_be_a_broken_session_is_said_to_be_broken(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(replay.DecodeError, match=reason) as caught:
        replay.load(tmp_path / "a.json")
    assert type(caught.value) is replay.DecodeError


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "new"}\n' + EVENT,
        b'ent": "cut off"}\n' + EVENT + b"\n",
        b'[{"type": "new"}, %b]' % EVENT,
        b'[{"type": "text"}]',
        b'[{"type": "codex/injected", "record": {}}]',
        b'{"events": [{"type": "new"}]}',
        b'{"session": 1}\n{"events": []}\n',
        b'data: {"type": "new"}\n\ndata: %b\n\n' % EVENT,
        b"data: {",
    ],
)
def test_one_event_that_is_known_makes_it_a_session(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "a.jsonl" if b"\n" in data else tmp_path / "a.json").write_bytes(data)
    with replay.open(tmp_path) as source:
        assert [each.session_id for each in source] == ["a"]


def test_an_object_may_have_its_events_far_behind_other_members(
    tmp_path: Path, run: Run
) -> None:
    long = {"filler": "x" * (5 << 20)}
    (tmp_path / "ours.json").write_text(json.dumps({**long, "events": []}))
    (tmp_path / "other.json").write_text(json.dumps(long))
    for command in (["ls"], ["run", "--plugin=usage", "--keep-going"]):
        done = run(*command, tmp_path)
        assert done.returncode == 0
        assert "1 file holds no session: other.json\n" in done.stderr
    with pytest.raises(replay.UnrecognizedError, match="no list of events"):
        replay.load(tmp_path / "other.json")


def test_a_stream_of_the_service_is_named_and_can_be_asked_for(
    tmp_path: Path, run: Run
) -> None:
    (tmp_path / "a.sse").write_bytes(b"event: text\ndata: %b\n\n" % EVENT)
    (tmp_path / "b.jsonl").write_bytes(EVENT)
    assert run("ls", tmp_path).stdout == "a\t\t\tllamacloud-sse\nb\t\t\t\n"
    named = run("ls", f"llamacloud-sse:{tmp_path / 'a.sse'}")
    assert named.stdout == "a\t\t\tllamacloud-sse\n"
    done = run("ls", f"llamacloud-sse:{tmp_path / 'b.jsonl'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "b.jsonl: not a stream of server-sent events" in done.stderr
    session = replay.load(tmp_path / "a.sse")
    assert (session.format, session.shape, session.report) == (
        "llamacloud-sse",
        "lines",
        None,
    )
    done = run("run", tmp_path, "--plugin=usage", "--keep-going")
    assert "2 sessions: 2 replayed" in done.stderr
