"""A plugin that keeps what every plugin would be told."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Call: TypeAlias = tuple[object, ...]  #: a hook's name, and what the hook was given


def spy(calls: list[Call]) -> Mapping[str, Callable[..., None]]:
    """Return a plugin that adds each call of a hook to *calls*.

    It leaves out the hooks that are given an event only: ``replay_event`` is too.
    """
    return {
        "session_start": lambda session: calls.append(("session_start", session)),
        "turn_start": lambda user_input, context: calls.append(
            ("turn_start", user_input, context)
        ),
        "event": lambda event, context: calls.append(("event", event, context)),
        "diagnostic": lambda diagnostic, context: calls.append(
            ("diagnostic", diagnostic, context)
        ),
        "thinking": lambda message, context: calls.append(
            ("thinking", message, context)
        ),
        "text": lambda message, context: calls.append(("text", message, context)),
        "tool_result": lambda event, call, context: calls.append(
            ("tool_result", event, call, context)
        ),
        "turn_end": lambda turn, context: calls.append(("turn_end", turn, context)),
        "session_end": lambda session, report: calls.append(
            ("session_end", session, report)
        ),
    }
