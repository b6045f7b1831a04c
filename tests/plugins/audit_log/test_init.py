"""The package's door."""

import subprocess
import sys

import pytest

from replay_plugins import audit_log
from replay_plugins.audit_log.plugin import AuditLog

IS_IMPORTED = """
import sys
import replay_plugins.audit_log
print("replay_plugins.audit_log.plugin" in sys.modules)
replay_plugins.audit_log.AuditLog
print("replay_plugins.audit_log.plugin" in sys.modules)
"""


def test_the_plugin_is_found_in_its_package() -> None:
    assert audit_log.AuditLog is AuditLog


def test_the_plugin_is_imported_only_when_it_is_asked_for() -> None:
    command = [sys.executable, "-c", IS_IMPORTED]
    done = subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
    assert done.stdout.split() == [b"False", b"True"]


def test_nothing_else_is_found_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'AuditLogs'"):
        audit_log.AuditLogs  # type: ignore[attr-defined]  # noqa: B018 - that is the test
