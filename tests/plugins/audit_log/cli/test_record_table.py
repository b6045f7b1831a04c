"""The table of records, ``replay audit show``."""

from pathlib import Path

import click
import pytest

from audit_command import audit
from forged_logs import Written, replaced, written
from replay_plugins.audit_log.cli.record_table import moment, record_of, row_of, show


@pytest.fixture
def log(tmp_path: Path) -> Written:
    return written(tmp_path / "log")


def shown(*arguments: object) -> list[list[str]]:
    """Return the rows that are printed, their times left out."""
    done = audit("show", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [[row[0], *row[2:]] for row in rows]


def test_a_record_is_a_line_in_a_pipe(log: Written) -> None:
    rows = shown(log.log)
    assert len(rows) == 22
    assert rows[4] == [
        *("4", "tool_call", "ses-1", "1"),
        'name=pay id=c1 arguments={"amount": 4200.0, "to": "Acme"}',
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("digest", "content=[16 characters, digest only]"),
        ("committed", "content=[16 characters, committed]"),
        ("full", "content=Pay the invoice."),
    ],
)
def test_what_is_hidden_is_said_to_be(tmp_path: Path, content: str, told: str) -> None:
    log = written(tmp_path / "log", content)
    assert shown(log.log)[3][-1] == told


def test_records_are_filtered(log: Written) -> None:
    kinds = [row[1] for row in shown(log.log, "--session", "ses-2")]
    assert (kinds[0], kinds[-1], len(kinds)) == ("session_start", "session_end", 9)
    picked = shown(log.log, "--tool", "pay", "--session", "ses-1")
    assert [row[0] for row in picked] == ["4", "5"]
    picked = shown(log.log, "--kind", "log_opened", "--kind", "checkpoint")
    assert [row[0] for row in picked] == ["0", "10", "20", "21"]


def test_records_are_filtered_by_time(log: Written) -> None:
    time = audit("show", log.log).stdout.splitlines()[5].split("\t")[1]
    since, until = shown(log.log, "--since", time), shown(log.log, "--until", time)
    assert [row[0] for row in until + since] == [*map(str, range(22))]
    assert since[0][0] == "5"
    assert shown(log.log, "--since", "1999-01-01", "--until", "2000-01-01") == []
    assert shown(log.log, "--until", "1999-12-31T23:00:00+01:00") == []


def test_for_programs_records_are_as_they_stand(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    done = audit("show", log.log, "--json")
    parts = [*log.files.parts(), log.log]
    assert done.stdout.encode() == b"".join(each.read_bytes() for each in parts)


def test_what_was_recorded_cannot_steer_the_terminal(log: Written) -> None:
    replaced(log, 3, b"Pay", b"\\u001b[2J\\u202e\\tPay")
    row = shown(log.log)[3]
    assert len(row) == 5
    assert "content=\u241b[2J\\u{202e}\u2409Pay" in row[-1]


CONTEXT = click.Context(show)
SINCE = click.Option(["--since"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-26", "2026-11-26T00:00:00.000000Z"),
        ("2026-11-26T01:20", "2026-11-26T01:20:00.000000Z"),
        ("2026-11-26T01:20:00.5Z", "2026-11-26T01:20:00.500000Z"),
        ("2026-11-26T01:20:00+02:00", "2026-11-25T23:20:00.000000Z"),
    ],
)
def test_a_time_is_told_as_records_tell_it(text: str, told: str) -> None:
    assert moment(CONTEXT, SINCE, text) == told


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="isn't a date or time in ISO 8601"):
        moment(CONTEXT, SINCE, text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "a=text"),
        (None, "a=null"),
        ({"length": 1, "width": 2}, 'a={"length": 1, "width": 2}'),
        ({"length": 1, "commitment": "ab"}, "a=[1 characters, committed]"),
        ("x" * 101, "a=" + "x" * 100 + "…"),
    ],
)
def test_a_field_is_told_in_a_few_words(value: object, shown: str) -> None:
    assert row_of({"seq": 1, "b.a": value}) == ["1", "", "", "", "", shown]


@pytest.mark.parametrize("line", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_record_is_said_so(line: bytes) -> None:
    assert row_of(record_of(line)) == ["", "", "?", "", "", "what=no record"]
