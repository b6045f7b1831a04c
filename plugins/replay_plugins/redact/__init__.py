"""Secrets replaced by pseudonyms, before anybody sees them."""

from replay_plugins.redact.plugin import Redact
from replay_plugins.redact.redactor import Redactor
from replay_plugins.redact.values import Redacted

__all__ = ["Redact", "Redacted", "Redactor"]
