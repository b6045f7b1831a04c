"""A function called for each event, without an engine around it."""

from collections.abc import Callable, Sequence
from typing import Final

import pluggy

import replay

_hookspec: Final = pluggy.HookspecMarker("benchmark")
_hookimpl: Final = pluggy.HookimplMarker("benchmark")


class _Specification:
    @_hookspec
    def replay_text_delta(self, event: replay.TextDelta) -> None:
        """Take in a delta."""


class _Implementation:
    @_hookimpl
    def replay_text_delta(self, event: replay.TextDelta) -> None:
        """Do nothing."""


def plain_loop(
    function: Callable[[replay.TextDelta], object], deltas: Sequence[replay.TextDelta]
) -> Callable[[], object]:
    """Return a loop that calls *function* for each delta."""

    def loop() -> None:
        for each in deltas:
            function(each)

    return loop


def pluggy_loop(deltas: Sequence[replay.TextDelta]) -> Callable[[], object]:
    """Return a loop that calls a pluggy hook with one implementation for each delta."""
    plugins = pluggy.PluginManager("benchmark")
    plugins.add_hookspecs(_Specification)
    plugins.register(_Implementation())
    call = plugins.hook.replay_text_delta

    def loop() -> None:
        for each in deltas:
            call(event=each)

    return loop
