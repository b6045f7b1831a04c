"""The messages of a chat, and the parts of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import attrs

from replay_backends.formats.api_captures.chat.chat_calls import (
    ONLY_CALL,
    OpenCalls,
    read_call,
)
from replay_backends.formats.api_captures.chat.chat_response import (
    ResponseEnd,
    choice_of,
    rest_of_choice,
    rest_of_response,
    usage_of,
)
from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.event_builder import time_of
from replay_backends.formats.members import object_in
from replay_backends.formats.message_parts import add_prompt
from replay_backends.formats.recording import Fate, Record

SAID: Final = ("text", "thinking")  #: the kinds of parts that are said
_KEPT_WHOLE: Final = ("audio", "images")
_NOT_KEPT: Final = frozenset(
    {
        "role", "content", "refusal", "tool_calls", "function_call", "tool_call_id",
        "reasoning_content", "reasoning", "reasoning_details", *_KEPT_WHOLE,
    }
)  # fmt: skip


class Part(NamedTuple):
    """A part of an assistant's message."""

    kind: str  #: ``text`` or ``thinking``; anything else is kept as it is
    content: Any
    rest: Mapping[Any, Any] = {}  #: what else it holds


def parts_of(message: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts of an assistant's message, or of a delta; not its tool calls."""
    if thinking := _thinking_of(message):
        yield Part("thinking", thinking)
    else:
        yield from _details_of(message.get("reasoning_details"))
    content = message.get("content")
    if isinstance(content, list):
        for block in content:
            yield from _parts_of_block(block)
    elif content is not None:
        yield Part("text" if isinstance(content, str) else "content", content)
    for kind in _KEPT_WHOLE:
        if message.get(kind):
            yield Part(kind, message[kind])


def rest_of_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message, or a delta, holds but what is said and asked for."""
    rest = {k: v for k, v in message.items() if v and k not in _NOT_KEPT}
    if thinking := _thinking_of(message):
        if details := message.get("reasoning_details"):
            rest["reasoning_details"] = details
        if (other := message.get("reasoning")) and other != thinking:
            rest["reasoning"] = other
    return rest


def _thinking_of(message: Mapping[str, Any]) -> str:
    for key in ("reasoning_content", "reasoning"):
        if (found := message.get(key)) and isinstance(found, str):
            return found
    return ""


def _details_of(details: object) -> Iterator[Part]:
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"type": "reasoning.text", "text": str(thinking), **rest} | {
                "type": "reasoning.summary",
                "summary": str(thinking),
                **rest,
            } if thinking:
                yield Part("thinking", thinking, rest)
            case _:
                yield Part(_kind_of(detail), detail)


def _parts_of_block(block: object) -> Iterator[Part]:
    match block:
        case {"type": "text", "text": str(text), **rest} if text:
            yield Part("text", text, rest)
        case {"type": "thinking", "thinking": str(thinking), **rest} if thinking:
            yield Part("thinking", thinking, rest)
        case {"type": "thinking", "thinking": [*pieces]}:
            for piece in pieces:
                match piece:
                    case {"type": "text", "text": str(thinking)}:
                        yield Part("thinking", thinking)
                    case _:
                        yield Part(_kind_of(piece), piece)
        case {"type": "text" | "thinking", **rest} if not any(rest.values()):
            pass  # it is empty
        case _:
            yield Part(_kind_of(block), block)


def _kind_of(block: object) -> str:
    """Return the kind that a block is kept as."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind in ("", *SAID):
        return "block"
    return kind


@attrs.define
class MessageConverter:
    """A converter of messages, one after another."""

    _run: Run
    _calls: OpenCalls

    def convert(self, record: Record) -> tuple[Fate, str]:
        """Convert a message."""
        message, build = record.value, self._run.build
        rest = rest_of_message(message)
        if time := time_of(rest.get("timestamp")):
            build.see_time(rest["timestamp"])
            rest["timestamp"] = time.isoformat()
        role = message["role"]
        if role == "user":
            return self._user(record, rest)
        if role == "assistant":
            self._run.begin()
            return self._assistant(record, rest)
        if role in ("tool", "function"):
            self._result(message, rest)
            return "mapped", role
        return build.keep_whole(record, role)

    def convert_response(self, record: Record) -> tuple[Fate, str]:
        """Convert a response that wasn't streamed."""
        response, run = record.value, self._run
        run.begin()
        choice = choice_of(response, run)
        message = object_in(choice, "message")
        rest = {
            **rest_of_response(response),
            **rest_of_choice(choice),
            **rest_of_message(message),
        }
        run.build.see_time(response.get("created"))
        has_calls, rest = self._add_assistant(message, rest)
        usage, reason = usage_of(response, choice), choice.get("finish_reason")
        end = ResponseEnd(reason, usage, response.get("error"))
        end.tell(run, rest, has_calls=has_calls)
        return "mapped", "response"

    def _add_assistant(
        self, message: Mapping[str, Any], rest: dict[str, Any]
    ) -> tuple[bool, dict[str, Any]]:
        """Add what an assistant's message says and asks for.

        Args:
            message: The message.
            rest: What else its record holds, for the first event to keep.

        Returns:
            Whether it asks for tools, and the rest if no event keeps it.
        """
        build = self._run.build
        self._run.settle()
        for part in parts_of(message):
            if part.kind not in SAID:
                build.keep(part.kind, part.content)
            elif build.say(part.kind, part.content, {**rest, **part.rest}):
                rest = {}
        if refusal := message.get("refusal"):
            build.keep("refusal", {"refusal": refusal})
        calls = message.get("tool_calls") or []
        has_calls = False
        for call in calls if isinstance(calls, list) else [calls]:
            if isinstance(call, dict):
                self._calls.add(read_call(call), rest)
                has_calls, rest = True, {}
            else:
                build.keep("tool_calls", call)
        if isinstance(function := message.get("function_call"), dict):
            only = {"id": ONLY_CALL, "function": function}
            self._calls.add(read_call(only), rest)
            has_calls, rest = True, {}
        return has_calls, rest

    def _user(self, record: Record, rest: dict[str, Any]) -> tuple[Fate, str]:
        build, content = self._run.build, record.value.get("content")
        self._run.finish()
        if content is None:
            build.note("missing-field")
        add_prompt(build, content, rest)
        return "mapped", "user"

    def _assistant(self, record: Record, rest: dict[str, Any]) -> tuple[Fate, str]:
        build = self._run.build
        start = len(build.events)
        self._add_assistant(record.value, rest)
        found = build.events[start:]
        if any("record" not in event for event in found):
            return "mapped", "assistant"
        if found:
            return "kept", "assistant"
        if rest:
            return build.keep_whole(record, "assistant")
        return build.skip(record, "assistant")

    def _result(self, message: Mapping[str, Any], rest: dict[str, Any]) -> None:
        build, name = self._run.build, rest.get("name")
        if message["role"] == "function":
            call_id = self._calls.close(ONLY_CALL)
            known = rest.pop("name", None)
        else:
            recorded = message.get("tool_call_id")
            match message.get("tool_call_ids"):
                case [str(only)] if not recorded:  # as SWE-agent writes it
                    recorded = only
            call_id = self._calls.close(recorded)
            known = None if call_id in build.tools else name
        named = known if isinstance(known, str) else None
        self._run.settle()
        build.result(call_id, message.get("content"), rest, named)
