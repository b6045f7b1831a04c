"""The conversion of a UI message's chunks."""

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

import attrs

from replay_backends.formats.api_captures.pending_deltas import PendingDeltas
from replay_backends.formats.event_builder import EventBuilder, RunUsage
from replay_backends.formats.members import rest_of, text_in
from replay_backends.formats.recording import Fate, Record

_SKIPPED: Final = frozenset({"finish-step", "text-end"})
_FAILED: Final = ("error", "content-filter")  # reasons to finish


@attrs.define
class _Call:
    """A call that has no result yet."""

    name: str = ""
    parts: list[str] = attrs.field(factory=list)  #: the text of its input so far
    made: tuple[str, object] | None = None  #: its tool and input; None: not whole yet
    is_clients: bool = True  #: the client runs the tool


class StreamConverter:
    """The conversion of a stream, or of several in a row."""

    def __init__(self, build: EventBuilder) -> None:
        self._build = build
        self._deltas = PendingDeltas(build)
        self._usage = RunUsage()
        self._message = ""  # its id
        self._block = 0  # of text or reasoning
        self._last: tuple[str, int, str] | None = None  # kind, block and id of a delta
        self._calls: dict[str, _Call] = {}  # by id
        self._has_failed = False  # this stream ended with an error
        self._held: dict[str, Any] | None = None  # a stop, unless the run goes on

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next chunk."""
        value = record.value
        if not isinstance(value, dict):
            return self._build.keep_whole(record, "line")
        kind = self._required(value, "type")
        if kind != "start":
            self._settle()
        convert = self.CONVERT.get(kind)
        fate = convert(self, value) if convert else _fate_of(kind, value)
        if fate == "skipped":
            return self._build.skip(record, kind)
        if fate == "kept":
            self._deltas.interrupt()
            return self._build.keep_whole(record, kind or "record")
        return fate, kind

    def end(self) -> None:
        """Add the stop that was held, and keep calls that broke off."""
        self._settle()
        self._drop_open()

    def _start(self, value: dict[str, Any]) -> Fate:
        self._held = None
        self._has_failed = False
        self._drop_open()
        self._message = text_in(value, "messageId")
        return "kept" if value.get("messageMetadata") is not None else "skipped"

    def _start_step(self, _: dict[str, Any]) -> Fate:
        self._usage.responses += 1
        return "skipped"

    def _reset_step(self, _: dict[str, Any]) -> Fate:
        self._build.note("reset-step")
        return "kept"

    def _start_text(self, _: dict[str, Any]) -> Fate:
        self._block += 1
        return "skipped"

    def _start_reasoning(self, value: dict[str, Any]) -> Fate:
        self._block += 1
        return self._end_reasoning(value)

    def _end_reasoning(self, value: dict[str, Any]) -> Fate:
        return "kept" if "providerMetadata" in value else "skipped"

    def _text(self, value: dict[str, Any]) -> Fate:
        return self._say("text_delta", value)

    def _reasoning(self, value: dict[str, Any]) -> Fate:
        return self._say("thinking_delta", value)

    def _say(self, kind: str, value: dict[str, Any]) -> Fate:
        delta = value.get("delta")
        if not isinstance(delta, str):
            self._build.note("missing-field", detail="delta")
            return "kept"
        if not delta:
            return "skipped"
        this = (kind, self._block, text_in(value, "id"))
        if self._last and self._last[0] == kind and self._last != this:
            self._build.note("blocks-joined")
        self._last = this
        kept = rest_of(value, "type", "delta")
        self._deltas.add(kind, self._message, delta, kept)
        return "mapped"

    def _start_call(self, value: dict[str, Any]) -> Fate:
        call = self._call_of(self._id(value))
        call.name = text_in(value, "toolName") or call.name
        return "skipped"

    def _input_delta(self, value: dict[str, Any]) -> Fate:
        delta = value.get("inputTextDelta")
        if not isinstance(delta, str):
            self._build.note("missing-field", detail="inputTextDelta")
            return "kept"
        self._call_of(self._id(value)).parts.append(delta)
        return "skipped"

    def _input(self, value: dict[str, Any]) -> Fate:
        return "mapped" if self._make(self._id(value), value) else "skipped"

    def _make(self, call_id: str, value: dict[str, Any]) -> bool:
        """Add a call; return False if it is there already."""
        call = self._call_of(call_id)
        made = (text_in(value, "toolName") or call.name, value.get("input"))
        if call_id and call.made == made:
            return False
        call.made = made
        call.is_clients = not value.get("providerExecuted")
        kept = rest_of(value, "type", "toolCallId", "toolName", "input", "errorText")
        self._forget_deltas()
        self._build.call(call_id, *made, kept)
        return True

    def _input_error(self, value: dict[str, Any]) -> Fate:
        call_id = self._id(value)
        self._make(call_id, value)
        self._answer(call_id, value.get("errorText"), {"is_error": True})
        return "mapped"

    def _output(self, value: dict[str, Any]) -> Fate:
        if value.get("preliminary") is True:
            return "skipped"
        kept = rest_of(value, "type", "toolCallId", "output")
        self._answer(self._id(value), value.get("output"), kept)
        return "mapped"

    def _output_error(self, value: dict[str, Any]) -> Fate:
        kept = rest_of(value, "type", "toolCallId", "errorText") | {"is_error": True}
        self._answer(self._id(value), value.get("errorText"), kept)
        return "mapped"

    def _denied(self, value: dict[str, Any]) -> Fate:
        self._calls.pop(self._id(value), None)
        return "kept"

    def _answer(self, call_id: str, result: object, kept: dict[str, Any]) -> None:
        self._forget_deltas()
        self._calls.pop(call_id, None)
        self._build.result(call_id, result, kept)

    def _finish(self, value: dict[str, Any]) -> Fate:
        if self._has_failed:
            return "skipped"
        self._drop_open()
        reason = text_in(value, "finishReason")
        kept = rest_of(value, "type", "finishReason") | {
            "finish_reason": reason or None
        }
        is_open = any(call.is_clients for call in self._calls.values())
        if reason == "tool-calls" and is_open:
            self._held = kept
        else:
            self._stop(reason if reason in _FAILED else None, kept)
        return "mapped"

    def _error(self, value: dict[str, Any]) -> Fate:
        error = text_in(value, "errorText")
        return self._fail(error or "unknown error", rest_of(value, "type", "errorText"))

    def _abort(self, value: dict[str, Any]) -> Fate:
        reason = text_in(value, "reason")
        error = f"aborted: {reason}" if reason else "aborted"
        return self._fail(error, rest_of(value, "type", "reason"))

    def _fail(self, error: str, kept: dict[str, Any]) -> Fate:
        self._has_failed = True
        self._drop_open()
        self._stop(error, kept)
        return "mapped"

    def _stop(self, error: str | None, kept: dict[str, Any]) -> None:
        self._forget_deltas()
        self._build.stop(self._usage, error, kept)
        self._usage = RunUsage()

    def _settle(self) -> None:
        """Add the stop that was held: the run doesn't go on."""
        if self._held is not None:
            held, self._held = self._held, None
            self._stop(None, held)

    def _drop_open(self) -> None:
        """Keep the calls that weren't whole when the stream ended."""
        for call_id, call in [*self._calls.items()]:
            if call.made:
                continue
            del self._calls[call_id]
            self._build.note("incomplete-block")
            self._deltas.interrupt()
            text = "".join(call.parts)
            whole = {"toolCallId": call_id, "toolName": call.name, "inputText": text}
            self._build.keep("incomplete-tool-call", whole)

    def _forget_deltas(self) -> None:
        self._last = None
        self._deltas.end()

    def _call_of(self, call_id: str) -> _Call:
        return self._calls.setdefault(call_id, _Call())

    def _id(self, value: dict[str, Any]) -> str:
        return self._required(value, "toolCallId")

    def _required(self, value: dict[str, Any], key: str) -> str:
        if not (found := text_in(value, key)):
            self._build.note("missing-field", detail=key)
        return found

    CONVERT: ClassVar[dict[str, "_Convert"]] = {
        "abort": _abort,
        "error": _error,
        "finish": _finish,
        "reasoning-delta": _reasoning,
        "reasoning-end": _end_reasoning,
        "reasoning-start": _start_reasoning,
        "reset-step": _reset_step,
        "start": _start,
        "start-step": _start_step,
        "text-delta": _text,
        "text-start": _start_text,
        "tool-input-available": _input,
        "tool-input-delta": _input_delta,
        "tool-input-error": _input_error,
        "tool-input-start": _start_call,
        "tool-output-available": _output,
        "tool-output-denied": _denied,
        "tool-output-error": _output_error,
    }


_Convert: TypeAlias = Callable[[StreamConverter, dict[str, Any]], Fate]


def _fate_of(kind: str, value: dict[str, Any]) -> Fate:
    is_passing = kind.startswith("data-") and value.get("transient") is True
    return "skipped" if kind in _SKIPPED or is_passing else "kept"
