"""Reports that plugins print, or write to a file."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_plugins.report_output import escape_text, unescape_text, write_report


def test_it_is_printed_where_no_file_is_named() -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        write_report((f"{number}\n" for number in range(2500)), None)
    assert [*map(int, printed.getvalue().split())] == [*range(2500)]


def test_what_standard_output_cannot_show_is_escaped() -> None:
    written = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(written, encoding="ascii")) as stdout:
        write_report(["Köln"], None)
    stdout.flush()
    assert written.getvalue() == rb"K\xf6ln"


def test_a_closed_standard_output_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    write_report(["a"], tmp_path / "a")
    with pytest.raises(OSError, match="Bad file descriptor: 'standard output'"):
        write_report(["a"], None)


def test_a_file_is_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    def broken_off() -> Iterator[str]:
        yield "new"
        raise InterruptedError

    (tmp_path / "a").write_text("old")
    with pytest.raises(InterruptedError):
        write_report(broken_off(), tmp_path / "a")
    assert (tmp_path / "a").read_text() == "old"


@given(st.text(st.characters() | st.characters(categories=["Cs"])))
def test_kept_text_comes_through_json_as_it_was(text: str) -> None:
    for each in (text, "\ud83d" + "\ude00"):
        assert unescape_text(json.loads(json.dumps(escape_text(each)))) == each
