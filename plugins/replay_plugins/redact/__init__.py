"""The plugin ``redact``: pseudonyms in place of secrets."""

from replay_plugins.redact.plugin import Redact
from replay_plugins.redact.redactor import Redactor
from replay_plugins.redact.values import Redacted

__all__ = ["Redact", "Redacted", "Redactor"]
