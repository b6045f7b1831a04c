"""The group ``replay audit``, found by its entry point like anyone's."""

import subprocess
import sys
from pathlib import Path

from forged_logs import KEYS, written
from replay.registry import load
from replay_command import Run
from replay_plugins.audit_log.cli.command import command


def test_it_is_registered() -> None:
    assert load("command", "audit") is command


def test_it_stands_in_the_help(run: Run) -> None:
    assert "\n  audit " in run("--help").stdout


def test_it_has_its_sub_commands(run: Run) -> None:
    listed = run("audit", "--help").stdout
    assert sorted(command.commands) == [
        *("check-proof", "consistency", "keygen", "prove", "remove", "show", "verify"),
    ]
    assert all(f"\n  {name} " in listed for name in command.commands)


def test_without_the_extra_only_keys_are_missed(tmp_path: Path) -> None:
    log = written(tmp_path / "log")
    program = (
        "import sys; sys.modules['cryptography.exceptions'] = None\n"
        "from replay.cli.app import run\n"
        "for words in (['show'], ['verify'], ['verify', '--key', sys.argv[2]]):\n"
        "    print(run(['audit', words[0], sys.argv[1], *words[1:]]))"
    )
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, str(log.log), str(KEYS[0])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stdout.splitlines() if len(line) == 1] == [*"002"]
    assert done.stderr == (
        "replay: error: signatures: cryptography is needed, and cannot be imported "
        '(pip install "chat-replay[audit]")\n'
    )
