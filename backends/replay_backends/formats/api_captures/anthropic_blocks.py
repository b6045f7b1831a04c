"""The content blocks of Anthropic's Messages API, and messages made of them."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.members import int_in, left_of, rest_of, sum_in, text_in
from replay_backends.formats.message_parts import add_prompt, parts_of
from replay_backends.formats.recording import Fate, Record

#: The types of tool calls; what is in front of their name runs them.
CALLS: Final = ("tool_use", "server_tool_use", "mcp_tool_use")
_RESULT: Final = "tool_result"  # the end of the types of results
_INPUT_TOKENS: Final = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
)
#: The members of a message that are read, or say the same in each.
_SAID: Final = ("type", "role", "content", "id", "usage")
_OF_END: Final = ("stop_reason", "stop_sequence", "stop_details", "container")
_GOING_ON: Final = ("tool_use", "pause_turn", "compaction")


@attrs.define
class Blocks:
    """The whole blocks and messages of a capture, converted one by one."""

    _run: Run
    _made: int = 0  # ids

    def message(self, record: Record, message: Mapping[str, Any]) -> tuple[Fate, str]:
        """Convert a message of a list."""
        role = text_in(message, "role")
        build, blocks = self._run.build, parts_of(message.get("content"))
        if role not in ("user", "assistant"):
            return build.keep_whole(record, role or "untyped")
        if not blocks:
            build.note("missing-field")
            return build.keep_whole(record, role)
        if role == "user":
            self._user(message, blocks)
        else:
            for block in blocks:
                self.convert(block)
        return "mapped", role

    def _user(self, message: Mapping[str, Any], blocks: list[dict[str, Any]]) -> None:
        """Convert a user's message: the results first, the rest is one input."""
        for block in filter(_is_result, blocks):
            self.convert(block)
        if others := [each for each in blocks if not _is_result(each)]:
            self._run.finish()
            kept = rest_of(message, "type", "role", "content")
            add_prompt(self._run.build, others, kept)

    def convert(self, block: Mapping[str, Any]) -> tuple[Fate, str]:
        """Convert a block that is whole."""
        build, kind = self._run.build, text_in(block, "type")
        match block:
            case {"type": "text", "text": str(content)} | {
                "type": "thinking",
                "thinking": str(content),
            } if content or not block.get("signature"):
                self._run.say(kind, content, rest_of(block, "type", kind))
            case {"type": str()} if kind in CALLS:
                self.call(block, block.get("input"))
            case {"tool_use_id": str(call_id)} if kind.endswith(_RESULT):
                kept = rest_of(block, "type", "tool_use_id", "content")
                kept["is_error"] = kept.get("is_error") or None
                build.result(call_id, block.get("content"), kept)
                self._run.settle()
            case _:
                if kind.endswith(_RESULT):
                    build.note("missing-field")
                build.keep(kind or "block", block)
                return "kept", kind or "block"
        return "mapped", kind

    def call(self, block: Mapping[str, Any], arguments: object) -> None:
        """Convert a tool call, whose arguments may have come apart from its block."""
        kind, call_id = text_in(block, "type"), text_in(block, "id")
        if not call_id:
            self._made += 1
            call_id = f"made-{self._made}"
            self._run.build.note("id-made", "invented")
        kept = {
            **left_of(block, type=str, id=str, name=str, input=object, server_name=str),
            "server": block.get("server_name", kind != "tool_use" or None),
        }
        self._run.build.call(call_id, text_in(block, "name"), arguments, kept)
        self._run.settle()


@attrs.define
class Response:
    """What is known of a message that the model is sending."""

    origin: dict[str, Any] = attrs.field(factory=dict)
    usage: dict[str, Any] = attrs.field(factory=dict)
    ending: dict[str, Any] = attrs.field(factory=dict)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Response":
        """Return what a message says at its beginning."""
        rest = rest_of(message, *_SAID, *_OF_END)
        response = cls({"message_id": message.get("id"), **rest})
        ending = {key: message.get(key) for key in _OF_END}
        response.see(ending, message.get("usage"))
        return response

    def see(self, ending: object, usage: object) -> None:
        """Take in how it ends, and its tokens so far, which replace those before."""
        for known, more in ((self.ending, ending), (self.usage, usage)):
            if isinstance(more, dict):
                known.update({k: v for k, v in more.items() if v is not None})

    @property
    def stop_reason(self) -> str:
        """Return why it ended; empty: that isn't recorded."""
        return text_in(self.ending, "stop_reason")

    def end(self, run: Run, error: str | None = None) -> None:
        """End it as its stop reason says, or with an error."""
        reason, ending = self.stop_reason, self.ending
        if error is None and reason == "refusal":
            error = "refusal"
        run.count(*self.tokens)
        kept = {
            "finish_reason": ending.get("stop_reason"),
            **rest_of(ending, "stop_reason"),
            "usage": self.usage or None,
        }
        run.end(error, kept, goes_on=error is None and reason in _GOING_ON)

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        """Return its tokens, in and out; None: not recorded."""
        return sum_in(self.usage, *_INPUT_TOKENS), int_in(self.usage, "output_tokens")


def _is_result(block: Mapping[str, Any]) -> bool:
    return text_in(block, "type").endswith(_RESULT)
