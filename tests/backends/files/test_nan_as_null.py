"""NaN and Infinity, which Python writes and JSON does not have."""

import gzip
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import replay
from portions import all_stored
from replay import PortionedBackend, ToolResult
from replay_backends.files.nan_as_null import NaNAsNull
from zip_files import write_zip

OTHERS = [1.5, "NaN \\", '"NaN', {"NaN": "\\"}]
MEANS = [float("nan"), float("inf"), -float("inf"), *OTHERS]
NULLS = [None, None, None, *OTHERS]
EVENT = {"type": "tool_result", "call_id": "c", "name": "n", "result": MEANS}


def write(path: Path, *, is_lines: bool = False) -> Path:
    documents = [{"session_id": each, "events": [EVENT]} for each in "xy"]
    value = map(json.dumps, documents) if is_lines else [json.dumps([EVENT], indent=1)]
    path.write_text("\n".join(value))
    return path


def results(location: str | Path) -> list[object]:
    """Return the result in each session, checked for its diagnostic."""
    with replay.open(location, nan="null") as source:
        sessions = [*source]
        assert isinstance(source.backend, PortionedBackend)
        stored = [each.read() for each in all_stored(source.backend)]
        assert stored == sessions
        sessions += stored
    for session in sessions:
        assert [each.code for each in session.diagnostics] == ["nan-as-null"]
    events = [event for session in sessions for event in session.events]
    return [event.result for event in events if isinstance(event, ToolResult)]


def test_they_are_refused_unless_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json")
    with pytest.raises(replay.DecodeError, match="not JSON: NaN") as caught:
        replay.load(path)
    assert caught.value.where == "$[0].result[0]"
    for value, told in (
        ("0", "^option 'nan': must be 'null', or left out, not '0'$"),
        (0, "^option 'nan': must be 'null', or left out, not 0$"),
    ):
        with pytest.raises(replay.BackendError, match=told):
            replay.load(path, nan=value)


def test_they_are_read_as_null_wherever_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "it"
    folder.mkdir()
    write(folder / "a.json")
    write(folder / "b.jsonl", is_lines=True)
    (folder / "c.json.gz").write_bytes(gzip.compress((folder / "a.json").read_bytes()))
    packed = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_zip(tmp_path / "it.zip", packed)
    for location, count in (
        *((folder / "a.json", 1), (folder / "b.jsonl", 2), (folder / "c.json.gz", 1)),
        *((folder, 4), (tmp_path / "it.zip", 4)),
    ):
        assert results(location) == [NULLS] * 2 * count


def test_a_file_without_them_has_no_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"events": ["NaN"]}')
    assert replay.load(tmp_path / "a.json", nan="null").diagnostics == ()


PIECES = ['"', "\\", "NaN", "Infinity", "-Infinity", "Na", "-", "x" * 9, " "]
TEXTS = st.lists(st.sampled_from(PIECES)).map("".join)


@given(TEXTS, st.integers(1, 12))
def test_only_what_is_outside_of_strings_changes_however_blocks_are_cut(
    text: str, size: int
) -> None:
    data = text.encode()
    convert = NaNAsNull()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    found = b"".join(map(convert, [*blocks, b""])).decode()
    tokens = r'"(?:[^"\\]|\\.)*"?|\\.|(-?Infinity|NaN)'
    expected = re.sub(tokens, lambda e: "null" if e[1] else e[0], text, flags=re.DOTALL)
    assert found == expected
    assert convert.count == found.count("null")


@pytest.mark.parametrize("torn", [b'{"type": "text", "content": "a', b'"\\', b'"\\\r'])
def test_a_line_that_broke_off_changes_no_text_after_it(
    tmp_path: Path, torn: bytes
) -> None:
    said = b'{"type": "text", "content": "is NaN, or -Infinity"}'
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([torn, said, torn, said]))
    _, *events = replay.load(tmp_path / "a.jsonl", nan="null").events
    assert [*events[::2]] == [replay.Text("is NaN, or -Infinity")] * 2
