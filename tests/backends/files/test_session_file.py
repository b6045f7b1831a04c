"""Files of sessions: their names, what is in them, and what is written to them."""

import gzip
import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from replay import Event, Text, UnknownEvent
from replay.codec.writer import dumps
from replay.errors import BackendError, DecodeError, LimitExceededError
from replay.model.limits import Limits
from replay.model.sessions import Session, Shape
from replay_backends.files.session_file import (
    SUFFIXES,
    Reading,
    SessionFile,
    check_replaceable,
    file_to_keep,
    is_called_for,
    stem_of,
)

READING = Reading(strict=False, limits=Limits())
EVENT = '{"type": "text", "content": "Yes."}'


def sessions(
    data: bytes, name: str = "a.json", reading: Reading = READING
) -> list[Session]:
    open_file = partial(io.BytesIO, data)
    return list(SessionFile(open_file, name, "the-id", "the-file", reading).sessions())


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
    assert len(SUFFIXES) == 10
    assert {stem_of(f"a{suffix}") for suffix in SUFFIXES} == {"a"}


def test_a_session_that_says_no_id_has_the_one_that_is_given() -> None:
    for data in (b"[]", gzip.compress(b"[]")):  # unpacked, whatever its name
        assert [each.session_id for each in sessions(data)] == ["the-id"]
    with pytest.raises(DecodeError, match="the-file: gzip data: cut short") as caught:
        sessions(gzip.compress(b"[]")[:-1])
    assert isinstance(caught.value.__cause__, EOFError)


def test_a_name_can_say_that_a_file_is_lines_or_its_lines_do() -> None:
    odd = b'{"type": "unheard of"}\n'
    for suffix in ("jsonl", "ndjson", "JSONL", "jsonl.gz", "ndjson.zst"):
        (session,) = sessions(odd, f"a.{suffix}")
        assert (session.shape, len(session.events)) == ("lines", 1)
    (session,) = sessions(f"{EVENT}\n{EVENT}\n".encode())
    assert (session.shape, len(session.events)) == ("lines", 2)


def test_many_sessions_come_one_at_a_time() -> None:
    open_file = partial(io.BytesIO, b'{"events": []}\n{"events": []}\nnonsense')
    found = SessionFile(open_file, "a.jsonl", "a", "the-file", READING).sessions()
    assert [next(found).session_id, next(found).session_id] == ["a", "a-2"]
    with pytest.raises(DecodeError):
        next(found)


def test_what_is_malformed_names_the_file_and_the_place() -> None:
    with pytest.raises(DecodeError) as caught:
        sessions(b'{"session_id": 7, "events": []}')
    assert (caught.value.source, caught.value.where) == ("the-file", "$.session_id")


def test_a_limit_that_is_exceeded_names_the_file() -> None:
    reading = Reading(strict=False, limits=Limits(depth=3))
    with pytest.raises(LimitExceededError) as caught:
        sessions(b"[" * 10 + b"]" * 10, reading=reading)
    assert caught.value.source == "the-file"


@pytest.mark.parametrize("change", [b"[[]]", b"[\n]"])
def test_a_large_file_that_has_changed_is_refused(
    change: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b" " * (9 << 20) + b"]")
    open_file = partial(io.FileIO, path)
    (session,) = SessionFile(open_file, "a.json", "a", "the-file", READING).sessions()
    path.write_bytes(change)
    with pytest.raises(BackendError, match="the-file: it has changed since"):
        list(session.events)


def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    class Failing(io.BytesIO):
        def read(self, _: int | None = None, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BackendError, match="the-file: input/output error"):
        list(SessionFile(Failing, "a.json", "a", "the-file", READING).sessions())


def test_a_name_says_whether_a_file_is_one_of_sessions() -> None:
    assert is_called_for("a.JSON", None)
    assert is_called_for("a.ndjson.zst", None)
    assert not is_called_for("a.txt", None)
    assert is_called_for("a.txt", "*.txt")
    assert not is_called_for("a.TXT", "*.txt")
    assert not is_called_for("a.json", "*.txt")


def test_a_file_of_another_session_must_not_be_replaced() -> None:
    check_replaceable(iter([Session("a"), Session("a")]), "a", "it")
    with pytest.raises(BackendError) as caught:
        check_replaceable(iter([Session("a"), Session("b")]), "a", "it")
    assert str(caught.value) == "it: it holds another session, 'b' (rename it)"


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
        name, kept = file_to_keep(session)
        (again,) = sessions(dumps(kept), name)
        assert again == Session(
            "the-id" if kept.shape != "document" else "a", events=events
        )
        assert again.shape == kept.shape


def test_the_shape_is_kept_unless_only_a_document_will_do() -> None:
    events = [Text("a"), Text("b")]
    for shape in SHAPES:
        session = Session("a", events=events, shape=shape)
        assert file_to_keep(session) == ("a.json", session)
        assert file_to_keep(session)[1].shape == shape
        titled = Session("a", generated_title="Revenue", events=events, shape=shape)
        nameless = Session("a" * 999, events=events, shape=shape)  # too long for a file
        for each in (titled, nameless):
            assert file_to_keep(each)[1].shape == "document"
