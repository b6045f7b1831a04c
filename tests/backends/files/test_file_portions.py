"""Files of sessions, shared out in portions."""

import gzip
import io
import json
import os
import pickle
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portions import all_stored, shown
from recorded_sessions import documents, recorded_events
from replay import Limits, Portion, Session, Stored
from replay.errors import BackendError, DecodeError
from replay_backends.files.file_access import open_named
from replay_backends.files.file_portions import (
    FileKey,
    file_key,
    portions_in,
    stored_in,
)
from replay_backends.files.session_file import Reading, SessionFile, stem_of
from replay_backends.json_file import JSONFileBackend

READING = Reading(strict=False, limits=Limits())
DOCUMENT = b'{"session_id": "a", "events": []}\n'
NAMELESS = b'{"events": []}\n'
EVENT = b'{"type": "text", "content": "Yes."}\n'
MARK = b"\xef\xbb\xbf"
LARGE = 9 << 20  # bytes: more than is kept
PACKINGS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress]
NAMES = ["a.json", "a.jsonl", "a.jsonl.part", "a.b.txt"]


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def session_file(path: Path) -> SessionFile:
    open_file = partial(open_named, path, "the-file")
    return SessionFile(open_file, path.name, stem_of(path.name), "the-file", READING)


def key_of(path: Path) -> FileKey:
    return FileKey.of(path.name, path.stat())


def portions(path: Path) -> list[Portion]:
    return list(portions_in(session_file(path), key_of(path)))


def stored(path: Path) -> list[Stored]:
    return list(stored_in(session_file(path), key_of(path)))


def shared_out(path: Path) -> list[tuple[object, ...]]:
    return [shown(each.read()) for each in all_stored(JSONFileBackend(str(path)))]


def read_to_the_end(path: Path) -> list[tuple[object, ...]] | None:
    """Return a file's sessions; None: it holds something else."""
    try:
        return [shown(each) for each in JSONFileBackend(str(path)).sessions()]
    except DecodeError:
        return None


lines = st.one_of(
    st.sampled_from([b"", b" ", b"\r", MARK, NAMELESS.strip(), EVENT[:-1], b"{torn"]),
    st.one_of(documents, recorded_events).map(as_json),
)
indented = documents.map(lambda each: json.dumps(each, indent=1).encode())
texts = st.one_of(
    st.lists(lines, max_size=4).map(b"\n".join),
    st.lists(documents.map(as_json), max_size=4).map(b"\r\n".join),
    indented,
    st.lists(recorded_events).map(as_json),
    st.binary(max_size=20),
)


