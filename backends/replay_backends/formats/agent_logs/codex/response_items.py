"""The response items of a rollout, turned into events."""

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from replay.authoring import parse_json
from replay.errors import DecodeError
from replay_backends.formats.agent_logs.codex.rollout_records import (
    SKIPPED_ITEMS,
    Parts,
    message_of,
    text_of,
)
from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import left_of, object_in, rest_of, text_in
from replay_backends.formats.message_parts import add_prompt, parts_of
from replay_backends.formats.recording import Fate, Record

#: The calls: their tool, if it isn't a ``name``, and the key of their arguments.
_CALLS: Final[Mapping[str, tuple[str, str]]] = {
    "function_call": ("", "arguments"),
    "custom_tool_call": ("", "input"),
    "local_shell_call": ("local_shell", "action"),
    "tool_search_call": ("tool_search", "arguments"),
    "web_search_call": ("web_search", "action"),
}
_OUTPUTS: Final = {
    "function_call_output": "output",
    "custom_tool_call_output": "output",
    "tool_search_output": "tools",
}
_IMAGE: Final = "image_generation_call"
_NOT_ARGUMENTS: Final = (
    "type", "id", "call_id", "status", "result", "metadata",
    "internal_chat_message_metadata_passthrough",
)  # fmt: skip
_EXIT_CODE: Final = re.compile(
    r"(?:.*\n){0,4}?(?:Process exited with code|Exit code:) (-?\d{1,10})\n"
)


@attrs.define
class ItemConverter:
    """A converter of response items.

    Args:
        build: Takes the events.
    """

    _build: EventBuilder
    model: str | None = None  #: None: the log doesn't say, or not yet

    def convert(self, record: Record, parts: Parts) -> tuple[Fate, str]:
        """Convert an item that isn't a prompt."""
        kind, payload = parts.kind, parts.payload
        if kind in SKIPPED_ITEMS:
            return self._build.skip(record, kind)
        if kind == "message" and payload.get("role") == "assistant":
            is_mapped = self._say(parts)
        elif kind == "reasoning":
            is_mapped = self._think(parts)
        elif kind in _CALLS:
            is_mapped = self._call(record, parts)
        elif kind in _OUTPUTS:
            is_mapped = self._result(record, parts)
        elif kind == _IMAGE:
            is_mapped = self._image(record, parts)
        else:
            is_mapped = False
        if is_mapped:
            return "mapped", kind
        return self._build.keep_whole(record, _kind_of(kind, payload))

    def prompt(self, parts: Parts) -> None:
        """Add what the user said."""
        build, message = self._build, message_of(parts.payload)
        kept = {
            **self.kept(parts, role=object, content=object),
            "model": None,
            "image_tags": message.image_tags or None,
        }
        add_prompt(build, message.parts, kept, _keep_part)
        for part in message.added:
            build.keep("injected", part)

    def kept(self, parts: Parts, **said: type) -> dict[str, Any]:
        """Return what a record held but for what was *said*, and the turn's model."""
        rest = left_of(parts.payload, type=object, **said)
        return {**parts.envelope, "model": self.model, **rest}

    def _say(self, parts: Parts) -> bool:
        content = parts_of(parts.payload.get("content"))
        if not any(map(text_of, content)):
            return False
        kept = self.kept(parts, role=object, content=object)
        for part in content:
            text = text_of(part)
            if text is None:
                _keep_part(self._build, part)
            elif self._build.say("text", text, kept | rest_of(part, "type", "text")):
                kept = self._brief(parts)
        return True

    def _think(self, parts: Parts) -> bool:
        payload = parts.payload
        for key in ("content", "summary"):
            thoughts = parts_of(payload.get(key))
            if not any(text_in(part, "text") for part in thoughts):
                continue
            kept = self.kept(parts, **{key: object})
            for part in thoughts:
                if "text" not in part:
                    _keep_part(self._build, part)
                elif self._build.say(
                    "thinking",
                    text_in(part, "text"),
                    kept | left_of(part, type=str, text=str),
                ):
                    kept = self._brief(parts)
            return True
        return False

    def _brief(self, parts: Parts) -> dict[str, Any]:
        """Return what further events of a record keep."""
        return {"timestamp": parts.envelope.get("timestamp"), "model": self.model}

    def _call(self, record: Record, parts: Parts) -> bool:
        payload = parts.payload
        tool, key = _CALLS[parts.kind]
        arguments = payload.get(key)
        if key == "input":
            arguments = {} if arguments is None else {"input": arguments}
        said = {key: object, "call_id": str} | ({} if tool else {"name": str})
        name = tool or text_in(payload, "name")
        if not name:
            self._build.note("missing-field", "invented")
        kept = self.kept(parts, **said)
        self._build.call(self._call_id(record, payload), name, arguments, kept)
        return True

    def _result(self, record: Record, parts: Parts) -> bool:
        payload = parts.payload
        key = _OUTPUTS[parts.kind]
        result = payload.get(key)
        kept = self.kept(parts, **{key: object, "call_id": str, "name": str})
        kept["exit_code"] = exit_code_of(result)
        match result:
            case {"content": content, "success": success, **others} if not others:
                result, kept["success"] = content, success
        name = text_in(payload, "name") or None
        self._build.result(self._call_id(record, payload), result, kept, name)
        return True

    def _image(self, record: Record, parts: Parts) -> bool:
        payload = parts.payload
        call_id = self._call_id(record, payload)
        arguments = rest_of(payload, *_NOT_ARGUMENTS)
        said = dict.fromkeys(("result", *arguments), object)
        kept = self.kept(parts, **said, call_id=str)
        self._build.call(call_id, "image_generation", arguments, kept)
        if payload.get("result") is not None:
            self._build.result(call_id, payload["result"], self._brief(parts))
        return True

    def _call_id(self, record: Record, payload: Mapping[str, Any]) -> str:
        if call_id := text_in(payload, "call_id") or text_in(payload, "id"):
            return call_id
        self._build.note("id-made", "invented")
        return record.at


def exit_code_of(output: object) -> object:
    """Return a command's exit code, which its output tells; None: it doesn't.

    >>> exit_code_of('{"output":"","metadata":{"exit_code":2}}')
    2
    """
    found = output
    if isinstance(output, str):
        if framed := _EXIT_CODE.match(output):
            return int(framed[1])
        if not output.startswith("{") or '"exit_code"' not in output:
            return None
        try:
            found = parse_json(output.encode("utf-8", "surrogatepass")).value
        except (DecodeError, UnicodeError):
            return None
    if not isinstance(found, dict):
        return None
    code = object_in(found, "metadata").get("exit_code")
    return code if isinstance(code, int) else None


def _kind_of(kind: str, payload: Mapping[str, Any]) -> str:
    """Return the name of an item that is kept as it is."""
    if kind == "message":
        return f"message.{text_in(payload, 'role')}".removesuffix(".")
    return kind or "response_item"


def _keep_part(build: EventBuilder, part: Mapping[str, Any]) -> None:
    build.keep(text_in(part, "type") or "part", part)
