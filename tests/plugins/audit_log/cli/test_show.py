"""``replay audit show``."""

from pathlib import Path

import pytest

from audit_command import audit
from forged_logs import edited, replaced, written


def shown(*arguments: object) -> list[list[str]]:
    """Return the rows that are printed, their times left out."""
    done = audit("show", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return [[row[0], *row[2:]] for row in rows]


def test_a_record_is_a_line_in_a_pipe(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
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


def test_records_are_filtered(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    kinds = [row[1] for row in shown(log.log, "--session", "ses-2")]
    assert (kinds[0], kinds[-1], len(kinds)) == ("session_start", "session_end", 9)
    assert [
        row[0] for row in shown(log.log, "--tool", "pay", "--session", "ses-1")
    ] == [
        *("4", "5"),
    ]
    picked = shown(log.log, "--kind", "log_opened", "--kind", "checkpoint")
    assert [row[0] for row in picked] == ["0", "10", "20", "21"]


def test_records_are_filtered_by_time(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    time = audit("show", log.log).stdout.splitlines()[5].split("\t")[1]
    since, until = shown(log.log, "--since", time), shown(log.log, "--until", time)
    assert since + until
    assert {row[0] for row in since}.isdisjoint(row[0] for row in until)
    assert len(since) + len(until) == 22
    assert shown(log.log, "--since", "1999-01-01", "--until", "2000-01-01") == []
    assert shown(log.log, "--until", "1999-12-31T23:00:00+01:00") == []


def test_what_is_no_time_is_wrong_usage(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    done = audit("show", log.log, "--since", "noon")
    assert done.returncode == 2
    assert "'noon' is no date and no time in ISO 8601" in done.stderr


def test_for_programs_records_are_as_they_stand(tmp_path: Path) -> None:
    log = written(tmp_path / "log", max_bytes=1500)
    done = audit("show", log.log, "--json")
    parts = [*log.files.parts(), log.log]
    assert done.stdout.encode() == b"".join(each.read_bytes() for each in parts)


def test_a_line_that_is_no_record_is_shown_as_that(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    edited(log, lambda lines: [lines[0], b"[1]", b"\xff\x1b[31m", lines[1]])
    assert [row[1] for row in shown(log.log)] == [
        *("log_opened", "?", "?", "session_start"),
    ]
    assert "\x1b" not in audit("show", log.log, "--json").stdout


def test_long_values_are_cut(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 4, b"Acme", b"A" * 1000)
    assert len(shown(log.log)[4][-1]) < 200


def test_what_was_recorded_cannot_steer_the_terminal(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    replaced(log, 3, b"Pay", b"\\u001b[2J\\u202e\\tPay")
    row = shown(log.log)[3]
    assert len(row) == 5
    assert "content=\u241b[2J\\u{202e}\u2409Pay" in row[-1]
