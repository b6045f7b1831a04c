"""The audit log: what sessions did, in a form that an auditor can check."""

from replay_plugins.audit_log.plugin import AuditLog

__all__ = ["AuditLog"]
