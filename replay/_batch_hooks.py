"""The hooks of a batch: what sessions came to is given by workers, merged by one."""

from collections.abc import Callable, Sequence
from typing import Final

import attrs

from replay._failures import Failures
from replay._hooks import Listener
from replay.errors import StopReplay

RESULT: Final = "replay_batch_result"
MERGE: Final = "replay_batch_merge"


@attrs.frozen(eq=False)
class BatchHooks:
    """What an engine's plugins give of a session, and make of all that was given."""

    plugins: Sequence[str]  #: all of them by name, in order
    _giving: Sequence[Listener]
    _merging: Sequence[Listener]
    _failures: Failures

    @property
    def giving(self) -> frozenset[str]:
        """Return the plugins that give a result of each session."""
        return frozenset(each.plugin for each in self._giving)

    @property
    def merging(self) -> frozenset[str]:
        """Return the plugins that merge results."""
        return frozenset(each.plugin for each in self._merging)

    def results(self) -> list[object]:
        """Return what each plugin has of the session that was just replayed.

        None stands for a plugin that gives nothing.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        given = {each.plugin: self._call(each, RESULT, ()) for each in self._giving}
        return [given.get(name) for name in self.plugins]

    def merge(
        self, results: Callable[[int], object], begin: Callable[[str], None]
    ) -> None:
        """Let each plugin make one of what was given.

        Args:
            results: Returns what the plugin of a number gave, for all sessions.
            begin: Is told of each plugin by name, before it merges.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        for each in self._merging:
            number = self.plugins.index(each.plugin)
            begin(each.plugin)
            self._call(each, MERGE, (results(number),) if each.wanted else ())

    def _call(
        self, listener: Listener, hook: str, arguments: Sequence[object]
    ) -> object:
        try:
            return listener.function(*arguments)
        except StopReplay:  # it is the end in any case
            return None
        except BaseException as error:  # noqa: BLE001 - a plugin's: any at all
            self._failures.take(listener.plugin, hook, None, error)
            return None
