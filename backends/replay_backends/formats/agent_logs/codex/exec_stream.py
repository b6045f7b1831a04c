"""What ``codex exec --json`` prints, turned into events."""

from collections.abc import Iterable
from typing import Any, Final

import attrs

from replay_backends.formats.event_builder import EventBuilder, RunUsage
from replay_backends.formats.members import left_of, object_in, rest_of, text_in
from replay_backends.formats.recording import Fate, Record

_COMMAND: Final = "command_execution"
_OUTPUT: Final = ("aggregated_output", "exit_code")
_CALLS: Final = (_COMMAND, "mcp_tool_call")
_SAID: Final = {"agent_message": "text", "reasoning": "thinking"}


@attrs.frozen
class ExecOutline:
    """What must be known of the whole stream before its records are converted."""

    thread_id: str
    unfinished: frozenset[int]  #: places of records of items that weren't completed


def outline_of_exec(records: Iterable[Record]) -> ExecOutline:
    """Return the outline of a stream."""
    thread_id = ""
    places: dict[str, list[int]] = {}  # by item id
    for place, record in enumerate(records):
        value = record.value if isinstance(record.value, dict) else {}
        item_id = text_in(object_in(value, "item"), "id")
        match value.get("type"):
            case "thread.started":
                thread_id = thread_id or text_in(value, "thread_id")
            case "item.started" | "item.updated":
                places.setdefault(item_id, []).append(place)
            case "item.completed":
                places.pop(item_id, None)
    return ExecOutline(thread_id, frozenset().union(*places.values()))


@attrs.define
class ExecConverter:
    """A converter of a stream's records, in order.

    Args:
        outline: The outline of the same records.
        build: Takes the events.
    """

    outline: ExecOutline
    _build: EventBuilder
    _place: int = -1

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        self._place += 1
        build, value = self._build, record.value
        if not isinstance(value, dict):
            return build.keep_whole(record, "line")
        kind = text_in(value, "type")
        match kind:
            case "thread.started" | "turn.started":
                return build.skip(record, kind)
            case "turn.completed" | "turn.failed":
                self._stop(value)
                return "mapped", kind
            case "item.started" | "item.updated" | "item.completed":
                return self._item(record, kind)
        return build.keep_whole(record, kind or "untyped")

    def end(self) -> None:
        """Add nothing: no event is held back."""

    def _stop(self, value: dict[str, Any]) -> None:
        recorded, usage = object_in(value, "usage"), RunUsage()
        usage.add_tokens("total_input_tokens", recorded.get("input_tokens"))
        usage.add_tokens("total_output_tokens", recorded.get("output_tokens"))
        error = None
        if value["type"] == "turn.failed":
            error = text_in(object_in(value, "error"), "message") or "error"
        self._build.stop(usage, error, rest_of(value, "type"))

    def _item(self, record: Record, kind: str) -> tuple[Fate, str]:
        build, item = self._build, object_in(record.value, "item")
        is_completed = kind == "item.completed"
        if not is_completed and self._place not in self.outline.unfinished:
            return build.skip(record, kind)
        name, kept = text_in(item, "type"), rest_of(record.value, "type", "item")
        if name in _CALLS and kind != "item.updated":
            self._call(record, item, kept, is_completed=is_completed)
        elif is_completed and name in _SAID and text_in(item, "text"):
            kept |= rest_of(item, "type", "text")
            build.say(_SAID[name], text_in(item, "text"), kept)
        else:
            return build.keep_whole(record, name or kind)
        return "mapped", kind

    def _call(
        self,
        record: Record,
        item: dict[str, Any],
        kept: dict[str, Any],
        *,
        is_completed: bool,
    ) -> None:
        build, call_id = self._build, text_in(item, "id")
        if not call_id:
            call_id = record.at
            build.note("id-made", "invented")
        arguments: object
        result: object
        if item["type"] == _COMMAND:
            said: dict[str, type] = {"command": object}
            name, arguments = _COMMAND, {"command": item.get("command")}
            result = {key: item.get(key) for key in _OUTPUT}
        else:
            said = {"server": str, "tool": str, "arguments": object}
            name = f"{text_in(item, 'server')}/{text_in(item, 'tool')}"
            arguments, result = item.get("arguments"), item.get("result")
            if result is None:
                result = item.get("error")
        of_result = dict.fromkeys((*_OUTPUT, "result", "error", "status"), object)
        rest = left_of(item, type=str, id=str, **said, **of_result)
        build.call(call_id, name, arguments, kept | rest)
        if is_completed:
            error = item.get("error")
            kept |= {"status": item.get("status")}
            if error is not None:
                kept |= {"is_error": True, "error": error}
            build.result(call_id, result, kept)
