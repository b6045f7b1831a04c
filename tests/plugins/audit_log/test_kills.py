"""A writer that is killed loses no acknowledged record, and breaks no chain.

AUDIT_LOG_KILLS says how many are killed under each policy: 500 take some minutes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = int(os.environ.get("AUDIT_LOG_KILLS", "15"))
SUPPORT = Path(__file__).resolve().parents[2] / "support"


@pytest.mark.slow
@pytest.mark.parametrize("sync", ["record", "session", "20"])
def test_no_acknowledged_record_is_missing_after_kills(
    tmp_path: Path, sync: str
) -> None:
    command = [sys.executable, "killing.py", str(tmp_path), sync, str(ROUNDS), "0"]
    done = subprocess.run(  # noqa: S603 - our own
        command, check=False, capture_output=True, cwd=SUPPORT, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert f"rounds={ROUNDS}, " in done.stdout
