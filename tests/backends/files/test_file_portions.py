"""Portions of a file of sessions: their keys, lines and stored sessions."""

import gzip
import io
import json
import os
import pickle
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portions import all_stored, with_all_attributes
from recorded_sessions import documents, recorded_events
from replay import Limits, Portion, Session, Stored
from replay.codec.documents import Line, lines_of_any_length
from replay.codec.stored_history import SourceText
from replay.errors import BackendError, DecodeError
from replay.sources.session_lines import LineRange, SessionLines
from replay_backends.files.file_access import open_named
from replay_backends.files.file_portions import (
    FileKey,
    file_key,
    portions_in,
    stored_in,
    stored_in_all,
)
from replay_backends.files.read_options import ReadOptions
from replay_backends.files.session_file import SessionFile, stem_of
from replay_backends.json_file import JSONFileBackend

OPTIONS = ReadOptions(strict=False, limits=Limits())
DOCUMENT = b'{"session_id": "a", "events": []}\n'
NAMELESS = b'{"events": []}\n'
EVENT = b'{"type": "text", "content": "Yes."}\n'
MARK = b"\xef\xbb\xbf"
LARGE = 9 << 20  # bytes: more than is kept
PACKINGS: list[Callable[[bytes], bytes]] = [bytes, gzip.compress]
LONGEST = 10_000  # bytes of a line
NAMES = ["a.json", "a.jsonl", "a.jsonl.part", "a.b.txt"]


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def session_file(path: Path) -> SessionFile:
    open_file = partial(open_named, path, "the-file")
    return SessionFile(open_file, path.name, stem_of(path.name), "the-file", OPTIONS)


def key_of(path: Path) -> FileKey:
    return FileKey.of(path.name, path.stat())


def portions(path: Path) -> list[Portion]:
    return list(portions_in(session_file(path), key_of(path)))


def stored(path: Path) -> list[Stored]:
    return list(stored_in(session_file(path), key_of(path)))


def shared_out(path: Path) -> list[tuple[object, ...]]:
    return [
        with_all_attributes(each.read())
        for each in all_stored(JSONFileBackend(str(path)))
    ]


def read_to_the_end(path: Path) -> list[tuple[object, ...]] | None:
    """Return a file's sessions, or None if it holds something else."""
    try:
        return [
            with_all_attributes(each) for each in JSONFileBackend(str(path)).sessions()
        ]
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


def test_a_file_that_changes_after_it_was_listed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(DOCUMENT)
    (portion,) = portions(path)
    key = key_of(path)
    path.write_bytes(DOCUMENT * 2)
    with pytest.raises(BackendError, match=r"changed since it was listed \(list it"):
        list(stored_in(session_file(path), key))
    path.write_bytes(DOCUMENT)
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
    file = SessionFile(partial(Failing, path), "a.json", "a", "the-file", OPTIONS)
    with pytest.raises(BackendError, match="the-file: input/output error"):
        list(stored_in(file, key_of(path)))


def test_a_portion_is_as_large_as_its_file_or_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"123")
    status = path.stat()
    key = ("a.json", 3, status.st_mtime_ns)
    assert FileKey.of("a.json", status).portion() == Portion(key, 3, 1)
    some = FileKey("a.jsonl", 9, 5, LineRange(2, 7, 3, 1)).portion(2)
    assert some == Portion(("a.jsonl", 9, 5, 2, 7, 3, 1), 5, 2)


def test_a_key_that_no_file_has_is_refused() -> None:
    lines: list[tuple[str | int, ...]] = [
        *((-1, 7, 3, 1), (7, 2, 3, 1), (2, 10, 3, 1), (2, 10**30, 3, 1)),
        *((2, 7, 1, 3), (2, 7, 3, -1), (2, 7, "3", 1), (2, 7, 3, 1, 0)),
    ]
    keys: list[tuple[str | int, ...]] = [
        *((), ("a.json",), ("a.json", 9), (7, 9, 5)),
        *(("a.json", "9", 5), ("a.json", 9, "now"), ("a.json", 9, 5, 2)),
    ]
    keys += [("a.json", 9, 5, *each) for each in lines]
    for key in keys:
        with pytest.raises(BackendError, match=r"the-file: it has no portion \("):
            file_key(Portion(key, 1), "the-file")


