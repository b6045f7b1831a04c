"""The events that OpenAI's Responses API sends while a model answers."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import attrs

from replay_backends.formats.api_captures.model_run import Run
from replay_backends.formats.api_captures.responses.openai_items import Items, is_call
from replay_backends.formats.event_builder import EventBuilder, time_of
from replay_backends.formats.members import int_in, list_in, object_in, rest_of, text_in
from replay_backends.formats.recording import Fate, Record

_DELTAS: Final = {
    "response.output_text.delta": "text",
    "response.reasoning_summary_text.delta": "thinking",
    "response.reasoning_text.delta": "thinking",
}
_FINALS: Final = {
    f"{kind.removesuffix('delta')}done": ours for kind, ours in _DELTAS.items()
}
_BEGINNINGS: Final = ("response.created", "response.queued", "response.in_progress")
_ENDS: Final = (
    "response.completed",
    "response.incomplete",
    "response.failed",
    "response.cancelled",
)
#: Progress, and what the finished item says again.
_BOOKKEEPING: Final = re.compile(
    r"""response\.(
        output_item\.added
      | (content_part|reasoning_summary_part)\.(added|done)
      | refusal\.(delta|done)
      | (function_call_arguments|custom_tool_call_input|mcp_call_arguments
        |code_interpreter_call_code|apply_patch_call_operation_diff)\.\w+
      | shell_call_\w+\.\w+
      | (\w+_call|mcp_list_tools)\.(in_progress|searching|interpreting|generating
        |completed|failed|partial_image)
      | output_text\.annotation\.added
      | audio\.[\w.]+
    )""",
    re.VERBOSE,
)
_UNFINISHED: Final = ("queued", "in_progress")
#: The members of a response that are read.
_READ: Final = frozenset(
    {
        "id", "object", "model", "created_at", "completed_at", "status", "output",
        "usage", "error", "incomplete_details", "instructions", "input",
    }
)  # fmt: skip
_GOING_ON: Final = ("completed", "incomplete")  # if calls wait for the client


@attrs.define
class _Call:
    """A tool call of a stream that isn't finished."""

    item: dict[str, Any]
    pieces: list[str] = attrs.field(factory=list)


