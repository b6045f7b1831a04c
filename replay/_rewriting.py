"""Plugins that rewrite a session before anybody else sees it."""

from collections.abc import Sequence

import attrs

from replay._failures import Failures
from replay._hooks import Listener
from replay.sessions import Session

HOOK = "replay_rewrite"


@attrs.frozen(eq=False)
class Rewriting:
    """All that rewrites; false where nothing does.

    A plugin that was dropped is still called: without it, others would be shown what
    it was to take away.
    """

    _listeners: Sequence[Listener]
    _failures: Failures

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def __call__(self, session: Session) -> Session | None:
        """Return *session* as it was rewritten; None: it must not be shown to anyone.

        Raises:
            PluginError: One failed, and failures are not isolated.
            StopReplay: One has seen enough.
        """
        for listener in self._listeners:
            try:
                given = (session,) if listener.wanted else ()
                session = _session(listener.function(*given))
            except BaseException as error:  # noqa: BLE001 - a plugin's: any at all
                self._failures.take(listener.plugin, HOOK, None, error)
                return None
        return session


def _session(returned: object) -> Session:
    if isinstance(returned, Session):
        return returned
    reason = f"returned {type(returned).__name__}, where a Session is needed"
    raise TypeError(reason)
