"""What sessions cost: tokens, turns, time and errors."""

from replay_plugins.usage.plugin import Usage
from replay_plugins.usage.sums import SessionUsage

__all__ = ["SessionUsage", "Usage"]
