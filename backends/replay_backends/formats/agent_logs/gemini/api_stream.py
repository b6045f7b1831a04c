"""The responses of the Gemini API, whole or in chunks."""

from collections.abc import Mapping
from io import StringIO
from typing import Any, Final

import attrs

from replay_backends.formats.agent_logs.gemini.gemini_parts import (
    PartConverter,
    add_prompt,
    in_camel_case,
    object_in,
    parts_of,
)
from replay_backends.formats.agent_logs.gemini.streamed_call import StreamedCall
from replay_backends.formats.event_builder import (
    Event,
    EventBuilder,
    RunUsage,
    keep_with,
)
from replay_backends.formats.members import left_of, parted, rest_of, sum_in, text_in
from replay_backends.formats.recording import Fate, Record

_CHUNK_KEYS: Final = ("candidates", "usageMetadata", "promptFeedback", "error")
_MARKS: Final = frozenset({*_CHUNK_KEYS, "usage_metadata", "prompt_feedback"})
_NORMAL_ENDS: Final = ("STOP", "MAX_TOKENS")
_UNSPECIFIED: Final = "FINISH_REASON_UNSPECIFIED"
#: What events say of a request, and of what it may be recorded with.
_SAID_OF_REQUEST: Final = (
    *("contents", "systemInstruction", "method", "response"),
    *_CHUNK_KEYS,
)
_MADE: Final = {"made": True}
_DELTAS: Final = ("text_delta", "thinking_delta")


@attrs.define
class _Response:
    """A response so far."""

    id: str = ""
    usage: dict[str, Any] | None = None  #: the last counts, which are cumulative
    finish: str = ""  #: why it ended; empty: it didn't yet
    error: str | None = None
    is_ended: bool = False
    has_calls: bool = False
    said: dict[str, Any] = attrs.field(factory=dict)  #: what its chunks repeat
    rest: dict[str, Any] = attrs.field(factory=dict)  #: what no event holds


