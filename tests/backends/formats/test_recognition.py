"""How a recording's format is told by its content, or by its name."""

import gzip
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from diaries import CODE, DIARY, NOTES
from registering import Install
from replay_backends.formats import recognition
from replay_backends.formats.head import Head, holds_session


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Look for registered formats again, as in a process of each test's own."""
    for each in (recognition.known_formats, recognition.format_called):
        each.cache_clear()
    yield
    for each in (recognition.known_formats, recognition.format_called):
        each.cache_clear()


@pytest.fixture
def diary(install: Install) -> None:
    """Install a package that registers the format."""
    install("diaries", CODE + "\ndiary = Diary\n", format="diary")


def formats(location: str | Path, **options: object) -> list[str | None]:
    with replay.open(location, **options) as source:
        found = [each.format for each in source.summaries()]
        assert [each.format for each in source.sessions()] == found
    return found


@pytest.mark.usefixtures("diary")
def test_what_a_package_registers_is_told_by_content_wherever_the_file_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jsonl").write_bytes(NOTES)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(NOTES))
    (tmp_path / "c.json").write_text('{"session_id": "ours", "events": []}')
    assert formats(tmp_path / "a.jsonl") == ["diary"]
    assert formats(tmp_path) == ["diary", "diary", None]
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for name in ("a.jsonl", "c.json"):
            file.write(tmp_path / name, name)
    assert formats(packed) == ["diary", None]


@pytest.mark.usefixtures("diary")
def test_standard_input_is_told_by_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NOTES)))
    assert formats("-") == ["diary"]


@pytest.mark.usefixtures("diary")
def test_a_name_before_the_location_chooses_the_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"by": "user", "text": "no number"}\n')
    with pytest.raises(replay.UnrecognizedError, match="with the keys 'by', 'text'"):
        formats(path)
    assert formats(f"diary:{path}") == ["diary"]
    assert formats(f"diary:{tmp_path}") == ["diary"]


def test_a_class_in_a_file_is_a_format(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(NOTES)
    assert formats(path, format=DIARY) == ["Diary"]


def test_a_format_that_nobody_has_is_refused_with_those_there_are(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(NOTES)
    with pytest.raises(
        replay.UnknownNameError, match=r"no format 'dairy'.*claude-code"
    ):
        replay.load(path, format="dairy")


def test_two_formats_that_fit_are_named_with_the_option_that_decides(
    install: Install, tmp_path: Path
) -> None:
    for name in ("diary", "journal"):
        install(name, f"{CODE}\n{name} = Diary\n", format=name)
    path = tmp_path / "a.jsonl"
    path.write_bytes(NOTES)
    with pytest.raises(replay.BackendError) as caught:
        replay.load(path)
    told = "this may be diary or journal (say which: --option format=diary)"
    assert str(caught.value) == f"{path}: {told}"
    assert replay.load(path, format="journal").format == "journal"


def test_a_format_that_nobody_asked_for_by_name_does_no_harm(
    install: Install, tmp_path: Path
) -> None:
    install("broken", "import nothing_of_this_name", format="unloadable")
    install("greedy", "class greedy:\n    recognizes = 7 / 1\n", format="greedy")
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"type": "new"}\n{"type": "stop"}\n')
    assert formats(path) == [None]
    with pytest.raises(replay.BackendError, match="format 'unloadable': cannot be imp"):
        replay.load(path, format="unloadable")


@pytest.mark.parametrize(
    ("code", "changed", "failure"),
    [
        ("self._build = build", "self._builder = build", "AttributeError.*_build"),
        ("yield Conversion(", "yield 1 / 0 or Conversion(", "ZeroDivisionError"),
        ("(self, recording:", "(recording:", "TypeError"),
    ],
)
def test_a_format_that_fails_is_named_with_the_line(
    tmp_path: Path, code: str, changed: str, failure: str
) -> None:
    broken, path = tmp_path / "broken.py", tmp_path / "a.jsonl"
    broken.write_text(CODE.replace(code, changed), "utf-8")
    path.write_bytes(NOTES)
    told = rf"format .*broken.py::Diary': cannot convert a recording: {failure}"
    with pytest.raises(replay.BackendError, match=told):
        replay.load(path, format=f"{broken}::Diary")


def test_no_session_of_the_service_is_taken_for_something_else(shared: Path) -> None:
    for path in (shared / "corpus" / "sessions").glob("*.json"):
        assert replay.load(path).format is None


@pytest.mark.parametrize(
    "text",
    [
        '{"session_id": "a", "events": []}',
        '{"events": [',
        '\n{"generated_title": {"a": [1]}, "events": [{"type": "text", "content',
        '[{"type": "text", "content": "a"}, 7',
        '{"type": "user_input", "content": "a"}\n{"type": 7}\n',
        '{"events": []}\n{"events": []}\n',
    ],
)
def test_what_begins_like_a_session_is_one(text: str) -> None:
    assert holds_session(Head(text.encode(), is_whole=False))


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "[", "{", "{}", "[7]", '{"a": 1', '{"events": {}}', '{"a": [1, {'),
        *('{"type": "text", "text": "a"}', '[{"type": "assistant"}]', "{7: 1}"),
    ],
)
def test_what_begins_otherwise_may_be_something_else(text: str) -> None:
    assert not holds_session(Head(text.encode(), is_whole=False))
