"""What a response of a chat says of itself: its tokens, its end and the rest."""

import json
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.event_builder import time_of
from replay_backends.formats.members import int_in, sum_in, text_in

#: Reasons to finish a response after which the run goes on.
_GOING_ON: Final = ("tool_calls", "function_call")
_FAILURES: Final = ("content_filter", "error", "insufficient_system_resource")
#: What isn't kept of a response, or is by another name.
NOT_KEPT: Final = frozenset(
    {"choices", "created", "error", "id", "object", "obfuscation", "usage"}
)
#: The same of a choice.
NOT_OF_CHOICE: Final = ("index", "delta", "message", "finish_reason", "usage")


def choice_of(response: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Return the first choice of a response, or of a chunk of one.

    It is empty if there is none. Others are noted.
    """
    choices = response.get("choices")
    found: dict[str, Any] = {}
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            if choice.get("index") or found:
                run.build.note("other-choice", "dropped")
            else:
                found = choice
    return found


def rest_of_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a choice holds but what is said in it, and its end."""
    return {k: v for k, v in choice.items() if v and k not in NOT_OF_CHOICE}


def rest_of_response(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a response, or a chunk of one, holds but what is said in it.

    Its usage is left out. Its id is ``response_id`` and its time is ``timestamp``.
    """
    rest = {k: v for k, v in response.items() if v and k not in NOT_KEPT}
    return {**rest, **origin_of(response)}


def origin_of(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the id and the time of a response, or of a chunk of one."""
    found: dict[str, Any] = {}
    if identity := response.get("id"):
        found["response_id"] = identity
    if created := response.get("created"):
        time = time_of(created)
        found["timestamp" if time else "created"] = (
            time.isoformat() if time else created
        )
    return found


def usage_of(response: Mapping[str, Any], choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage of a response, or of a chunk of one; empty: it has none."""
    for holder in (response, response.get("x_groq"), choice):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        if usage and isinstance(usage, dict):
            return usage
    return {}


def tokens_of(usage: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the tokens of a usage, in and out; None: not recorded.

    Some services count reasoning in the total only; it is output.

    >>> tokens_of({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 10})
    (5, 5)
    """
    given, made = int_in(usage, "prompt_tokens"), int_in(usage, "completion_tokens")
    total = int_in(usage, "total_tokens")
    if given is None:  # DeepSeek counts what it had in its cache apart
        given = sum_in(usage, "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    if given is not None and made is not None and total is not None:
        made = max(made, total - given)
    return given, made


@attrs.define
class ResponseEnd:
    """What is known of how a response ended."""

    #: Why it ended; anything but a text that isn't empty: its end isn't recorded.
    finish_reason: object = None
    usage: dict[str, Any] = attrs.field(factory=dict)  #: its tokens, as recorded
    error: object = None  #: what the service sent instead of the rest of it

    def tell(self, run: Run, rest: Mapping[str, Any], *, has_calls: bool) -> None:
        """Count the response's tokens, and tell the run how it ended.

        Args:
            run: The run that it belongs to.
            rest: What else is kept with the run's end.
            has_calls: It asks for tools.
        """
        run.count(*tokens_of(self.usage))
        error, reason = self.error, "error" if self.error else self.finish_reason
        if not isinstance(reason, str) or not reason:
            return
        kept = {
            "finish_reason": reason,
            "error": error if isinstance(error, dict) else None,
            "usage": self.usage or None,
            **rest,
        }
        goes_on = not error and (has_calls or reason in _GOING_ON)
        run.end(_failure(reason, error), kept, goes_on=goes_on)


def _failure(reason: str, error: object) -> str | None:
    """Return how a response failed; None: it did not."""
    if isinstance(error, dict) and (message := text_in(error, "message")):
        return message
    if error:
        return error if isinstance(error, str) else json.dumps(error)
    if reason == "abort":
        return f"aborted: {reason}"
    return reason if reason in _FAILURES else None