@attrs.define
class ApiConverter:
    """A converter of chunks, whole responses and requests, in order."""

    _build: EventBuilder
    _parts: PartConverter = attrs.field(init=False)
    _history: PartConverter = attrs.field(init=False)  # of requests
    _run: RunUsage = attrs.field(factory=RunUsage)
    _response: _Response | None = None
    _call: StreamedCall | None = None
    _ended: _Response | None = None  # the last one, if its run may go on
    _held: list[Event] = attrs.field(factory=list)  # the last event
    _seen: int = 0  # messages of the request before
    _settings: dict[str, Any] = attrs.field(factory=dict)  # of the request before
    _message: StringIO = attrs.field(factory=StringIO)  # deltas that nothing followed
    _message_kind: str = ""
    _message_is_over: bool = False

    def __attrs_post_init__(self) -> None:
        self._parts = PartConverter(self._build, "_delta")
        self._history = PartConverter(self._build)

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        build = self._build
        build.events, self._held = self._held, []
        fate = self._convert(record)
        self._held = build.events[-1:]
        del build.events[-1:]
        return fate

    def end(self) -> None:
        """Add the end of the last run, if its last response ended."""
        self._build.events, self._held = self._held, []
        self._end_response()
        self._end_run()

    def _convert(self, record: Record) -> tuple[Fate, str]:
        if not isinstance(record.value, dict):
            return self._build.keep_whole(record, "line")
        value = in_camel_case(record.value)
        request = value if "contents" in value else object_in(value, "request")
        if "contents" in request:
            self._request(request)
        match value.get("response"):
            case list() | dict() as found:
                chunks = found if isinstance(found, list) else [found]
                others = rest_of(value, "method", "response", "request")
                if others and "contents" not in value:
                    self._build.keep("recording", others)
            case _:
                chunks = [record.value]
        used = [self._chunk(each) for each in chunks if _is_chunk(each)]
        if "method" in value:
            self._end_response()
        if any(used) or "contents" in request:
            for each in chunks if chunks != [record.value] else ():
                if not _is_chunk(each):
                    self._build.keep("chunk", each)
            return "mapped", "response"
        if used:
            return self._build.skip(record, "empty")
        return self._build.keep_whole(record, text_in(value, "method") or "untyped")

    def _request(self, request: dict[str, Any]) -> None:
        """Add what is new in a request, which repeats the messages before it."""
        self._end_response()
        self._message = StringIO()
        asked, odd = parted(request["contents"])
        contents = [in_camel_case(each) for each in asked]
        new = contents[self._seen :]
        while self._seen and new and new[0].get("role") == "model":
            del new[0]  # the response before it
        if not self._seen and "systemInstruction" in request:
            self._build.keep("systemInstruction", request["systemInstruction"])
        settings = rest_of(request, *_SAID_OF_REQUEST)
        if settings != self._settings:
            self._build.keep("request", settings)
        if odd is not None:
            self._build.keep("contents", odd)
        self._seen, self._settings = len(contents), settings
        for content in new:
            parts = parts_of(content.get("parts"))
            is_said = content.get("role") in ("model", "function")
            if is_said or any("functionResponse" in part for part in parts):
                for part in parts:
                    self._history.add(part, {})
            else:
                self._end_run()
                rest = left_of(content, role=str, parts=object)
                add_prompt(self._build, parts, rest)

    def _chunk(self, recorded: dict[str, Any]) -> bool:
        """Convert a chunk; return whether something became of it."""
        chunk, events = in_camel_case(recorded), self._build.events
        self._build.see_time(chunk.get("createTime"))
        response, begin = self._response_of(chunk), len(events)
        told = rest_of(chunk, *_CHUNK_KEYS)
        extra = {k: v for k, v in told.items() if response.said.get(k) != v}
        response.said |= told
        candidates, odd = parted(chunk.get("candidates"))
        extra |= {} if odd is None else {"candidates": odd}
        for position, each in enumerate(candidates):
            candidate = in_camel_case(each)
            if candidate.get("index", position) != 0:
                self._build.note("other-choice", "dropped")
                continue
            content = object_in(candidate, "content")
            for part in parts_of(content.get("parts")):
                self._part(part, response)
            self._finish(response, text_in(candidate, "finishReason"))
            extra |= left_of(candidate, index=int, content=dict, finishReason=str)
            extra |= left_of(content, role=str, parts=object)
        if "usageMetadata" in chunk:
            usage = chunk["usageMetadata"]
            if isinstance(usage, dict):
                response.usage = in_camel_case(usage)
            else:
                extra["usageMetadata"] = usage
        self._refuse(response, chunk)
        made = (each for each in events[begin:] if each.get("imported") != _MADE)
        if first := next(made, None):
            keep_with(first, extra)
        else:
            response.rest |= extra
        return len(events) > begin or response.is_ended or "usageMetadata" in chunk

    def _response_of(self, chunk: Mapping[str, Any]) -> _Response:
        """Return the response that a chunk belongs to."""
        new_id = text_in(chunk, "responseId")
        if self._response and new_id and self._response.id not in ("", new_id):
            self._end_response()
        if not self._response:
            self._response, self._ended = _Response(), None
        self._response.id = new_id or self._response.id
        return self._response

    def _part(self, part: dict[str, Any], response: _Response) -> None:
        """Convert a part, unless it is a piece of a call."""
        if isinstance(part.get("functionCall"), dict):
            call = object_in(part, "functionCall")
            response.has_calls = True
            if call.get("name"):
                self._close_call()
            if call.get("willContinue") is True or "partialArgs" in call or self._call:
                self._piece(call, part)
                return
            if not call:
                return  # the end of a call that was closed
            part = part | {"functionCall": call}
        elif part.get("text") == "" and "thoughtSignature" in part:
            response.rest["signature"] = part["thoughtSignature"]
        before = len(self._build.events)
        self._parts.add(part, {})
        if len(self._build.events) > before:
            self._follow(self._build.events[-1])

    def _piece(self, call: dict[str, Any], part: dict[str, Any]) -> None:
        """Take in a piece of a call."""
        if not self._call and not call.get("name"):
            self._build.keep("functionCall", part)
            return
        if not self._call:
            signature = part.get("thoughtSignature")
            self._call = StreamedCall(call, {"signature": signature})
        self._call.add(call)
        if call.get("willContinue") is not True:
            self._close_call()

    def _close_call(self) -> None:
        if self._call:
            whole, kept = self._call.whole(), self._call.imported
            self._call = None
            self._parts.call(whole, kept)
            self._message = StringIO()

    def _follow(self, event: Event) -> None:
        """Close the message of a response before, if this would melt into it."""
        kind = event["type"]
        if "/" in kind:
            return  # an unknown event ends no message
        content = self._message.getvalue() if self._message_is_over else ""
        if content and kind == self._message_kind:
            kind_said = kind.removesuffix("_delta")
            made = {"type": kind_said, "content": content, "imported": _MADE}
            self._build.events.insert(-1, made)
            self._build.note("final-made", "invented")
        if kind != self._message_kind or self._message_is_over:
            self._message = StringIO()
        self._message_kind, self._message_is_over = kind, False
        if kind in _DELTAS:
            self._message.write(event["content"])

    def _finish(self, response: _Response, reason: str) -> None:
        if reason and reason != _UNSPECIFIED:
            response.finish, response.is_ended = reason, True
            if reason not in _NORMAL_ENDS:
                response.error = reason

    def _refuse(self, response: _Response, chunk: Mapping[str, Any]) -> None:
        """Take in the error of a chunk, and why a prompt was blocked."""
        feedback, error = object_in(chunk, "promptFeedback"), chunk.get("error")
        if reason := text_in(feedback, "blockReason"):
            response.error, response.is_ended = f"blocked: {reason}", True
        if "promptFeedback" in chunk:
            response.rest["promptFeedback"] = chunk["promptFeedback"]
        if error:
            known = error if isinstance(error, dict) else {"message": str(error)}
            said = text_in(known, "message") or text_in(known, "status")
            response.error, response.is_ended = said or "error", True
            response.rest["error"] = error

    def _end_response(self) -> None:
        """End the response: its run ends with it, unless it asked for tools."""
        response = self._response
        if not response:
            return
        self._close_call()
        self._response, self._message_is_over = None, True
        usage = response.usage or {}
        self._run.add(
            sum_in(usage, "promptTokenCount", "toolUsePromptTokenCount"),
            sum_in(usage, "candidatesTokenCount", "thoughtsTokenCount"),
        )
        if not response.is_ended and response.rest:
            self._build.keep("response", response.rest)
        if response.is_ended:
            self._ended = response
            if response.error or not response.has_calls:
                self._end_run()

    def _end_run(self) -> None:
        """Write the end of a run, if its last response ended."""
        build, ended, run = self._build, self._ended, self._run
        self._ended, self._run, self._message = None, RunUsage(), StringIO()
        if ended:
            told = {"finish_reason": ended.finish or None, "usage": ended.usage}
            build.stop(run, ended.error, ended.rest | told)
        elif build.events and (usage := run.as_object()).keys() > {"turns"}:
            build.events[-1].setdefault("imported", {})["usage"] = usage
            build.note("usage-without-stop", "moved")


def _is_chunk(value: object) -> bool:
    return isinstance(value, dict) and not _MARKS.isdisjoint(value)
