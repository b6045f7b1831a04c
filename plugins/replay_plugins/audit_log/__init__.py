"""The audit log: a record of what sessions did, which an auditor can check."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_plugins.audit_log.plugin import AuditLog as AuditLog
else:

    def __getattr__(name: str) -> object:
        """Import the plugin on first use: the command doesn't need it."""
        if name != "AuditLog":
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from replay_plugins.audit_log.plugin import AuditLog  # noqa: PLC0415 - see above

        return AuditLog
