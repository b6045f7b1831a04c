"""What becomes of a plugin that fails."""

import logging
from collections import Counter
from typing import Final

from replay.errors import MustStopError, PluginError, StopReplay

MAX_FAILURES: Final = 10  # of one plugin, where failures are isolated

_PASSING: Final = (KeyboardInterrupt, MemoryError, StopReplay, MustStopError)


class Failures:
    """Raises failures, or isolates them: notes them, and drops who fails too often."""

    def __init__(self, *, isolated: bool) -> None:
        self.errors: list[PluginError] = []
        self.dropped: list[str] = []
        self._isolated = isolated
        self._count: Counter[str] = Counter()
        self._raised: PluginError | None = None

    def take(
        self, plugin: str, hook: str, index: int | None, cause: BaseException
    ) -> None:
        """Take note of a failure, or raise it.

        Args:
            plugin: The plugin's name.
            hook: What was called.
            index: The event that was walked; None: outside the events.
            cause: What it raised.

        Raises:
            PluginError: Failures are not isolated.
            KeyboardInterrupt, MemoryError, StopReplay, MustStopError: The plugin raised
                it.
        """
        if isinstance(cause, _PASSING):
            raise cause
        if cause is self._raised:
            raise cause  # it comes from a plugin inside a wrapper
        reason = f"{type(cause).__name__}: {cause}".removesuffix(": ")
        error = PluginError(plugin, reason, hook, index)
        if not self._isolated:
            self._raised = error
            raise error from cause
        error.__cause__ = cause
        self.errors.append(error)
        self._count[plugin] += 1
        if self._count[plugin] == MAX_FAILURES:
            self.dropped.append(plugin)
            logging.getLogger("replay").error(
                "plugin %a failed %d times and is called no more", plugin, MAX_FAILURES
            )
