"""Entries that aren't regular files: links, pipes and sockets."""

import os
import socket
from collections.abc import Callable
from pathlib import Path


def link_out(path: Path) -> None:
    """Create a link to a session outside *path*'s directory."""
    goal = path.parent.parent / "outside.json"
    goal.write_text('{"session_id": "outside", "events": []}')
    path.symlink_to(goal)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)  # a socket's whole path may have 100 characters at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


#: Functions that create each of them, by the name in messages.
ODD_FILES: dict[str, Callable[[Path], None]] = {
    "a symbolic link": link_out,
    "a pipe": pipe,
    "a socket": unix_socket,
}
