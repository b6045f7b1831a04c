"""The root of the error tree, and the branch that no isolation holds back."""

from typing import ClassVar

import attrs


class ReplayError(Exception):
    """Anything that this library raises on purpose."""

    code: ClassVar[str] = "replay-error"
    retryable: ClassVar[bool] = False
    hint: str = ""


@attrs.define(slots=False)
class MustStopError(ReplayError):
    """Raised by a hook: the replay must not go on.

    It reaches the caller as it is, with ``on_plugin_error="isolate"`` too. Subclass it
    for a plugin without which nothing may happen, such as an audit log.
    """

    code: ClassVar[str] = "must-stop"

    reason: str
    hint: str = ""

    def __str__(self) -> str:
        return sentence(self.reason, self.hint)


def sentence(text: str, hint: str) -> str:
    """Return what an error says: *text*, and what to do in brackets."""
    return f"{text} ({hint})" if hint else text
