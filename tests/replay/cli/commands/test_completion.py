"""``replay completion``."""

import shutil
import subprocess

import pytest

from replay_command import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_completes_the_command(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert f"_REPLAY_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_understands_its_script(run: Run, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell}")
    script = run("completion", shell).stdout
    subprocess.run([program, "-n"], input=script, check=True, encoding="utf-8")  # noqa: S603 - a shell


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("replay tr", "plain,transcript\n"),
        ("replay transcript --form", "plain,--format\n"),
        ("replay transcript --format mark", "plain,markdown\n"),
        ("replay transcript exam", "file,exam\n"),
    ],
)
def test_words_are_completed(run: Run, words: str, expected: str) -> None:
    asked = {
        "_REPLAY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    assert run(env=asked).stdout == expected


def test_another_shell_is_refused(run: Run) -> None:
    done = run("completion", "tcsh")
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
