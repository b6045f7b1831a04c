"""Ctrl-C, and readers that have seen enough."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat_api import PREFIX, ChatAPI, document
from http_server import Request, serving
from replay_command import INTERRUPTIBLE

TEXT = {"type": "text", "content": "word " * 100_000}


PRINTS = (
    "def replay_text(message):\n"
    "    print('ready', flush=True)\n"
    "    print(message.content, flush=True)\n"
)


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command, and end it whatever happens."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [*INTERRUPTIBLE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def end_of(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """Return the exit code and the output on standard error."""
    assert process.stderr
    return process.wait(60), process.stderr.read()


def test_ctrl_c_within_a_plugin_exits_with_130(
    tmp_path: Path, session_file: Callable[..., Path]
) -> None:
    plugin = tmp_path / "waits.py"
    plugin.write_text(
        "import signal\n"
        "def replay_session_start():\n"
        "    print('ready', flush=True)\n"
        "    signal.pause()\n",
        encoding="utf-8",
    )
    with started("run", session_file(TEXT), "--plugin", plugin) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, b"")


def test_ctrl_c_while_a_pipe_is_read_leaves_no_half_written_file(
    tmp_path: Path,
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    output = tmp_path / "out"
    output.mkdir()
    with (
        started("transcript", fifo, "-o", output / "x.txt") as process,
        fifo.open("wb"),
    ):
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, b"")
    assert not [*output.iterdir()]


@pytest.mark.parametrize("line_count", [0, 1])
def test_a_reader_that_has_seen_enough_is_no_error(
    session_file: Callable[..., Path], line_count: int
) -> None:
    with started("transcript", session_file(TEXT)) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(line_count)]
        assert lines == [b"Session: ses-1\n"][:line_count]
        process.stdout.close()
        assert end_of(process) == (0, b"")


@pytest.mark.parametrize("on_plugin_error", ["raise", "isolate"])
def test_a_reader_of_what_a_plugin_prints_may_have_seen_enough_too(
    tmp_path: Path, session_file: Callable[..., Path], on_plugin_error: str
) -> None:
    plugin = tmp_path / "prints.py"
    plugin.write_text(PRINTS, encoding="utf-8")
    options = ("--on-plugin-error", on_plugin_error)
    with started("run", session_file(TEXT), "--plugin", plugin, *options) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.stdout.close()
        assert end_of(process) == (0, b"")


def test_ctrl_c_while_sessions_are_fetched_waits_for_none_of_them(
    tmp_path: Path,
) -> None:
    asked = threading.Semaphore(0)

    class Silent(ChatAPI):
        def __call__(self, request: Request, connection: socket.socket) -> bool:
            if request.path == PREFIX:
                return super().__call__(request, connection)
            asked.release()
            return connection.recv(1) != b""

    with (
        serving(Silent(map(document, "abcd"), page_size=9)) as server,
        started("copy", server.url, tmp_path / "new") as process,
    ):
        for _ in range(4):
            assert asked.acquire(timeout=30)
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, b"")
