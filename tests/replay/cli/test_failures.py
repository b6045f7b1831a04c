"""Errors: one clear line on standard error, and an exit code, without delay."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click import ClickException
from click.exceptions import Exit

from odd_errors import ODD_ERRORS, OddError
from privileges import public_folder, unprivileged
from replay.cli.failures import report_error
from replay.errors import DecodeError, PluginError, ReplayError
from replay_command import Run

EVENTS = b'[{"type": "text", "content": "x"}]'
DEEP = 10_000


def test_an_error_that_cannot_be_told_is_an_output_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    with suppress(OSError), full.open("w") as stderr:  # it cannot be closed either
        monkeypatch.setattr(sys, "stderr", stderr)
        hook_failed = PluginError("p", "it failed", hook="replay_text")
        for error in (OSError(2, "no such file"), hook_failed):
            for is_traceback_wanted in (False, True):
                code = report_error(error, is_traceback_wanted=is_traceback_wanted)
                assert code == 2
        monkeypatch.undo()


def problem_with(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that the user gets."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("replay: error: ")
    assert done.stderr.count("\n") == 1
    assert "a bug in" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (EVENTS[:20], "cut off"),
        (b'{"session_id": "a", "events": [\n', "the text ends too soon"),
        (EVENTS + b"x", "not JSON"),
        (b"{}", "not a session"),
        (b'{"events": {}}', "not a session"),
        (b'"text"', "it looks like text"),
        (b"null", "it looks like text"),
        (b"[" * DEEP + b"]" * DEEP, "nested deeper"),
        (
            b'{"events": [' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"]}",
            "nested deeper",
        ),
        (b'["\xff"]', "not UTF-8"),
        (EVENTS.decode().encode("utf-16"), "UTF-16"),
        (EVENTS.decode().encode("utf-16-le"), "UTF-16"),
        (EVENTS.decode().encode("utf-32"), "UTF-16 or UTF-32"),
        (b'[{"type": "text", "content": NaN}]', "$[0].content: not JSON: NaN"),
        (b'{"events": [{"x": 1e999}]}', "too large for a float"),
        (b'{"session_id": 5, "events": []}', "$.session_id: expected a string"),
        (b'{"generated_title": [], "events": []}', "$.generated_title"),
        (b'{"job_metadata": {"turns": "2"}, "events": []}', "$.job_metadata.turns"),
        (b"\x1f\x8b\x08\x00broken", ""),
        (b"0" * 5_000_000, "it looks like text"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_what_is_no_session_is_told(
    run: Run, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    problem = problem_with(run("transcript", path))
    assert str(path) in problem
    assert words in problem


@pytest.mark.parametrize(
    ("name", "place"), [("a.json", ""), ("a.txt", ""), ("a.sse", "line 1: ")]
)
def test_a_response_saved_with_its_headers_is_told(
    run: Run, tmp_path: Path, name: str, place: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b'HTTP/2 200\r\nserver: x\r\n\r\n{\n"events": []}')
    told = f"{path}: {place}HTTP headers, not JSON (save it without curl's option"
    assert told in problem_with(run("transcript", path))


def test_the_same_is_told_of_a_pipe(process: Run) -> None:
    problem = problem_with(process("transcript", "-", stdin=EVENTS[:-1]))
    assert "the text ends too soon" in problem


@pytest.mark.parametrize("character", [b"\0", b"0"])
def test_a_line_of_a_gigabyte_is_refused_soon(
    run: Run, tmp_path: Path, character: bytes
) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(character * 100)
    os.truncate(path, 1 << 30)  # takes no room on the disk
    assert str(path) in problem_with(run("transcript", path))


@pytest.mark.parametrize("location", ["", "x" * 5000, "\x1b]0;title\x07", "/dev/zero"])
def test_a_name_that_no_file_has_is_told(run: Run, location: str) -> None:
    assert "\x1b" not in problem_with(run("transcript", location))


def test_an_unknown_backend_is_told_with_those_that_are_known(run: Run) -> None:
    problem = problem_with(run("transcript", "ftp://host/x"))
    assert "'ftp'" in problem
    assert "json_file" in problem


@pytest.mark.parametrize("command", ["transcript", "ls", "check", "run --plugin usage"])
def test_a_directory_without_sessions_is_an_error(
    run: Run, tmp_path: Path, command: str
) -> None:
    problem = problem_with(run(*command.split(), tmp_path))
    assert problem.startswith(f"replay: error: {tmp_path}: ")
    assert "JSON" in problem


def test_an_unreadable_file_is_told(run: Run) -> None:
    with public_folder() as folder:
        path = folder / "session.json"
        path.write_bytes(EVENTS)
        assert run("transcript", path).returncode == 0  # imports all that is needed
        path.chmod(0)
        with unprivileged():
            problem = problem_with(run("transcript", path))
    assert problem == f"replay: error: {path}: permission denied\n"


def test_a_bad_session_among_good_ones_is_told_after_them(run: Run) -> None:
    good = json.dumps({"session_id": "ses-1", "events": []})
    done = run("transcript", "-", stdin=f"{good}\n{good}\n{{\n")
    assert done.returncode == 1
    assert done.stdout.count("Session: ses-1\n") == 2
    assert "line 3" in done.stderr


def code_and_message(
    capsys: pytest.CaptureFixture[str], error: Exception, *, traceback: bool = False
) -> tuple[int, str]:
    """Return an error's exit code and message."""
    code = report_error(error, is_traceback_wanted=traceback)
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DecodeError("$.events", "given twice"), "$.events: given twice"),
        (
            PermissionError(13, "Permission denied", "out.txt"),
            "out.txt: permission denied",
        ),
        (OSError(28, "No space left on device"), "no space left on device"),
        (IsADirectoryError(21, "Is a directory", ""), "'': is a directory"),
        (MemoryError(), "not enough memory"),
        (ClickException("Bad."), "Bad"),
        (
            DecodeError("$", "\x1b]0;title\x07\nreplay: error: forged"),
            "$: ␛]0;title␇␊replay: error: forged",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_a_line_in_its_own_words_that_cannot_steer_a_terminal(
    capsys: pytest.CaptureFixture[str], error: Exception, message: str
) -> None:
    assert code_and_message(capsys, error) == (2, f"replay: error: {message}\n")
    assert "\x1b" not in code_and_message(capsys, error, traceback=True)[1]


def test_a_hook_that_failed_is_told_apart_from_what_could_not_begin() -> None:
    failed = PluginError("usage", "boom", hook="replay_text")
    assert report_error(failed) == 2
    failed.__cause__ = KeyError("boom")
    assert report_error(failed) == 1


def test_whatever_a_hook_raised_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for cause, words in ODD_ERRORS.items():
        failed = PluginError("usage", words, hook="replay_text")
        failed.__cause__ = cause
        told = f"replay: error: plugin 'usage', hook replay_text: {words}\n"
        assert code_and_message(capsys, failed) == (1, told)
        code, message = code_and_message(capsys, failed, traceback=True)
        assert (code, message[-len(told) :]) == (1, told)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("content"), "KeyError: 'content'"),
        (RecursionError(), "RecursionError"),
        (OSError("no number"), "OSError: no number"),
    ],
)
def test_a_bug_is_one_line_that_names_the_error(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    where = "(a bug in replay; replay --traceback … shows where)"
    assert code_and_message(capsys, error) == (2, f"replay: error: {words} {where}\n")


def test_an_error_that_cannot_be_shown_is_told_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, message = code_and_message(capsys, OddError())
    assert "OddError: its text cannot be shown (KeyError) (a bug" in message

    class OddReplayError(ReplayError):
        def __str__(self) -> str:
            raise KeyError

    _, message = code_and_message(capsys, OddReplayError())
    assert message == "replay: error: its text cannot be shown (KeyError)\n"


def test_leaving_early_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_and_message(capsys, Exit(3)) == (3, "")
