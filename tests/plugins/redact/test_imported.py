"""Redaction of what was imported from other formats."""

import json
from pathlib import Path

import pytest

import replay
from example_recordings import Example, examples, some
from fake_secrets import SECRETS
from foreign_bytes import sessions_in
from replay import ConversionReport
from replay.errors import ReplayError
from replay_command import Run
from replay_plugins.redact import Redactor

EACH = pytest.mark.parametrize("example", examples(), ids=lambda each: each.format)
ADDRESS = "ada@example.org"


def written(session: replay.Session) -> str:
    """Return all that commands write of a session, its report included."""
    assert session.report
    report = json.dumps(session.report.as_object())
    transcript = replay.transcript(session)
    texts = (replay.render(transcript, form) for form in ("text", "markdown", "json"))
    return "".join(
        [replay.dumps(session).decode(), str(session.report), report, *texts]
    )


@EACH
def test_a_secret_in_any_text_of_a_recording_is_replaced(example: Example) -> None:
    recorded = 0
    for place in some(example.texts()):
        data = example.with_value(place, f"{example.value(place)} {ADDRESS}")
        try:
            sessions = sessions_in(data, example.format)
        except ReplayError:  # a text that the format needs
            continue
        for session in sessions:
            recorded += ADDRESS in written(session)
            assert ADDRESS not in written(Redactor().session(session)), place
    assert recorded


@EACH
def test_what_a_key_says_is_a_secret_is_replaced_wherever_it_is(
    example: Example,
) -> None:
    recorded = 0
    for place in example.places():
        value = example.value(place)
        if not isinstance(value, dict):
            continue
        data = example.with_value(place, {**value, "password": "swordfish"})
        for session in sessions_in(data, example.format):
            recorded += "swordfish" in written(session)
            assert "swordfish" not in written(Redactor().session(session)), place
    assert recorded


@EACH
def test_what_is_no_secret_stays_as_it_was_imported(example: Example) -> None:
    for session in sessions_in(example.write(example.records), example.format):
        redacted = Redactor().session(session)
        assert replay.dumps(redacted) == replay.dumps(session)
        assert session.report
        assert redacted.report
        assert redacted.report.as_object() == session.report.as_object()


def test_kinds_that_differ_in_a_secret_are_counted_together() -> None:
    report = ConversionReport(
        "x", session_id="ada@example.org", version="bo@example.org"
    )
    for name in ("ada", "bo", "ada"):
        report.count("kept", "note")
        report.count("skipped", f"of {name}@example.org")
    report.note("bad-line", "/cy@example.org", "changed", detail="di@example.org")
    session = replay.Session("ses of ada@example.org", report=report)
    redacted = Redactor().session(session)
    assert redacted.report
    assert redacted.report.as_object() == {
        **report.as_object(),
        "session_id": redacted.session_id,
        "version": "<EMAIL_2>",
        "skipped": {"of <EMAIL_1>": 2, "of <EMAIL_2>": 1},
        "items": [
            {
                "code": "bad-line",
                "at": "/<EMAIL_3>",
                "what": "changed",
                "count": 1,
                "detail": "<EMAIL_4>",
            }
        ],
    }
    assert report.session_id == "ada@example.org"


def test_the_report_of_a_redacted_conversion_holds_no_secret(
    run: Run, tmp_path: Path
) -> None:
    secret = SECRETS["github-token"][2]
    log = {"type": secret, "uuid": "u", "sessionId": "s", "parentUuid": None}
    said = {"message": {"role": "user", "content": "Hi"}}
    lines = [json.dumps({**log, "type": "user", **said}), json.dumps(log)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    report = tmp_path / "report"
    new = ("--redact", "--report", report)
    done = run("convert", tmp_path / "log.jsonl", tmp_path / "new", *new)
    assert done.returncode == 0
    files = [report, *(tmp_path / "new").iterdir()]
    assert len(files) == 2
    assert not any(secret in each.read_text() for each in files)
    assert "claude-code/" in files[1].read_text()
