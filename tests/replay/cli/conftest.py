"""Fixtures for the command: a terminal, sessions and services."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from http_server import KEY, Handler, Server, serving
from replay_command import COMMAND, environment


@pytest.fixture
def on_terminal() -> Callable[..., tuple[int, str]]:
    """Return a function that runs the command on a terminal 60 columns wide.

    It returns the exit code and everything sent to the terminal. If ``stderr`` isn't
    the terminal, no progress bar is sent, however slow the machine is.
    """

    def on_terminal(
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        stderr: int | None = None,
    ) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        with subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs if stderr is None else stderr,
            env=environment(env),
        ) as process:
            os.close(theirs)
            sent = _read_all(ours)
        return process.returncode, sent.decode()

    return on_terminal


def _read_all(descriptor: int) -> bytes:
    pieces = []
    try:
        while piece := os.read(descriptor, 1 << 16):
            pieces.append(piece)
    except OSError:
        pass  # Linux: the other side has closed the terminal
    finally:
        os.close(descriptor)
    return b"".join(pieces)


@pytest.fixture
def session_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a session document and returns its path."""

    def session_file(
        *events: object, name: str = "session.json", **header: object
    ) -> Path:
        header.setdefault("session_id", "ses-1")
        path = tmp_path / name
        path.write_text(json.dumps({**header, "events": events}), encoding="utf-8")
        return path

    return session_file


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Handler], Server]]:
    """Return a function that starts a server until the test ends; the key is known."""
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", KEY)
    with ExitStack() as undo:
        yield lambda handler: undo.enter_context(serving(handler))
