"""``replay ls``."""

import json
from collections.abc import Callable
from pathlib import Path

from replay_command import Run

HEADER = {
    "session_id": "ses-1",
    "generated_title": "What about Q3?",
    "last_updated_at": "2026-04-22T12:34:41.342245",
    "index_ids": ["idx-1"],
    "shared_access": "query",
    "job_metadata": {"turns": 2, "duration_ms": 6412.5, "is_error": False},
}


def test_a_session_is_a_line_with_its_id_title_and_time(
    run: Run, session_file: Callable[..., Path]
) -> None:
    done = run("ls", session_file(**HEADER))
    assert done.returncode == 0
    assert done.stdout == "ses-1\tWhat about Q3?\t2026-04-22T12:34:41.342245\t\n"


def test_json_gives_the_whole_header_with_the_same_keys_if_nothing_was_recorded(
    run: Run, session_file: Callable[..., Path], tmp_path: Path
) -> None:
    done = run("ls", session_file(**HEADER), "--json")
    assert json.loads(done.stdout) == HEADER | {"format": None}
    path = tmp_path / "events.json"
    path.write_text("[]", encoding="utf-8")
    expected = dict.fromkeys([*HEADER, "format"]) | {"session_id": "events"}
    assert json.loads(run("ls", path, "--json").stdout) == expected
