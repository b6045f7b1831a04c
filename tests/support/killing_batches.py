"""Kill a batch at random moments, its leader or a worker, and run it to its end.

    python tests/support/killing_batches.py LOCATION DIRECTORY ROUNDS MOST SEED

A plugin tells its process with each session through a named pipe. After a random number
of sessions, at most MOST, the leader or the worker that told last is killed. All rounds
go on from one checkpoint. A run that nobody disturbs ends it. What that leaves is
compared with what another checkpoint's one undisturbed run leaves.
"""

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

from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.log_reader import records_of
from replay_plugins.audit_log.verify.verifier import verify

LEADERS = 0.5  # of those who are killed
TELLING = """
import os

PIPE = os.open({pipe!r}, os.O_WRONLY)


def replay_session_start():
    os.write(PIPE, b"%10d\\n" % os.getpid())
"""
TOLD = 11  # bytes, which are written and read at once
COUNTING = """
import json

ended = 0


def replay_session_end():
    global ended
    ended += 1


def replay_batch_result():
    global ended
    counted, ended = ended, 0
    return counted


def replay_batch_merge(results):
    with open({path!r}, "w") as file:
        for each in results:
            file.write(json.dumps([each.session_id, each.value]) + "\\n")
"""


@attrs.frozen
class Batch:
    """A batch of two processes, with all that it writes in one folder."""

    location: Path
    folder: Path

    def command(self) -> list[str]:
        """Return what runs it, from where it was left."""
        given = (
            f"usage:output={self.folder / 'usage.txt'}",
            f"transcript_writer:directory={self.folder / 'transcripts'}",
            f"audit_log:path={self.folder / 'audit.jsonl'},sync=session",
            str(self._plugin("telling.py", TELLING, pipe=str(self.pipe))),
            str(self._plugin("counting.py", COUNTING, path=f"{self.folder}/counts")),
        )
        plugins = [part for each in given for part in ("--plugin", each)]
        checkpoint = str(self.folder / "checkpoint")
        rest = ("--jobs", "2", "--checkpoint", checkpoint, "--report", "-")
        return [
            *(sys.executable, "-m", "replay", "run", str(self.location)),
            *plugins,
            *rest,
        ]

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run it, and yield its leader; wait for that in the end."""
        with subprocess.Popen(  # noqa: S603 - our own command
            self.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as leader:
            yield leader

    @property
    def pipe(self) -> Path:
        """Return where workers tell their processes."""
        return self.folder / "pipe"

    def _plugin(self, name: str, text: str, **names: str) -> Path:
        path = self.folder / name
        path.write_text(text.format(**names))
        return path


@attrs.define
class Tally:
    """What came of all rounds."""

    leaders: int = 0  #: that were killed
    workers: int = 0
    ended: int = 0  #: runs that ended before they could be killed


@contextmanager
def telling(batch: Batch) -> Iterator[int]:
    """Yield the reading end of the pipe, to which somebody can write all the time."""
    batch.folder.mkdir(exist_ok=True)
    if not batch.pipe.exists():
        os.mkfifo(batch.pipe)
    reader = os.open(batch.pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(batch.pipe, os.O_WRONLY)
    try:
        yield reader
    finally:
        os.close(writer)
        os.close(reader)


def told(reader: int, leader: int, count: int) -> int | None:
    """Return the process that tells its session as the last one of so many.

    Returns:
        None: the leader has ended before.
    """
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    poll.register(leader, select.POLLIN)
    while count > 0:
        if leader in dict(poll.poll()):
            return None
        text = os.read(reader, TOLD * count)
        count -= len(text) // TOLD
    return int(text[-TOLD:])


def kill(batch: Batch, random: Random, most: int, tally: Tally) -> None:
    """Run a batch, and kill a worker now and then, and its leader in the end."""
    with telling(batch) as reader, batch.running() as leader:
        watched = os.pidfd_open(leader.pid)
        try:
            while True:
                worker = told(reader, watched, random.randint(1, most))
                if worker is None:
                    tally.ended += 1
                    return
                if random.random() < LEADERS:
                    leader.kill()
                    tally.leaders += 1
                    return
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    os.kill(worker, signal.SIGKILL)
                    tally.workers += 1
        finally:
            os.close(watched)


def end(batch: Batch) -> dict[str, object]:
    """Run a batch to its end; return the report."""
    with telling(batch) as reader, batch.running() as leader:
        watched = os.pidfd_open(leader.pid)
        while told(reader, watched, 1) is not None:
            pass
        os.close(watched)
        said, problems = leader.communicate()
    if leader.returncode:
        raise AssertionError(problems.decode())
    report: dict[str, object] = json.loads(said)
    return report


def left(batch: Batch) -> dict[str, bytes]:
    """Return what a batch has left: each file's name, and what it holds.

    A writer that is killed leaves a hidden file, which is no transcript.
    """
    transcripts = (batch.folder / "transcripts").glob("[!.]*")
    files = [batch.folder / "usage.txt", batch.folder / "counts", *transcripts]
    return {path.name: path.read_bytes() for path in files}


def audited(batch: Batch) -> list[str]:
    """Return the sessions whose end the audit log has, in order."""
    files = LogFiles(batch.folder / "audit.jsonl")
    records = map(json.loads, records_of(files))
    return [
        record["gen_ai.conversation.id"]
        for record in records
        if record["kind"] == "session_end"
    ]


def compare(killed: Batch, whole: Batch) -> None:
    """Tell whether a batch that was killed has left what another has.

    Raises:
        AssertionError: It has not.
    """
    assert left(killed) == left(whole)
    counts = (killed.folder / "counts").read_text().splitlines()
    assert all(json.loads(line)[1] == 1 for line in counts)
    assert audited(killed) == audited(whole)
    assert verify(killed.folder / "audit.jsonl").is_good


def run(location: Path, folder: Path, rounds: int, most: int, seed: int) -> Tally:
    """Kill a batch so many times, end it, and compare it with another.

    Args:
        location: The sessions.
        folder: An empty one; all is written there.
        rounds: How many leaders or workers are killed at least.
        most: How many sessions are replayed before the next one is killed.
        seed: Of the random numbers.
    """
    folder.mkdir(exist_ok=True)
    batch, whole = Batch(location, folder / "killed"), Batch(location, folder / "whole")
    random, tally = Random(seed), Tally()  # noqa: S311 - no secret
    while tally.leaders + tally.workers < rounds and not tally.ended:
        kill(batch, random, most, tally)
    end(batch)
    end(whole)
    compare(batch, whole)
    return tally


if __name__ == "__main__":
    rounds, most, seed = map(int, sys.argv[3:6])
    tally = run(Path(sys.argv[1]), Path(sys.argv[2]), rounds, most, seed)
    sys.stdout.write(f"{tally}\n")
