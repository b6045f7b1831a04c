"""The histories that AG-UI's runs begin with, which repeat what was said before."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import attrs

from replay_backends.formats.members import text_in

_UNCOUNTED: Final = ("reasoning", "activity")  # many histories leave them out


class Addition(NamedTuple):
    """Something that a history holds and that wasn't there before."""

    kind: str  #: ``user``, ``text``, ``call``, ``result``, ``thinking`` or ``other``
    message: dict[str, Any]
    call: dict[str, Any]  #: one of its calls; empty: it isn't one


class _Piece(NamedTuple):
    addition: Addition
    item_id: str  # empty: it has none
    key: int  # equal for equal pieces


@attrs.define
class History:
    """What was said so far.

    A message is known by its id. Some front ends give all messages new ids for each
    run, so one that equals the one at its place in the last known history is known,
    too. Reasoning and activities don't count as places.
    """

    _seen: set[int] = attrs.field(factory=set)  # hashes of kind and id, to save memory
    _last: list[int] = attrs.field(factory=list)  # the keys of its pieces
    _answers: dict[str, int] = attrs.field(factory=dict)  # their keys, by call

    def see(self, kind: str, item_id: str) -> None:
        """Take note of an id that was streamed."""
        self._seen.add(hash((kind, item_id)))

    def has_seen(self, kind: str, item_id: str) -> bool:
        """Tell whether an id was there before."""
        return hash((kind, item_id)) in self._seen

    def say(self, kind: str, *content: object) -> None:
        """Take note of a message that was streamed, or of a call."""
        self._last.append(_key(kind, *content))

    def answer(self, call_id: str, content: object) -> None:
        """Take note of a result that was streamed."""
        self.say("result", content)
        self._answers[call_id] = self._last[-1]

    def additions(self, messages: Sequence[object]) -> list[Addition]:
        """Return what a history adds, which is the last known one from now on."""
        before, self._last = self._last, []
        return [
            piece.addition
            for message in messages
            for piece in _pieces(message)
            if self._is_new(piece, before)
        ]

    def _is_new(self, piece: _Piece, before: list[int]) -> bool:
        (kind, message, _), item_id, key = piece
        name = hash((kind, item_id or key))
        is_counted = message.get("role") not in _UNCOUNTED
        is_known = name in self._seen and not (is_counted and not item_id)
        self._seen.add(name)
        if kind == "result":
            call_id = text_in(message, "toolCallId")
            is_known |= self._answers.get(call_id) == key
            self._answers[call_id] = key
        if not is_counted:
            return not is_known
        place = len(self._last)
        self._last.append(key)
        return not (is_known or before[place : place + 1] == [key])


def _pieces(message: object) -> Iterator[_Piece]:
    if not isinstance(message, dict):
        message = {"content": message}
    if message.get("subagentRunId"):
        return
    role, content = text_in(message, "role"), message.get("content")
    kinds = {"tool": "result", "reasoning": "thinking", "user": "user"}
    kind = "text" if role == "assistant" else kinds.get(role, "other")
    if kind != "text" or content:
        message_id = text_in(message, "id")
        key = _key(role if kind == "other" else kind, content)
        yield _Piece(Addition(kind, message, {}), message_id, key)
    calls = message.get("toolCalls") or []
    for call in calls if isinstance(calls, list) else [calls]:
        if isinstance(call, dict) and call:
            key = _key("call", *function_of(call))
            yield _Piece(Addition("call", message, call), text_in(call, "id"), key)
        else:
            odd = Addition("other", {"toolCall": call}, {})
            yield _Piece(odd, "", _key("other", call))


def function_of(call: Mapping[str, Any]) -> tuple[str, object]:
    """Return the tool of a call in a history, and its arguments."""
    function = call.get("function")
    known = function if isinstance(function, dict) else {}
    return text_in(known, "name"), known.get("arguments")


def _key(kind: str, *content: object) -> int:
    return hash((kind, repr(content)))
