"""Files of sessions: what their names say, and what is in them."""

import gzip
import io
from functools import partial
from pathlib import Path

import pytest

from replay.errors import BackendError, DecodeError, LimitExceededError
from replay.model.limits import Limits
from replay.model.sessions import Session
from replay_backends.files.session_file import (
    SUFFIXES,
    Reading,
    check_replaceable,
    is_called_for,
    sessions_in,
    stem_of,
)

READING = Reading(strict=False, limits=Limits())
EVENT = '{"type": "text", "content": "Yes."}'


def sessions(
    data: bytes, name: str = "a.json", reading: Reading = READING
) -> list[Session]:
    return list(
        sessions_in(partial(io.BytesIO, data), name, "the-id", "the-file", reading)
    )


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.json", "a"),
        ("a.jsonl", "a"),
        ("a.ndjson", "a"),
        ("a.json.gz", "a"),
        ("a.JSONL.ZST", "a"),
        ("a.gz", "a"),
        ("a", "a"),
        ("a.b.json", "a.b"),
        ("a.json.json", "a.json"),
        ("a.gz.json", "a.gz"),
        ("a.txt", "a.txt"),
        ("a.json.txt", "a.json.txt"),
        ("63", "63"),
        (".json", ".json"),
    ],
)
def test_a_name_loses_the_suffixes_that_say_what_a_file_holds(
    name: str, stem: str
) -> None:
    assert stem_of(name) == stem


def test_all_suffixes_are_known() -> None:
    assert len(SUFFIXES) == 10
    assert {stem_of(f"a{suffix}") for suffix in SUFFIXES} == {"a"}


def test_a_session_that_says_no_id_has_the_one_that_is_given() -> None:
    assert [each.session_id for each in sessions(b"[]")] == ["the-id"]


def test_a_packed_file_is_unpacked_whatever_its_name() -> None:
    assert [each.session_id for each in sessions(gzip.compress(b"[]"))] == ["the-id"]


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.ndjson", "a.JSONL", "a.jsonl.gz", "a.ndjson.zst"]
)
def test_a_name_can_say_that_a_file_is_lines(name: str) -> None:
    (session,) = sessions(b'{"type": "unheard of"}\n', name)
    assert (session.shape, len(session.events)) == ("lines", 1)


def test_lines_are_known_without_such_a_name() -> None:
    (session,) = sessions(f"{EVENT}\n{EVENT}\n".encode())
    assert (session.shape, len(session.events)) == ("lines", 2)


def test_many_sessions_come_one_at_a_time() -> None:
    found = sessions_in(
        partial(io.BytesIO, b'{"events": []}\n{"events": []}\nnonsense'),
        *("a.jsonl", "a", "the-file", READING),
    )
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
    (session,) = sessions_in(open_file, "a.json", "a", "the-file", READING)
    path.write_bytes(change)
    with pytest.raises(BackendError, match="the-file: it has changed since"):
        list(session.events)


def test_strict_reading_refuses_what_is_not_known() -> None:
    data = b'[{"type": "unheard of"}]'
    assert len(sessions(data)) == 1
    with pytest.raises(DecodeError, match="unheard of"):
        sessions(data, reading=Reading(strict=True, limits=Limits()))


def test_a_packed_file_that_is_cut_short_keeps_its_cause() -> None:
    with pytest.raises(DecodeError, match="the-file: gzip data: cut short") as caught:
        sessions(gzip.compress(b"[]")[:-1])
    assert isinstance(caught.value.__cause__, EOFError)


def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    class Failing(io.BytesIO):
        def read(self, _: int | None = None, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(BackendError, match="the-file: input/output error"):
        list(sessions_in(Failing, "a.json", "a", "the-file", READING))


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("a.JSON", None, True),
        ("a.ndjson.zst", None, True),
        ("a.txt", None, False),
        ("a.txt", "*.txt", True),
        ("a.TXT", "*.txt", False),
        ("a.json", "*.txt", False),
    ],
)
def test_a_name_says_whether_a_file_is_one_of_sessions(
    name: str,
    pattern: str | None,
    expected: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert is_called_for(name, pattern) is expected


def test_a_file_of_another_session_must_not_be_replaced() -> None:
    check_replaceable(iter([Session("a"), Session("a")]), "a", "it")
    with pytest.raises(BackendError) as caught:
        check_replaceable(iter([Session("a"), Session("b")]), "a", "it")
    assert str(caught.value) == "it: it holds another session, 'b' (rename it)"
