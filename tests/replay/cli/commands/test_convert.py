"""``replay convert``, and how commands show what was converted."""

import json
from pathlib import Path
from typing import Final

import pytest

import replay
from diaries import DIARY, NOTES, notes, said
from fake_secrets import SECRETS
from replay_command import Run

_FORMAT: Final = ("--option", f"format={DIARY}")


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(NOTES)
    return path


def test_it_writes_our_sessions_and_what_became_of_the_records(
    run: Run, diary: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.jsonl"
    done = run("convert", diary, tmp_path / "new", *_FORMAT, "--report", report)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"replay: 1 session copied to {tmp_path / 'new'}\n"
    session = replay.load(diary, format=DIARY)
    written = replay.load(tmp_path / "new" / "mine.json")
    assert (written, written.format) == (session, None)
    assert session.report
    assert json.loads(report.read_bytes()) == session.report.as_object()


def test_of_a_session_of_ours_there_is_nothing_to_report(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text("[]")
    done = run("convert", path, tmp_path / "new", "--report", "-")
    assert (done.returncode, done.stdout) == (0, "")
    assert run("convert", path, tmp_path / "new").returncode == 0


def test_redaction_reaches_what_was_imported(run: Run, tmp_path: Path) -> None:
    secret = SECRETS["github-token"][2]
    path = tmp_path / "mine.jsonl"
    path.write_bytes(
        notes(
            {**said("user", f"my key is {secret}"), "mood": secret},
            {"by": "weather", "text": secret},
        )
    )
    assert secret in replay.dumps(replay.load(path, format=DIARY)).decode()
    done = run("convert", path, tmp_path / "new", *_FORMAT, "--redact")
    assert done.returncode == 0
    assert secret not in (tmp_path / "new" / "mine.json").read_text()


def test_the_list_says_what_was_converted(run: Run, diary: Path) -> None:
    done = run("ls", diary, *_FORMAT)
    assert done.stdout == "mine\t\t2026-11-30T09:00:04.000000\tDiary\n"
    (found,) = map(json.loads, run("ls", diary, *_FORMAT, "--json").stdout.splitlines())
    assert found["format"] == "Diary"


def test_a_check_tells_it_in_a_note_that_is_no_finding(run: Run, diary: Path) -> None:
    done = run("check", diary, *_FORMAT)
    told = "Diary: 5 records: 3 mapped, 1 kept, 1 skipped"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"mine: document: converted: {told}\n"
    found = json.loads(run("check", diary, *_FORMAT, "--json").stdout)
    assert (found["code"], found["detail"]) == ("converted", told)


def test_a_record_of_another_format_is_a_line_unless_all_is_asked_for(
    run: Run, diary: Path
) -> None:
    line = "Unknown event: Diary/note (70 B)"
    text = run("transcript", diary, *_FORMAT).stdout
    assert f"\n\n{line}\n\n" in text
    assert "weather" not in text
    page = run("transcript", diary, *_FORMAT, "--format", "markdown").stdout
    assert "### Unknown event: `Diary/note` (70 B)\n\n###" in page
    for format_ in ("text", "markdown"):
        whole = run("transcript", diary, *_FORMAT, "--all", "--format", format_).stdout
        assert '"by": "weather"' in whole
        assert line not in whole
    document = json.loads(run("transcript", diary, *_FORMAT, "--format", "json").stdout)
    assert document["turns"][0]["steps"][1]["raw"]["record"]["text"] == "rain"


def test_a_hostile_type_forges_no_heading(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    event = {"type": "x/y\nTurn 2 (complete)\x1b[31m", "record": "a" * 12_345}
    path.write_text(json.dumps([event]))
    text = run("transcript", path).stdout
    assert "Unknown event: x/y␊Turn 2 (complete)␛[31m (12 kB)\n" in text


def test_several_locations_and_patterns_are_read_in_order(
    run: Run, tmp_path: Path
) -> None:
    for name in "cab":
        (tmp_path / f"{name}.json").write_text("[]")
    twice = (tmp_path / "c.json", tmp_path / "[a-c].json")
    names = [line.split("\t")[0] for line in run("ls", *twice).stdout.splitlines()]
    assert names == ["c", "a", "b", "c"]
    done = run("copy", *twice, tmp_path / "new")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [
            "replay: error: not copied: another session with id 'c'",
            f"replay: 3 sessions copied to {tmp_path / 'new'}",
        ],
    )
    one = run("transcript", *twice, "--session", "b").stdout
    assert one.startswith("Session: b\n")
    done = run("transcript", *twice, "--session", "d")
    assert "c.json, " in done.stderr
    assert done.returncode == 2
    assert run("check", *twice).stdout.count("repeated-session-id") == 1
    assert run("run", "--plugin", "usage", *twice).returncode == 0
    done = run("ls", tmp_path / "nothing*")
    assert "nothing*: no such file" in done.stderr
