"""Ctrl-C during a batch, sent to the leader alone, or to all as by a terminal."""

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from batches import directory_of, plugin_at
from replay.cli.batch_run import interruptible
from replay_command import INTERRUPTIBLE, run_here

#: A plugin's function that reports to a pipe and waits for ever, if there is a pipe.
WAITS = """
import os, threading
def wait(pipe="pipe"):
    if os.path.exists(pipe):
        said = open(pipe, "w")
        print("ready", file=said, flush=True)
        threading.Event().wait()
"""
AT_THE_THIRD = f"""{WAITS}
def replay_session_start(session):
    if session.session_id == "c":
        wait()
"""
AT_THE_MERGE = f"""{WAITS}
def replay_batch_result():
    return 1
def replay_batch_merge(results):
    wait()
"""
WHEN_ALONE = f"""{WAITS}
def replay_session_start(session):
    if session.session_id == "c" and os.path.exists("died"):
        wait()
    elif session.session_id == "c":
        open("died", "w").close()
        os.abort()
"""
IN_SPITE_OF_CTRL_C = f"""{WAITS}
def replay_batch_result():
    return 1
def replay_batch_merge(results):
    try:
        wait()
    except KeyboardInterrupt:
        wait("again")
"""
KEPT = (
    "replay: interrupted: what was done is kept, {} sessions; "
    "to go on, run it again with the same --checkpoint\n"
)
SEND = [
    pytest.param(os.kill, id="to the leader"),
    pytest.param(os.killpg, id="to all"),
]
Send = Callable[[int, int], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory with sessions and a pipe."""
    directory_of(tmp_path / "sessions", {name: name for name in "abcd"})
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@contextmanager
def started(
    folder: Path, plugin: str, *options: str, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a batch, and end it whatever happens."""
    name = plugin_at(folder / "plugin.py", plugin)
    command = [*INTERRUPTIBLE, "run", "sessions", "--plugin", name]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def error_of(process: subprocess.Popen[bytes]) -> str:
    """Return the output on standard error; check that the exit code is 130."""
    assert process.stderr
    said = process.stderr.read().decode()
    assert process.wait(60) == 130
    return said


@contextmanager
def ready(folder: Path) -> Iterator[None]:
    """Wait until the plugin waits, run the block, and check that the plugin is gone."""
    with (folder / "pipe").open("rb") as pipe:
        assert pipe.readline() == b"ready\n"
        yield
        assert not pipe.read()


def goes_on(folder: Path, *options: str) -> str:
    """Run the batch again, now that no plugin waits, and return its messages."""
    (folder / "pipe").unlink()
    done = run_here("run", "sessions", "--plugin", "plugin.py", *options, cwd=folder)
    assert done.returncode == 0
    return done.stderr


@pytest.mark.parametrize("send", SEND)
def test_once_stops_the_workers(folder: Path, send: Send) -> None:
    options = ("--jobs", "2", "--checkpoint", "kept")
    with started(folder, AT_THE_THIRD, *options) as process:
        with ready(folder):
            send(process.pid, signal.SIGINT)
        said = error_of(process)
    assert said in {KEPT.format(number) for number in range(4)}
    assert goes_on(folder, *options).startswith("replay: 4 sessions: ")


@pytest.mark.parametrize(
    ("plugin", "options", "kept"),
    [
        pytest.param(AT_THE_THIRD, (), 2, id="in this process"),
        pytest.param(AT_THE_MERGE, ("--jobs", "1"), 4, id="at the merge"),
        pytest.param(WHEN_ALONE, ("--jobs", "1"), 3, id="what is tried alone"),
    ],
)
@pytest.mark.parametrize("send", SEND)
def test_once_keeps_what_was_done(
    folder: Path, plugin: str, options: tuple[str, ...], kept: int, send: Send
) -> None:
    options = (*options, "--checkpoint", "kept")
    with started(folder, plugin, *options) as process:
        with ready(folder):
            send(process.pid, signal.SIGINT)
        assert error_of(process) == KEPT.format(kept)
    numbers = f"4 sessions: {4 - kept} replayed now, {kept} known from before, "
    assert goes_on(folder, *options).startswith(f"replay: {numbers}")


def test_without_a_checkpoint_nothing_is_kept(folder: Path) -> None:
    with started(folder, AT_THE_THIRD, "--keep-going", "--report", "r") as process:
        with ready(folder):
            process.send_signal(signal.SIGINT)
        assert error_of(process) == (
            "replay: interrupted: nothing is kept (with --checkpoint it would go on)\n"
        )
    assert not (folder / "r").exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_twice_ends_at_once_and_shows_the_cursor(
    folder: Path, *, is_terminal: bool
) -> None:
    os.mkfifo(folder / "again")
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    options = ("--jobs", "1")  # an idle worker
    with started(folder, IN_SPITE_OF_CTRL_C, *options, stderr=theirs) as process:
        os.close(theirs)
        with ready(folder):
            process.send_signal(signal.SIGINT)
            with (folder / "again").open("rb") as again:
                assert again.readline() == b"ready\n"
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 130
    written = b""
    with suppress(OSError), open(ours, "rb", buffering=0) as reader:  # noqa: PTH123 - a descriptor
        while piece := reader.read(1 << 16):
            written += piece
    assert written.rpartition(b"\x1b[?25l")[2].count(b"\x1b[?25h") == is_terminal


@pytest.mark.parametrize("send", SEND)
def test_twice_leaves_no_worker_behind(folder: Path, send: Send) -> None:
    with started(folder, AT_THE_THIRD, "--jobs", "2") as process:
        with ready(folder):
            send(process.pid, signal.SIGINT)
            send(process.pid, signal.SIGINT)
        assert "Traceback" not in error_of(process)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler])
def test_a_job_in_the_background_ignores_it_and_afterwards_it_is_as_it_was(
    handler: Any,  # noqa: ANN401 - as signal has it
) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with interruptible() as interrupt_handler:
            is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert is_ignored == (handler is signal.SIG_IGN)
            if is_ignored:
                signal.raise_signal(signal.SIGINT)
        assert not interrupt_handler.was_called
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