class Converter:
    """A converter of a stream's events, or of a document's items."""

    def __init__(self, build: EventBuilder) -> None:
        self._build = build
        self._run = Run(build, "interleaved-blocks")
        self._items = Items(self._run)
        self._calls: dict[int | None, _Call] = {}  # by output_index
        # By output_index, the indexes of the parts whose final was sent.
        self._given: dict[int | None, set[int]] = {}
        self._is_begun = False  # a response is under way
        self._has_output = False  # and something of it was sent
        self._told: dict[str, Any] = {}  # what else responses hold, the last time
        self._stored: dict[str, Any] | None = None  # the response of a document
        self._handlers: dict[str, Callable[[Record, str], tuple[Fate, str]]] = {
            **dict.fromkeys(_DELTAS, self._delta),
            **dict.fromkeys(_FINALS, self._final),
            **dict.fromkeys(_BEGINNINGS, self._beginning),
            **dict.fromkeys(_ENDS, self._ending),
            "response.output_item.done": self._finished,
            "error": self._error,
        }

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        return self._run.convert(self._convert, record)

    def end(self) -> None:
        """Add what was held back."""
        self._run.close(self._break_off)

    def _break_off(self) -> None:
        if self._stored:
            self._end(self._stored, "completed")
        self._cut()

    def _convert(self, record: Record) -> tuple[Fate, str]:
        value = record.value
        if record.at == "/instructions" or not isinstance(value, dict):
            return self._build.keep_whole(record, _odd_kind(record.at))
        if value.get("object") == "response":
            return self._response(value)
        kind = text_in(value, "type")
        if handler := self._handlers.get(kind):
            return handler(record, kind)
        if kind.startswith("response."):
            return self._progress(record, kind)
        return self._items.convert(record, value)

    def _response(self, response: dict[str, Any]) -> tuple[Fate, str]:
        """Convert a stored response; that of a document is followed by its items."""
        if response.get("instructions") is not None:
            self._build.keep("instructions", response["instructions"])
        self._begin(response)
        if "output" in response:
            self._end(response, "completed")
        else:
            self._stored = response
        return "mapped", "response"

    def _delta(self, record: Record, kind: str) -> tuple[Fate, str]:
        value, content = record.value, record.value.get("delta")
        if not isinstance(content, str):
            return self._unreadable(record, kind)
        self._has_output = True
        part = int_in(value, "output_index"), _part_of(value)
        logprobs = value.get("logprobs")
        kept = {"logprobs": logprobs} if logprobs else None
        self._run.delta(_DELTAS[kind], content, kept, part)
        return "mapped", kind

    def _final(self, record: Record, kind: str) -> tuple[Fate, str]:
        value, content = record.value, record.value.get("text")
        if not isinstance(content, str):
            return self._unreadable(record, kind)
        self._has_output = True
        self._given.setdefault(int_in(value, "output_index"), set()).add(
            _part_of(value)
        )
        kept = {"id": value.get("item_id"), "logprobs": value.get("logprobs") or None}
        self._run.say(_FINALS[kind], content, kept)
        return "mapped", kind

    def _finished(self, record: Record, kind: str) -> tuple[Fate, str]:
        item, index = record.value.get("item"), int_in(record.value, "output_index")
        if not isinstance(item, dict):
            return self._unreadable(record, kind)
        self._has_output = True
        self._calls.pop(index, None)
        given = self._given.pop(index, ())
        return self._items.convert(record, item, given)

    def _unreadable(self, record: Record, kind: str) -> tuple[Fate, str]:
        self._build.note("missing-field")
        return self._build.keep_whole(record, kind)

    def _progress(self, record: Record, kind: str) -> tuple[Fate, str]:
        """Take in what an item that never finishes needs, and what a text lacks."""
        if not _is_bookkeeping(kind):
            return self._build.keep_whole(record, kind)
        value, index = record.value, int_in(record.value, "output_index")
        if kind == "response.output_item.added":
            if is_call(item := object_in(value, "item")):
                self._calls[index] = _Call(item)
        elif kind == "response.content_part.done":
            if index in self._given:
                part = object_in(value, "part")
                self._items.add_to_last("text", rest_of(part, "type", "text"))
        elif index in self._calls and kind.endswith(".delta"):
            self._calls[index].pieces.append(text_in(value, "delta"))
        return self._build.skip(record, kind)

    def _error(self, record: Record, kind: str) -> tuple[Fate, str]:
        self._cut()
        self._is_begun = False
        kept = rest_of(record.value, "type")
        self._run.end(_message_of(record.value), kept, goes_on=True)
        return "mapped", kind

    def _beginning(self, record: Record, kind: str) -> tuple[Fate, str]:
        if kind == "response.created" or not self._is_begun:
            if self._is_begun:
                self._build.note("restarted-message")
            self._begin(object_in(record.value, "response"))
        return self._build.skip(record, kind)

    def _begin(self, response: Mapping[str, Any]) -> None:
        self._cut()
        self._run.begin(
            {
                "response_id": response.get("id"),
                "model": response.get("model"),
                "timestamp": _time_text(response.get("created_at")),
            }
        )
        self._items.begin()
        self._build.see_time(response.get("created_at"))
        self._is_begun, self._has_output = True, False

    def _cut(self) -> None:
        """Keep the calls that their response didn't finish."""
        for call in self._calls.values():
            record = {"item": call.item, "partial": "".join(call.pieces)}
            self._build.keep("incomplete-item", record)
        self._calls.clear()
        self._given.clear()

    def _ending(self, record: Record, kind: str) -> tuple[Fate, str]:
        response = object_in(record.value, "response")
        self._end(response, kind.removeprefix("response."))
        return "mapped", kind

    def _end(self, response: Mapping[str, Any], said: str) -> None:
        """End a response.

        Args:
            response: The response; of its items, those are converted that didn't come
                before.
            said: Its status if it doesn't hold one.
        """
        for number, item in enumerate(list_in(response, "output")):
            if not isinstance(item, dict):
                continue
            is_begun = number in self._calls
            if not self._has_output or is_begun or self._items.lacks(item):
                self._calls.pop(number, None)
                self._items.convert(Record(self._build.at, item), item)
        self._cut()
        self._is_begun = self._has_output = False
        self._build.see_time(response.get("created_at"))
        status = text_in(response, "status") or said
        if status in _UNFINISHED:
            return
        reason = object_in(response, "incomplete_details").get("reason")
        usage = object_in(response, "usage")
        self._run.count(int_in(usage, "input_tokens"), int_in(usage, "output_tokens"))
        rest = {
            key: value
            for key, value in response.items()
            if value and key not in _READ and self._told.get(key) != value
        }
        self._told |= rest
        kept = {
            "response": rest or None,
            "finish_reason": reason or status,
            "error": response.get("error"),
            "usage": usage or None,
            "timestamp": _time_text(response.get("completed_at")),
        }
        goes_on = status in _GOING_ON and not self._items.are_answered
        self._run.end(_error_of(response, status, reason), kept, goes_on=goes_on)


def _error_of(response: Mapping[str, Any], status: str, reason: object) -> str | None:
    if status == "failed":
        return _message_of(response)
    if status == "cancelled":
        return "aborted: cancelled"
    return "content_filter" if reason == "content_filter" else None


def _message_of(value: Mapping[str, Any]) -> str:
    """Return the message of an error, which may be within an object of its own."""
    held = object_in(value, "error")
    return text_in(held, "message") or text_in(value, "message") or "failed"


def _part_of(value: Mapping[str, Any]) -> int:
    """Return the index of the part of its item that an event is about."""
    found = (int_in(value, key) for key in ("content_index", "summary_index"))
    return next((index for index in found if index is not None), 0)


def _time_text(recorded: object) -> str | None:
    time = time_of(recorded)
    return time.isoformat() if time else None


def _odd_kind(at: str) -> str:
    """Return what to call a record that is no object, or the request's."""
    if at == "/instructions":
        return "instructions"
    return "line" if at.startswith("line:") else "item"


@cache
def _is_bookkeeping(kind: str) -> bool:
    return _BOOKKEEPING.fullmatch(kind) is not None
