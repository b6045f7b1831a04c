"""Batches as users run them, through kills and restarts."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import attrs
import pytest

from batches import directory_of, lines_of, plugin_at
from replay_command import COMMAND
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.log_reader import records_of
from replay_plugins.audit_log.verify.verifier import verify

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
    """Return a directory with a file of many sessions, and files of one session."""
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
    command = [*COMMAND, "run", *arguments]
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


# Kills

LEADERS = 0.5  # of those who are killed
REPORTS_ITS_PROCESS = """
import os

PIPE = os.open({pipe!r}, os.O_WRONLY)


def replay_session_start():
    os.write(PIPE, b"%10d\\n" % os.getpid())
"""
REPORT_SIZE = 11  # bytes, which are written and read at once


@attrs.frozen
class Batch:
    """A batch of two processes that writes everything into one folder."""

    location: Path
    folder: Path

    @property
    def pipe(self) -> Path:
        """Return the pipe to which workers report their processes."""
        return self.folder / "pipe"

    @contextmanager
    def running(self) -> Iterator[tuple["subprocess.Popen[bytes]", int, int]]:
        """Continue the batch, and finally wait for its leader.

        Yields:
            The leader; a descriptor that signals its end; the pipe.
        """
        self.folder.mkdir(exist_ok=True)
        reporter = REPORTS_ITS_PROCESS.format(pipe=str(self.pipe))
        given = (
            f"usage:output={self.folder / 'usage.txt'}",
            f"transcript_writer:directory={self.folder / 'transcripts'}",
            f"audit_log:path={self.folder / 'audit.jsonl'},sync=session",
            plugin_at(self.folder / "reporter.py", reporter),
        )
        plugins = [part for each in given for part in ("--plugin", each)]
        rest = ("--jobs", "2", "--checkpoint", str(self.folder / "checkpoint"))
        command = [*COMMAND, "run", str(self.location), *plugins, *rest]
        with suppress(FileExistsError):
            os.mkfifo(self.pipe)
        reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(self.pipe, os.O_WRONLY)  # somebody can write all the time
        try:
            with subprocess.Popen(command, stderr=subprocess.PIPE) as leader:  # noqa: S603 - our own command
                watched = os.pidfd_open(leader.pid)
                yield leader, watched, reader
                os.close(watched)
        finally:
            os.close(writer)
            os.close(reader)


@attrs.define
class Tally:
    """The counts of all rounds."""

    killed: int = 0
    is_over: bool = False  #: whether a run ended before it could be killed


def wait_for_reports(reader: int, leader: int, count: int) -> int | None:
    """Return the id of the process that sends the last of *count* reports.

    Returns:
        None: the leader has ended before.
    """
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    poll.register(leader, select.POLLIN)
    while count > 0:
        if leader in dict(poll.poll()):
            return None
        text = os.read(reader, REPORT_SIZE * count)
        count -= len(text) // REPORT_SIZE
    return int(text[-REPORT_SIZE:])


def kill(batch: Batch, random: Random, tally: Tally) -> None:
    """Run a batch; kill a worker now and then, and finally its leader."""
    with batch.running() as (leader, watched, reader):
        while True:
            worker = wait_for_reports(reader, watched, random.randint(1, 60))
            if worker is None:
                tally.is_over = True
                return
            tally.killed += 1
            if random.random() < LEADERS:
                leader.kill()
                return
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(worker, signal.SIGKILL)


def end(batch: Batch) -> None:
    """Run a batch to its end."""
    with batch.running() as (leader, watched, reader):
        while wait_for_reports(reader, watched, 1) is not None:
            pass
        _, problems = leader.communicate()
    assert not leader.returncode, problems.decode()


def left(batch: Batch) -> dict[str, bytes]:
    """Return the files that a batch has left: their names and contents.

    A killed writer leaves a hidden file, which isn't a transcript.
    """
    transcripts = (batch.folder / "transcripts").glob("[!.]*")
    files = [batch.folder / "usage.txt", *transcripts]
    return {path.name: path.read_bytes() for path in files}


def audited(batch: Batch) -> list[str]:
    """Return the sessions that are complete in the audit log, in order."""
    files = LogFiles(batch.folder / "audit.jsonl")
    records = map(json.loads, records_of(files))
    return [
        record["gen_ai.conversation.id"]
        for record in records
        if record["kind"] == "session_end"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as on Linux")
def test_whoever_is_killed_each_session_counts_once(tmp_path: Path) -> None:
    location = _sessions(tmp_path)
    killed, whole = Batch(location, tmp_path / "one"), Batch(location, tmp_path / "two")
    random, tally = Random(1), Tally()  # noqa: S311 - no secret
    while tally.killed < 6 and not tally.is_over:
        kill(killed, random, tally)
    end(killed)
    end(whole)
    assert tally.killed
    assert left(killed) == left(whole)
    assert audited(killed) == audited(whole)
    assert verify(killed.folder / "audit.jsonl").is_good
