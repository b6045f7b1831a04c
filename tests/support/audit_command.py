"""``replay audit`` within the test's own process."""

import contextlib
import io
from collections.abc import Callable
from typing import TypeAlias

import attrs

from replay.cli.running import run

Audit: TypeAlias = Callable[..., "Done"]


@attrs.frozen
class Done:
    """What the command came to."""

    code: int
    out: str
    err: str


def audit(*arguments: object) -> Done:
    """Run ``replay audit`` with arguments, and return its exit code and output."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["audit", *map(str, arguments)])
    assert "Traceback" not in err.getvalue()
    return Done(code, out.getvalue(), err.getvalue())
