"""``replay plugins``."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from replay_command import Run


def test_what_is_installed_is_a_line_each(run: Run) -> None:
    done = run("plugins")
    assert done.returncode == 0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    ours = version("chat-replay")
    assert ["backend", "json_file", ours, "chat-replay", ""] in rows
    assert ["plugin", "usage", ours, "chat-replay", ""] in rows


def test_what_cannot_be_imported_is_listed_with_its_error(
    monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    info = tmp_path / "broken-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: broken\nVersion: 1.5\n"
    )
    (info / "entry_points.txt").write_text(
        "[replay.plugins]\nboom = no_such_module:X\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    done = run("plugins", "--json")
    assert done.returncode == 0
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["name"] for each in found} >= {"boom", "json_file", "usage"}
    assert [each for each in found if each["error"]] == [
        {
            "kind": "plugin",
            "name": "boom",
            "version": "1.5",
            "origin": "broken",
            "error": "cannot be imported: ModuleNotFoundError: "
            "No module named 'no_such_module'",
        }
    ]
