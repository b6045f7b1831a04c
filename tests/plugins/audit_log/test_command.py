"""The group ``replay audit``, found by its entry point like anyone's."""

import subprocess
import sys

from replay.entry_points import load
from replay_plugins.audit_log.command import command


def replay(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "replay", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )


def test_it_is_registered() -> None:
    assert load("command", "audit") is command


def test_it_stands_in_the_help() -> None:
    assert "\n  audit " in replay("--help").stdout


def test_it_has_its_sub_commands() -> None:
    listed = replay("audit", "--help").stdout
    assert sorted(command.commands) == [
        *("check-proof", "consistency", "keygen", "prove", "remove", "show", "verify"),
    ]
    assert all(f"\n  {name} " in listed for name in command.commands)
