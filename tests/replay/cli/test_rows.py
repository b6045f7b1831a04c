"""Facts in rows."""

import json

import pytest

from replay.cli.output import write_objects, write_rows


def test_in_a_pipe_a_row_is_a_line_with_tabs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_rows(["ONE", "TWO"], [["a", "b"], ["c", None]])
    assert capsys.readouterr().out == "a\tb\nc\t\n"


def test_what_was_recorded_cannot_make_a_row_or_a_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_rows(["ONE", "TWO"], [["a\tb", "c\nd\x1b\u2028"]])
    assert capsys.readouterr().out == "a␉b\tc␊d␛\\u{2028}\n"


def test_an_object_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    objects: list[dict[str, object]] = [{"a": "\n\u2028\x9b\ud83d"}, {"b": 10**30}]
    write_objects(objects)
    written = capsys.readouterr().out
    assert [json.loads(line) for line in written.splitlines()] == objects