#: Parts of lines: blanks, characters that look blank, and others.
PIECES = [b"", b" ", b"\t", b"\r", MARK, b"\xef", b"\xbb\xbf", b"{}", b"\x0b"]
blanks_and_lines = st.lists(st.sampled_from([*PIECES, b"\n", b"\n", b"\n\n"])).map(
    b"".join
)


def ranges(text: bytes, size: int, longest: int = 100) -> list[tuple[LineRange, int]]:
    source = SourceText(partial(io.BytesIO, text))
    lines = SessionLines(source, "name", limits=Limits(event_bytes=longest))
    return list(lines.ranges(size))


def lines_in(text: bytes, span: LineRange) -> list[Line]:
    file = io.BytesIO(text[: span.end])
    file.seek(span.start)
    start, before = span.start, span.lines_before
    return list(lines_of_any_length(file, 100, offset=start, before=before))


@given(blanks_and_lines, st.integers(1, 20))
def test_ranges_are_together_all_lines_and_count_those_that_are_not_blank(
    text: bytes, size: int
) -> None:
    found = ranges(text, size)
    lines = [lines_in(text, span) for span, _ in found]
    assert [*chain(*lines)] == [*lines_of_any_length(io.BytesIO(text), 100)]
    before = 0
    for (span, filled), each in zip(found, lines, strict=True):
        assert (span.filled_before, filled) == (before, len(each))
        assert span.end > span.start
        before += filled
    ends = [0, *(span.end for span, _ in found)]
    assert ends == [*(span.start for span, _ in found), len(text)]


def test_a_range_ends_with_the_line_in_which_its_size_is_reached() -> None:
    assert ranges(b"1\n22\n\n333\n4", 4) == [
        (LineRange(0, 5, 0, 0), 2),
        (LineRange(5, 10, 2, 2), 1),
        (LineRange(10, 11, 4, 3), 1),
    ]


@pytest.mark.parametrize("end", [b"", b"\n", b"\n{}\n"])
def test_a_line_that_is_too_long_is_a_range_like_any(end: bytes) -> None:
    first, *rest = ranges(b"x" * 1000 + end, 4)
    assert first == (LineRange(0, 1000 + len(end[:1]), 0, 0), 1)
    assert len(rest) == len(end[1:2])


def file_of(
    data: bytes, *, is_lines: bool = True, longest: int = LONGEST
) -> SessionFile:
    options = ReadOptions(strict=False, limits=Limits(event_bytes=longest))
    name = "name.jsonl" if is_lines else "name.json"
    open_file = partial(io.BytesIO, data)
    return SessionFile(open_file, name, "name", "the-file", options)


def holds_lines(file: SessionFile) -> bool:
    text = SourceText(file.stable_opener(), file.source)
    lines = SessionLines(text, file.session_id, limits=file.options.limits)
    return lines.are_sessions(is_lines=file.says_lines)


def lines_stored(data: bytes) -> list[Stored]:
    return list(stored_in_all(file_of(data)))


@pytest.mark.parametrize(
    ("data", "is_lines", "expected"),
    [
        (DOCUMENT, True, True),
        (DOCUMENT, False, False),
        (DOCUMENT * 2, False, True),
        (b"\n \n" + DOCUMENT + b"\r\n" + DOCUMENT, False, True),
        (MARK + DOCUMENT * 2, False, True),
        (EVENT * 2, True, False),
        (EVENT * 2, False, False),
        (EVENT + DOCUMENT, True, False),
        (b'{"events":\n[]}\n', False, False),
        (b"[\n]\n", False, False),
        (b"", True, False),
        (b"", False, False),
        (b"5\n" + DOCUMENT, True, False),
        (b"{torn\n" + DOCUMENT, True, True),
        (b"{torn\n" + EVENT, True, False),
        (b"{torn}\n" + DOCUMENT, False, True),
        (b"x" * (LONGEST + 9) + b"\n" + DOCUMENT, True, True),
        (b"{" + b" " * LONGEST + b"}\n" + DOCUMENT, False, False),
        (b"{torn\n" * 100 + DOCUMENT, True, False),
    ],
)
def test_what_lines_are_is_found_out(
    *, data: bytes, is_lines: bool, expected: bool
) -> None:
    assert holds_lines(file_of(data, is_lines=is_lines)) is expected


