"""What the library logs."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.cli.app import LogOutput
from replay_command import Run


def test_a_record_is_one_line_that_is_safe_to_look_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = logging.makeLogRecord(
        {"msg": "id %s", "args": ("\x1b[2J\nforged",), "levelname": "WARNING"}
    )
    LogOutput().emit(record)
    assert capsys.readouterr().err == "replay: warning: id ␛[2J␊forged\n"


def test_a_user_is_told_what_is_logged(
    run: Run, session_file: Callable[..., Path], tmp_path: Path
) -> None:
    plugin = tmp_path / "fails.py"
    plugin.write_text("def replay_event(): raise KeyError\n", encoding="utf-8")
    path = session_file(*[{"type": "text", "content": "x"}] * 10)
    done = run("run", path, "--plugin", plugin, "--on-plugin-error", "isolate")
    first, *_ = done.stderr.splitlines()
    assert first.startswith("replay: error: plugin ")
    assert first.endswith(" failed 10 times and is called no more")
