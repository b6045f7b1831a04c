"""Batches as their users run them, with all that may befall them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batches import directory_of, lines_of, plugin_at
from killing_batches import run as kill_and_compare

pytestmark = pytest.mark.slow

NAMES = [f"ses-{number:03}" for number in range(120)]
POISONOUS = """
import ctypes
import threading


def replay_session_start(session):
    if session.session_id == "crashes":
        ctypes.string_at(0)
    elif session.session_id == "hoards":
        hoard = []
        while True:
            hoard.append(bytes(1 << 20))
    elif session.session_id == "sleeps":
        threading.Event().wait()


def replay_batch_result():
    return 1
"""


def _sessions(folder: Path) -> Path:
    """Return a directory with a file of many sessions, and a file each of some."""
    location = directory_of(folder / "sessions", {"a": "1", "b": "2", "z": "3"})
    repeated = [("a", "again"), ("m", "4"), ("m", "and again")]
    lines_of(location / "many.jsonl", [*((name, name) for name in NAMES), *repeated])
    return location


def _replay(location: Path, folder: Path, *options: str) -> dict[str, bytes]:
    """Replay sessions into plugins that write; return what they wrote, by name."""
    folder.mkdir(exist_ok=True)
    plugins = (
        *("--plugin", f"usage:json=true,output={folder / 'usage.json'}"),
        *("--plugin", f"transcript_writer:directory={folder / 'transcripts'}"),
    )
    _run(str(location), *plugins, *options)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name: path.read_bytes() for path in files}


def _run(*arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "replay", "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == code, done.stderr
    return done


def test_what_is_left_is_the_same_whoever_did_the_work(tmp_path: Path) -> None:
    location = _sessions(tmp_path)
    plain = _replay(location, tmp_path / "plain")
    assert len(plain) == len(NAMES) + len("abz") + len("amm") + 1
    assert _replay(location, tmp_path / "one", "--jobs", "1") == plain
    assert _replay(location, tmp_path / "two", "--jobs", "2") == plain
    report = ("--report", os.devnull)
    assert _replay(location, tmp_path / "none", *report) == plain


def test_what_is_left_of_shards_is_the_same_once_they_are_gathered(
    tmp_path: Path,
) -> None:
    location = _sessions(tmp_path)
    folder = tmp_path / "batch"
    gather: list[str] = []
    for number in (1, 2, 3):
        checkpoint = str(tmp_path / f"shard-{number}")
        shard = ("--shard", f"{number}/3", "--checkpoint", checkpoint)
        _replay(location, folder, *shard)
        gather += ["--gather", checkpoint]
    gathered = _replay(location, folder, *gather)
    assert gathered == _replay(location, tmp_path / "plain")


def test_a_session_that_takes_its_worker_down_is_quarantined(tmp_path: Path) -> None:
    poisonous = ("crashes", "hoards", "sleeps")
    innocent = {name: name for name in "abcdefgh"}
    sessions = [*innocent, *poisonous]
    location = lines_of(tmp_path / "s.jsonl", [(name, name) for name in sessions])
    limits = ("--jobs", "2", "--time-limit", "3", "--memory-limit", "700M")
    plugin = plugin_at(tmp_path / "poisonous.py", POISONOUS)
    done = _run(*(str(location), "--plugin", plugin, *limits, "--report", "-"), code=1)
    report = json.loads(done.stdout)
    assert (report["replayed"], report["quarantined"]) == (len(innocent), 3)
    found = {each["session"]: each["code"] for each in report["problems"]}
    codes = ("crashed", "out-of-memory", "out-of-time")
    assert found == dict(zip(poisonous, codes, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as on Linux")
def test_whoever_is_killed_each_session_counts_once(tmp_path: Path) -> None:
    location = _sessions(tmp_path)
    tally = kill_and_compare(location, tmp_path / "batch", rounds=6, most=60, seed=1)
    assert tally.leaders + tally.workers