@given(st.lists(lines).map(b"\n".join), st.integers(20, 200))
def test_what_is_stored_is_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_bytes(NAMELESS + data)
        found = [(each.name, each.digest) for each in stored(path)]
        cut = [
            (each.name, each.digest)
            for span, _ in ranges(NAMELESS + data, size, LONGEST)
            for each in stored_in(
                session_file(path), attrs.evolve(key_of(path), lines=span)
            )
        ]
    assert cut == found


def test_what_cannot_be_unpacked_holds_no_lines() -> None:
    assert not holds_lines(file_of(gzip.compress(DOCUMENT)[:-9]))


def test_a_first_line_may_be_longer_than_what_is_looked_at_at_once() -> None:
    long = b'{"a": "' + b"x" * (3 << 20) + b'", "events": []}\n'
    file = file_of(long + b"\n" + DOCUMENT, is_lines=False, longest=4 << 20)
    assert holds_lines(file)


def test_a_name_counts_the_lines_that_are_not_blank() -> None:
    found = lines_stored(b"\n" + NAMELESS + b"\n" + NAMELESS * 2)
    assert [each.name for each in found] == ["name", "name-2", "name-3"]
    assert found[1].read() == Session("name-2")


def test_a_digest_is_that_of_the_line_without_its_end() -> None:
    ends = [b"", b"\n", b"\r\n"]
    found = {lines_stored(NAMELESS.strip() + end)[0].digest for end in ends}
    assert found == {blake2b(NAMELESS.strip(), digest_size=16).digest()}


def test_a_bad_line_does_not_keep_later_ones_from_being_read() -> None:
    long = b"x" * (LONGEST + 9) + b"\n"
    found = lines_stored(DOCUMENT + b"{torn\n" + EVENT + long + DOCUMENT)
    told = {1: "line 2, column 2", 2: "line 3: not a session", 3: "line 4: longer than"}
    for number, message in told.items():
        with pytest.raises(DecodeError, match=f"the-file: {message}"):
            found[number].read()
    assert found[0].read() == found[4].read() == Session("a")


def test_an_error_in_a_range_names_the_line_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n" + DOCUMENT * 3 + b"{torn\n")
    *_, (last, _) = ranges(path.read_bytes(), 40)
    key = attrs.evolve(key_of(path), lines=last)
    *_, torn = stored_in(session_file(path), key)
    with pytest.raises(DecodeError, match="line 5, column 2"):
        torn.read()


@pytest.mark.parametrize("data", [b"x" * LARGE, b"\0" * LARGE, b"\n" + b"9" * LARGE])
def test_a_huge_file_that_cannot_hold_a_session_is_not_hashed(
    data: bytes, tmp_path: Path
) -> None:
    sizes: list[int] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            found = super().read(size)
            sizes.append(len(found))
            return found

    file = attrs.evolve(session_file(tmp_path / "a"), open_file=partial(Counted, data))
    (stored,) = stored_in_all(file)
    assert sum(sizes) < 2 << 20
    with pytest.raises(DecodeError, match=r"the-file: "):
        stored.read()


def test_a_file_that_is_corrupt_or_blank_is_refused_when_it_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    for data in (b"\n", gzip.compress(DOCUMENT)[:12] + b"x" * 30):
        path.write_bytes(data)
        (found,) = stored(path)
        with pytest.raises(DecodeError):
            found.read()
