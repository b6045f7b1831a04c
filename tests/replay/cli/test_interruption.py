"""Ctrl-C, and readers that have seen enough."""

import os
import signal
import socket
import subprocess
import sys
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


#: A program that runs the command, and presses Ctrl-C at the n-th call of a function,
#: counted from the first line of the command's entry point.
_PRESSES = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
left, has_begun = int(sys.argv.pop(1)), False
def count(frame, event, argument):
    global left, has_begun
    if has_begun:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGINT)
    has_begun = has_begun or frame.f_code.co_filename.endswith("__main__.py")
sys.setprofile(count)
from replay.__main__ import main
main()
"""


def interrupted_at(call: int, *arguments: str | Path) -> tuple[int, bytes]:
    """Return the exit code and standard error of a command with Ctrl-C at a call."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _PRESSES, str(call), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_ctrl_c_shows_no_traceback_from_the_entry_points_first_line_on() -> None:
    assert interrupted_at(1, "--version") == (130, b"")


@pytest.mark.slow
def test_ctrl_c_shows_no_traceback_whenever_it_is_pressed(
    session_file: Callable[..., Path],
) -> None:
    path, ends = session_file({"type": "text", "content": "word"}), set[int]()
    for call in (*range(1, 400, 13), *range(400, 600_000, 7993)):
        code, told = interrupted_at(call, "ls", path)
        assert told == b"", call
        ends.add(code)
    assert ends - {-signal.SIGINT} == {0, 130}  # others: it had ended by then


@pytest.mark.parametrize(
    ("statement", "code", "told"),
    [
        ("raise KeyboardInterrupt", 130, None),
        ("raise ZeroDivisionError", 1, b"ZeroDivisionError"),
        ("Raises(KeyboardInterrupt)", 130, None),
        ("Raises(ZeroDivisionError)", 0, b"ZeroDivisionError:"),
    ],
)
def test_only_ctrl_c_ends_the_command_without_a_word(
    statement: str, code: int, told: bytes | None
) -> None:
    program = (
        "import replay.__main__\n"
        "class Raises:\n"
        "    def __init__(self, error): self.error = error\n"
        "    def __del__(self): raise self.error\n"
        f"{statement}"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=False
    )
    lines = [line.strip() for line in done.stderr.splitlines()]
    assert (done.returncode, lines[-1] if lines else None) == (code, told)


@pytest.mark.parametrize(
    ("handler", "code"), [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 0)]
)
def test_ctrl_c_while_python_shuts_down_shows_nothing(handler: str, code: int) -> None:
    program = (
        "import atexit, signal, sys\n"
        f"signal.signal(signal.SIGINT, signal.{handler})  # ignored: a background job\n"
        "atexit.register(signal.raise_signal, signal.SIGINT)\n"
        "sys.argv[1:] = ['--version']\n"
        "from replay.__main__ import main; main()"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, b"")
