"""What a user is told when something fails: one line, and an exit code."""

import pytest
from click import ClickException
from click.exceptions import Exit

from replay.cli.failures import tell
from replay.errors import DecodeError, PluginError


def test_an_error_of_the_library_is_told_in_its_own_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(DecodeError("$.events", "given twice")) == 2
    assert capsys.readouterr().err == "replay: error: $.events: given twice\n"


def test_a_hook_that_failed_is_told_apart_from_what_could_not_begin() -> None:
    failed = PluginError("usage", "boom", hook="replay_text")
    assert tell(failed) == 2
    failed.__cause__ = KeyError("boom")
    assert tell(failed) == 1


def test_recorded_text_in_an_error_is_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(DecodeError("$", "\x1b]0;title\x07\nreplay: error: forged"))
    written = capsys.readouterr().err
    assert written == "replay: error: $: ␛]0;title␇␊replay: error: forged\n"


def test_recorded_text_in_a_traceback_is_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(DecodeError("$", "\x1b]0;title\x07"), is_traceback_wanted=True)
    assert "\x1b" not in capsys.readouterr().err


def test_the_system_s_refusal_names_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(PermissionError(13, "Permission denied", "out.txt")) == 2
    assert capsys.readouterr().err == "replay: error: out.txt: permission denied\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("content"), "KeyError: 'content' (a defect of replay;"),
        (RecursionError(), "RecursionError (a defect of replay;"),
        (OSError("no number"), "OSError: no number (a defect of replay;"),
    ],
)
def test_a_defect_is_one_line_that_names_the_error(
    error: Exception, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(error) == 2
    written = capsys.readouterr().err
    assert words in written
    assert "--traceback" in written
    assert written.count("\n") == 1


def test_memory_that_runs_out_is_no_defect(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(MemoryError()) == 2
    assert "not enough memory" in capsys.readouterr().err


def test_wrong_usage_outside_a_command_is_told_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(ClickException("Bad.")) == 2
    assert capsys.readouterr().err == "replay: error: Bad\n"


def test_leaving_early_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Exit(3)) == 3
    assert capsys.readouterr().err == ""


def test_the_system_s_refusal_of_no_file_is_no_defect(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(OSError(28, "No space left on device"))
    tell(IsADirectoryError(21, "Is a directory", ""))
    assert capsys.readouterr().err.splitlines() == [
        "replay: error: no space left on device",
        "replay: error: '': is a directory",
    ]
