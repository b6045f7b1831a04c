"""Session files: their names, their contents, and writing them."""

import gzip
import io
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

import replay
from diaries import DIARY, NOTES
from replay import Event, Text, UnknownEvent
from replay.codec.writer import dumps
from replay.errors import BackendError, DecodeError
from replay.model.limits import Limits
from replay.model.sessions import Session, Shape
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.session_file import (
    SUFFIXES,
    SessionFile,
    prepare_to_write,
    stem_of,
)
from replay_backends.formats import conversion

OPTIONS = ReadOptions(strict=False, limits=Limits())
EVENT = '{"type": "text", "content": "Yes."}'


def sessions(
    data: bytes, name: str = "a.json", options: ReadOptions = OPTIONS
) -> list[Session]:
    open_file = partial(io.BytesIO, data)
    return list(SessionFile(open_file, name, "the-id", "the-file", options).sessions())


def test_a_name_loses_the_suffixes_that_say_what_a_file_holds() -> None:
    names = {
        "a": "a.json a.jsonl a.ndjson a.json.gz a.JSONL.ZST a.gz a",
        "a.b": "a.b.json",
        "a.json": "a.json.json",
        "a.gz": "a.gz.json",
        "a.txt": "a.txt",
        "a.json.txt": "a.json.txt",
        "63": "63",
        ".json": ".json",
    }
    for stem, found in names.items():
        assert {stem_of(name) for name in found.split()} == {stem}


def test_all_suffixes_are_known() -> None:
    assert len(SUFFIXES) == 19
    assert {stem_of(f"a{suffix}") for suffix in SUFFIXES} == {"a"}


def test_a_session_that_says_no_id_has_the_one_that_is_given() -> None:
    for data in (b"[]", gzip.compress(b"[]")):  # unpacked, whatever its name
        assert [each.session_id for each in sessions(data)] == ["the-id"]
    with pytest.raises(DecodeError, match="the-file: gzip data: cut short") as caught:
        sessions(gzip.compress(b"[]")[:-1])
    assert isinstance(caught.value.__cause__, EOFError)


def test_a_name_can_say_that_a_file_is_lines_or_its_lines_do() -> None:
    odd = b'{"type": "text", "content": 5}\n{"type": "stop"}'
    for suffix in ("jsonl", "ndjson", "JSONL", "jsonl.gz", "ndjson.zst"):
        (session,) = sessions(odd, f"a.{suffix}")
        assert (session.shape, len(session.events)) == ("lines", 2)
    (session,) = sessions(f"{EVENT}\n{EVENT}\n".encode())
    assert (session.shape, len(session.events)) == ("lines", 2)


@pytest.mark.parametrize("change", [b"[[]]", b"[\n]"])
def test_a_large_file_that_has_changed_is_refused(
    change: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b" " * (9 << 20) + b"]")
    open_file = partial(io.FileIO, path)
    (session,) = SessionFile(open_file, "a.json", "a", "the-file", OPTIONS).sessions()
    path.write_bytes(change)
    with pytest.raises(BackendError, match="the-file: it has changed since"):
        list(session.events)


@pytest.mark.parametrize("pack", [bytes, partial(gzip.compress, compresslevel=0)])
def test_a_file_that_is_overwritten_during_a_walk_is_refused_by_that_walk(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    data = pack(b"[" + b",".join([EVENT.encode() + b" " * (1 << 20)] * 9) + b"]")
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))
    open_file = partial(io.FileIO, path)
    (session,) = SessionFile(open_file, "a.json", "a", "the-file", OPTIONS).sessions()
    walk = iter(session.events)
    assert next(walk) == Text("Yes.")
    with path.open("r+b") as file:
        file.write(data)
    with pytest.raises(BackendError, match="the-file: it has changed since"):
        list(walk)


def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    class Failing(io.BytesIO):
        def read(self, _: int | None = None, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BackendError, match="the-file: input/output error"):
        list(SessionFile(Failing, "a.json", "a", "the-file", OPTIONS).sessions())


ODD: list[Sequence[Event]] = [
    [],
    [Text("a")],
    [Text("a"), Text("b")],
    [UnknownEvent({"type": "unheard of"})],
    [UnknownEvent({"type": []})],
    [UnknownEvent({"type": []}), Text("a")],
    [UnknownEvent({"events": []})],
    [UnknownEvent({"events": []}), Text("a")],
    [UnknownEvent({"events": [], "type": "text"}), UnknownEvent(7)],
    [UnknownEvent([])],
    [UnknownEvent([]), Text("a")],
    [UnknownEvent("text")],
    [UnknownEvent(None), UnknownEvent({})],
    [Text("a"), UnknownEvent({"events": []})],
]


SHAPES: list[Shape] = ["document", "list", "lines"]


@pytest.mark.parametrize("events", ODD)
def test_what_is_written_is_read_back_as_it_was(events: Sequence[Event]) -> None:
    for shape in SHAPES:
        session = Session("a", events=events, shape=shape)
        name, kept = prepare_to_write(session)
        (again,) = sessions(dumps(kept), name)
        assert again == Session(
            "the-id" if kept.shape != "document" else "a", events=events
        )
        assert again.shape == kept.shape


LINE = EVENT.encode() + b"\n"


@pytest.mark.parametrize("count", [2_000, 300_000])
def test_lines_that_are_added_meanwhile_are_left_for_the_next_time(
    count: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINE * count)
    session = replay.load(path)
    walk = iter(session.events)
    next(walk)
    with path.open("ab") as file:
        file.write(LINE * 100)
    assert len([*walk]) == count - 1
    assert len([*session.events]) == count
    assert len(replay.load(path).events) == count + 100


def test_lines_that_are_added_while_a_recording_is_converted_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "KEPT_IN_MEMORY", 0)
    path = tmp_path / "a.jsonl"
    path.write_bytes(NOTES * 2_000)
    session = replay.load(path, format=DIARY)
    events = [*session.events]
    with path.open("ab") as file:
        file.write(NOTES)
    assert [*session.events] == events


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_file_that_is_rewritten_has_not_only_grown(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(LINE * 300_000)
    session = replay.load(path)
    path.write_bytes(b'{"type": "text", "content": "No."}\n' + LINE * 300_000)
    with pytest.raises(BackendError, match="it has changed since"):
        list(session.events)
    session = replay.load(path)
    path.rename(tmp_path / "old")
    path.write_bytes(LINE * 400_000)
    with pytest.raises(BackendError, match="it has changed since"):
        list(session.events)
