"""``replay audit`` within the test's own process."""

from subprocess import CompletedProcess

from replay_command import run_here


def audit(*arguments: object) -> CompletedProcess[str]:
    """Run ``replay audit`` with arguments, and return its exit code and output."""
    done = run_here("audit", *map(str, arguments))
    assert "Traceback" not in done.stderr
    return done
