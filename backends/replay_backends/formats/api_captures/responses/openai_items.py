"""The items of OpenAI's Responses API: what a model was given, and what it said."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import attrs

from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.event_builder import keep_with
from replay_backends.formats.members import left_of, list_in, rest_of, text_in
from replay_backends.formats.message_parts import add_prompt, parts_of
from replay_backends.formats.recording import Fate, Record

#: Calls that the client answers; the model waits for them.
_CLIENT_CALLS: Final = {
    "function_call": "arguments",
    "custom_tool_call": "input",
    "local_shell_call": "action",
    "shell_call": "action",
    "apply_patch_call": "operation",
    "computer_call": "actions",
}
_OTHER_CALLS: Final = {"tool_search_call": "arguments", "program": "code"}
_CALLS: Final = _CLIENT_CALLS | _OTHER_CALLS
#: Calls that the service runs itself: their arguments, and their results.
_SERVED: Final = {
    "code_interpreter_call": ("code", "outputs"),
    "file_search_call": ("queries", "results"),
    "image_generation_call": ("", "result"),
    "mcp_call": ("arguments", "output"),
    "web_search_call": ("action", ""),
}
_OUTPUTS: Final = {
    "function_call_output": "output",
    "custom_tool_call_output": "output",
    "local_shell_call_output": "output",
    "shell_call_output": "output",
    "apply_patch_call_output": "output",
    "computer_call_output": "output",
    "tool_search_output": "tools",
    "program_output": "result",
}
#: Arguments that aren't an object by themselves.
_NAMED: Final = ("input", "code", "queries")
_OTHERS: Final = (
    "reasoning", "item_reference", "mcp_list_tools", "mcp_approval_request",
    "mcp_approval_response", "compaction", "compaction_trigger", "additional_tools",
    "configuration_update",
)  # fmt: skip
#: The types of items by which a list of them is recognized.
ITEM_TYPES: Final = frozenset([*_CALLS, *_SERVED, *_OUTPUTS, *_OTHERS])
#: The types of the parts of a message.
PART_TYPES: Final = ("input_text", "input_image", "input_file", "output_text")
_TEXTS: Final = ("input_text", "output_text", "text")


def is_call(item: Mapping[str, Any]) -> bool:
    """Tell whether an item is a tool call."""
    kind = text_in(item, "type")
    return kind in _CALLS or kind in _SERVED


@attrs.define
class Items:
    """The items of a capture, converted one by one."""

    _run: Run
    _open: set[str] = attrs.field(factory=set)  # calls without an output
    _search: str = ""  # the last search for tools, which the service may answer
    _made: int = 0  # ids

    def begin(self) -> None:
        """Begin a response; the calls before it don't wait for it."""
        self._open.clear()

    def lacks(self, item: Mapping[str, Any]) -> bool:
        """Tell whether an item is a call that didn't come."""
        call_id = text_in(item, "call_id")
        return bool(call_id) and is_call(item) and call_id not in self._run.build.tools

    @property
    def are_answered(self) -> bool:
        """Tell whether no call of the response waits for the client."""
        return not self._open

    def convert(
        self,
        record: Record,
        item: Mapping[str, Any],
        given: Collection[object] = (),
    ) -> tuple[Fate, str]:
        """Convert an item.

        Args:
            record: Where it is.
            item: The item.
            given: The indexes of the parts that came before by themselves.
        """
        kind = text_in(item, "type") or ("message" if "role" in item else "untyped")
        build = self._run.build
        if kind == "message":
            return self._message(item, given)
        if kind == "reasoning":
            return self._reasoning(record, item, given)
        if kind == "item_reference":
            return build.skip(record, kind)
        if kind in _OUTPUTS:
            return self._output(item, kind)
        if kind in _CALLS:
            self._call(item, kind)
        elif kind in _SERVED:
            self._served(item, kind)
        else:
            return self._other(item, kind)
        return "mapped", kind

    def _message(
        self, item: Mapping[str, Any], given: Collection[object]
    ) -> tuple[Fate, str]:
        role = item.get("role")
        if role == "user":
            self._run.finish()
            kept = rest_of(item, "type", "role", "content")
            add_prompt(self._run.build, item.get("content"), kept)
        elif role == "assistant":
            self._assistant(item, given)
        else:
            return self._keep(item, text_in(item, "role") or "message")
        return "mapped", "message"

    def _assistant(self, item: Mapping[str, Any], given: Collection[object]) -> None:
        build, parts = self._run.build, parts_of(item.get("content"))
        if any(each.get("type") not in _TEXTS or each.get("text") for each in parts):
            self._open.clear()  # xAI answers calls itself, and sends no outputs
        rest = rest_of(item, "type", "role", "content")
        for number, part in enumerate(parts):
            kept = rest_of(part, "type", "text") | (
                rest if number == len(parts) - 1 else {}
            )
            match part:
                case {"type": "output_text" | "input_text" | "text", "text": str(text)}:
                    if number in given:
                        if number == len(parts) - 1:
                            self.add_to_last("text", kept)
                    else:
                        self._run.say("text", text, kept)
                case _:
                    build.keep(text_in(part, "type") or "part", part)

    def add_to_last(self, kind: str, kept: Mapping[str, object]) -> bool:
        """Add what an item holds to its last text; tell whether that's the last event.

        What is there is kept, such as the id that the text came with.
        """
        events = self._run.build.events
        if not events or events[-1]["type"] != kind:
            return False
        keep_with(events[-1], {k: v for k, v in kept.items() if v not in (None, [])})
        return True

    def _reasoning(
        self, record: Record, item: Mapping[str, Any], given: Collection[object]
    ) -> tuple[Fate, str]:
        build, kept = self._run.build, rest_of(item, "type")
        for key in ("content", "summary"):
            if all(map(_is_plain, list_in(item, key))):
                kept.pop(key, None)
        contents, summaries = (_texts_of(item, key) for key in ("content", "summary"))
        if contents and summaries:
            kept["summary"] = item.get("summary")
        known = contents or summaries
        *texts, last = [known[n] for n in known if n not in given] or [""]
        for text in texts:
            self._run.say("thinking", text)
        if self._run.say("thinking", last, kept):
            return "mapped", "reasoning"
        if given and self.add_to_last("thinking", kept):
            return "mapped", "reasoning"
        if kept.get("encrypted_content"):
            return self._keep(item, "reasoning")
        return ("mapped", "reasoning") if given else build.skip(record, "reasoning")

    def _call(self, item: Mapping[str, Any], kind: str) -> None:
        key = _CALLS[kind]
        if kind == "computer_call" and "actions" not in item:
            key = "action"
        call_id = self._id_of(item, "call_id", "id")
        if kind in _CLIENT_CALLS:
            self._open.add(call_id)
        if kind == "tool_search_call":
            self._search = call_id
        name = text_in(item, "name") or kind.removesuffix("_call")
        kept = left_of(item, type=str, call_id=str, name=str, **{key: object})
        self._run.build.call(call_id, name, _arguments(item, key), kept)
        self._run.settle()

    def _served(self, item: Mapping[str, Any], kind: str) -> None:
        """Convert a call that the service ran: an item for both call and result."""
        key, result_key = _SERVED[kind]
        if key == "action" and key not in item:
            key = "arguments"  # xAI's
        call_id = self._id_of(item, "id", "call_id")
        name = text_in(item, "name") or kind.removesuffix("_call")
        said = dict.fromkeys((key, result_key, "error"), object)
        rest = left_of(item, type=str, id=str, name=str, **said)
        arguments: object = _arguments(item, key)
        if not key:
            arguments = rest_of(rest, "status")
            rest = {"status": rest.get("status")}
        result, error = item.get(result_key), item.get("error")
        kept: dict[str, object] = {"error": error}
        if result is None and error is not None:
            result, kept = error, {"is_error": True}
        elif result is None:
            result, kept = {"status": item.get("status")}, {"result": "status"}
        self._run.build.call(call_id, name, arguments, {**rest, "server": True})
        self._run.build.result(call_id, result, kept)
        self._run.settle()

    def _output(self, item: Mapping[str, Any], kind: str) -> tuple[Fate, str]:
        build, key = self._run.build, _OUTPUTS[kind]
        call_id = text_in(item, "call_id") or text_in(item, "id")
        if kind == "tool_search_output" and item.get("call_id") is None:
            call_id = self._search or call_id
        if not call_id:
            build.note("missing-field")
            return self._keep(item, kind)
        self._open.discard(call_id)
        kept = rest_of(item, "type", "call_id", key)
        result = item.get(key)
        if result is None:
            result, kept["result"] = {"status": kept.pop("status", None)}, "status"
        build.result(call_id, result, kept)
        self._run.settle()
        return "mapped", kind

    def _other(self, item: Mapping[str, Any], kind: str) -> tuple[Fate, str]:
        if kind == "mcp_approval_request":
            self._open.add(text_in(item, "id"))
        elif kind == "mcp_approval_response":
            self._open.discard(text_in(item, "approval_request_id"))
        return self._keep(item, kind)

    def _keep(self, item: Mapping[str, Any], kind: str) -> tuple[Fate, str]:
        self._run.build.keep(kind, item)
        return "kept", kind

    def _id_of(self, item: Mapping[str, Any], *keys: str) -> str:
        found = next(filter(None, (text_in(item, key) for key in keys)), "")
        if not found:
            self._made += 1
            self._run.build.note("id-made", "invented")
        return found or f"made-{self._made}"


def _arguments(item: Mapping[str, Any], key: str) -> object:
    value = item.get(key)
    if key in _NAMED or isinstance(value, list):
        return {key: value}
    return value


def _is_plain(part: object) -> bool:
    """Tell whether a part is a text, and nothing else."""
    return isinstance(part, dict) and part.keys() <= {"type", "text"}


def _texts_of(item: Mapping[str, Any], key: str) -> dict[int, str]:
    """Return the texts of the parts of reasoning that aren't empty, by index."""
    parts = enumerate(list_in(item, key))
    texts = {n: text_in(each, "text") for n, each in parts if isinstance(each, dict)}
    return {number: text for number, text in texts.items() if text}