@given(texts, st.sampled_from(NAMES), st.sampled_from(PACKINGS))
def test_reading_all_that_is_stored_gives_the_sessions(
    text: bytes, name: str, pack: Callable[[bytes], bytes]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(pack(text))
        expected = read_to_the_end(path)
        if expected is not None:
            assert shared_out(path) == expected


def test_so_it_does_with_files_of_all_kinds(shared: Path) -> None:
    corpus = (shared / "corpus" / "sessions").iterdir()
    torture = (shared / "torture").rglob("*.json")
    readable = [
        (p, found) for p in [*corpus, *torture] if (found := read_to_the_end(p))
    ]
    assert len(readable) > 50
    for path, expected in readable:
        assert shared_out(path) == expected


BLANKS = b" " * LARGE
LONG = NAMELESS[:-2] + b" " * 20_000 + b"}\n"
LONG_EVENT = EVENT[:-2] + b" " * 20_000 + b"}\n"
large_texts = {
    "a document": b'{"session_id": "a", "events": [' + BLANKS + EVENT.strip() + b"]}",
    "a list": b"[" + BLANKS + EVENT + b"]",
    "events": (EVENT + LONG_EVENT) * (LARGE // len(LONG_EVENT)),
    "sessions": b"\n" + (LONG + b"\r\n" + DOCUMENT) * (LARGE // len(LONG)),
    "a long session, then others": NAMELESS[:-2] + BLANKS + b"}\n" + NAMELESS * 2,
}


@pytest.mark.parametrize("pack", [bytes, partial(gzip.compress, compresslevel=0)])
@pytest.mark.parametrize("text", large_texts.values(), ids=large_texts)
def test_so_it_does_with_large_files(
    text: bytes, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(pack(text))
    assert shared_out(path) == read_to_the_end(path)


def test_lines_of_sessions_are_cut_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    count = LARGE // len(DOCUMENT)
    path.write_bytes(DOCUMENT * count + b"\n" * (5 << 20))
    found = portions(path)
    assert [each.size for each in found][:2] == [(4 << 20) // 34 * 34 + 34] * 2
    assert sum(each.sessions for each in found) == count
    assert len(found) == 3


def test_few_lines_of_sessions_are_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(DOCUMENT * 3)
    assert [each.sessions for each in portions(path)] == [3]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", DOCUMENT),
        ("a.jsonl", EVENT * 2),
        ("a.jsonl", gzip.compress(DOCUMENT * 2)),
        ("a.jsonl.part", DOCUMENT * 2),
        ("a.json", b""),
    ],
    ids=["document", "lines-of-events", "gzip", "part", "empty"],
)
def test_other_files_are_one_portion(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert portions(path) == [key_of(path).portion()]


def test_what_cannot_be_opened_is_one_portion_and_told_when_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    key = FileKey("a.json", 9, 5)
    assert list(portions_in(session_file(path), key)) == [key.portion()]
    with pytest.raises(BackendError, match="the-file: no such file"):
        list(stored_in(session_file(path), key))


@pytest.mark.parametrize("data", [DOCUMENT, b"[" + b" " * LARGE + b"]"])
def test_the_digest_of_a_whole_file_is_that_of_its_bytes(
    data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    (found,) = stored(path)
    assert found.name == "a"
    assert found.digest == blake2b(data, digest_size=16).digest()


def test_a_session_on_a_line_is_known_by_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(DOCUMENT + NAMELESS))
    digests = [each.digest for each in stored(path)]
    assert digests[1] == blake2b(NAMELESS.strip(), digest_size=16).digest()


def test_what_is_no_session_fails_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"nonsense")
    (found,) = stored(path)
    with pytest.raises(DecodeError, match="the-file: "):
        found.read()


def test_a_torn_line_is_told_of_every_session(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.part"
    path.write_bytes(DOCUMENT * 2 + b'{"sess')
    codes = [[one.code for one in each.read().diagnostics] for each in stored(path)]
    assert codes == [["torn-line"], ["torn-line"]]


def test_packed_lines_are_yielded_up_to_where_they_are_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(DOCUMENT * 9999)[:-9])
    found = stored_in(session_file(path), key_of(path))
    assert next(found).read() == Session("a")
    with pytest.raises(DecodeError, match="the-file: gzip data: cut short"):
        list(found)


def test_a_file_that_changes_size_after_it_was_listed_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(DOCUMENT)
    key = key_of(path)
    path.write_bytes(DOCUMENT * 2)
    with pytest.raises(BackendError, match=r"changed since it was listed \(list it"):
        list(stored_in(session_file(path), key))


def test_a_file_that_is_written_again_after_it_was_listed_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(DOCUMENT)
    (portion,) = portions(path)
    os.utime(path, ns=(0, 0))
    with pytest.raises(BackendError, match="the-file: it has changed since"):
        list(stored_in(session_file(path), file_key(portion, "the-file")))


def test_a_large_session_is_refused_where_its_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b" " * LARGE + EVENT + b"]")
    (found,) = stored(path)
    sent: Session = pickle.loads(pickle.dumps(found.read()))  # noqa: S301 - our own
    assert len(list(sent.events)) == 1
    os.utime(path, ns=(0, 0))
    with pytest.raises(BackendError, match="it has changed since"):
        list(sent.events)
    with pytest.raises(BackendError, match="it has changed since"):
        found.read()


def test_a_file_that_fails_while_it_is_read_is_named(tmp_path: Path) -> None:
    class Failing(io.FileIO):
        def read(self, _: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    path = tmp_path / "a.json"
    path.write_bytes(DOCUMENT)
    file = SessionFile(partial(Failing, path), "a.json", "a", "the-file", READING)
    with pytest.raises(BackendError, match="the-file: input/output error"):
        list(stored_in(file, key_of(path)))
