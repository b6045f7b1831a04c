"""Inspect's logs of evaluations: a session for each sample.

Read on with ``eval_log`` (a JSON document or a zip file) and ``eval_sample``.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder, RunUsage, keep_with
from replay_backends.formats.head import Head
from replay_backends.formats.members import (
    left_of,
    member,
    object_in,
    rest_of,
    sum_in,
    text_in,
)
from replay_backends.formats.message_parts import add_prompt, keep_part, parts_of
from replay_backends.formats.recording import Fate, Record, Recording
from replay_backends.formats.telemetry.eval_log import is_packed_log, opened_log
from replay_backends.formats.telemetry.eval_sample import LoggedSample

#: The members of a log that sum all its samples up.
_OF_ALL_SAMPLES: Final = ("reductions", "results", "stats")
_INPUT_TOKENS: Final = (
    "input_tokens",
    "input_tokens_cache_read",
    "input_tokens_cache_write",
)


class InspectAI:
    """Logs of Inspect, as JSON or as ``.eval``."""

    prefix: ClassVar = "inspect-ai"

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        if is_packed_log(head.data):
            return True
        known = head.members
        version = known.get("version")
        return (
            isinstance(version, int)
            and isinstance(known.get("eval"), dict)
            and ("plan" in known or "samples" in known)
        )

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how each of its samples is converted."""
        with opened_log(recording) as log:
            named = _Names(log.header, has_epochs=len(log.epochs) > 1)
            for sample in log.samples:
                yield Conversion(
                    named.name(sample),
                    sample.records,
                    partial(SampleConverter, log.header, sample),
                )


class _Names:
    """The ids of a log's sessions."""

    def __init__(self, header: Mapping[str, Any], *, has_epochs: bool) -> None:
        evaluation = object_in(header, "eval")
        self._task = evaluation.get("task") or "task"
        epochs = object_in(evaluation, "config").get("epochs")
        self._has_epochs = has_epochs or (isinstance(epochs, int) and epochs > 1)
        self._given: set[str] = set()

    def name(self, sample: LoggedSample) -> str:
        """Return the id of a sample's session; no two are equal."""
        known = sample.value if isinstance(sample.value, dict) else {}
        own = known.get("id", sample.at.rpartition("/")[2])
        name = f"{self._task}/{own}"
        if self._has_epochs:
            name = f"{name}/{known.get('epoch', 1)}"
        if name in self._given:
            name = str(known.get("uuid") or name)
        first, number = name, 1
        while name in self._given:
            number += 1
            name = f"{first}-{number}"
        self._given.add(name)
        return name


class SampleConverter:
    """A converter of a sample's messages, its events and what is left of it.

    Args:
        header: The log without samples.
        sample: The sample.
        build: Takes the events.
    """

    def __init__(
        self, header: Mapping[str, Any], sample: LoggedSample, build: EventBuilder
    ) -> None:
        self._build = build
        self._attachments = sample.attachments()
        self._times = sample.times()
        self._tokens = _Tokens()
        self._log = rest_of(header, *_OF_ALL_SAMPLES)
        evaluation = object_in(header, "eval")
        build.report.version = text_in(object_in(evaluation, "packages"), "inspect_ai")
        build.see_time(evaluation.get("created"))

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next record."""
        if not isinstance(record.value, dict):
            return self._build.keep_whole(record, "item")
        match record.at.split("/")[-2]:
            case "messages":
                return self._message(record)
            case "events":
                return self._event(record)
        self._end_of_sample(record)
        return "mapped", "sample"

    def end(self) -> None:
        """Add nothing: the sample's own record is the last one."""

    def _message(self, record: Record) -> tuple[Fate, str]:
        message = record.value
        role = text_in(message, "role")
        before = len(self._build.events)
        match role:
            case "user":
                content = message.get("content")
                add_prompt(self._build, content, self._envelope(message))
            case "assistant":
                self._assistant(record)
            case "tool":
                self._result(record)
        if len(self._build.events) == before:
            return self._build.keep_whole(record, role or "message")
        return "mapped", role

    def _assistant(self, record: Record) -> None:
        build, message = self._build, record.value
        before = len(build.events)
        for number, block in enumerate(parts_of(message.get("content"))):
            self._block(block, f"{record.at}/content/{number}")
        calls = message.get("tool_calls") or []
        for number, call in enumerate(calls if isinstance(calls, list) else [calls]):
            self._call(call, f"{record.at}/tool_calls/{number}")
        for event in build.events[before : before + 1]:
            keep_with(event, self._envelope(message, "tool_calls"))

    def _block(self, block: Any, at: str) -> None:  # noqa: ANN401 - JSON
        build = self._build
        match block:
            case {"type": "text", "text": str(text)}:
                build.say("text", text, rest_of(block, "type", "text"))
            case {"type": "reasoning", "redacted": True, "summary": str(text)} if text:
                build.say("thinking", text, rest_of(block, "type", "summary"))
            case {"type": "reasoning", "reasoning": str(text)} if (
                text and not block.get("redacted")
            ):
                build.say("thinking", text, rest_of(block, "type", "reasoning"))
            case {"type": "reasoning", "reasoning": ""} if not any(
                map(block.get, ("signature", "summary"))
            ):
                pass
            case {"type": "tool_use", "name": str(name)}:
                call_id = self._call_id(block, at)
                kept = rest_of(block, "type", "id", "name", "arguments", "result")
                build.call(call_id, name, block.get("arguments"), kept)
                is_error = True if block.get("error") else None
                result = block.get("result")
                build.result(call_id, result, {"is_error": is_error})
            case _:
                keep_part(build, block)

    def _call(self, call: Any, at: str) -> None:  # noqa: ANN401 - JSON
        match call:
            case {"function": str(name)}:
                kept = left_of(call, id=str, function=str, arguments=object)
                call_id = self._call_id(call, at)
                self._build.call(call_id, name, call.get("arguments"), kept)
            case _:
                self._build.report.note("missing-field", at, "changed")
                self._build.keep("tool_call", call)

    def _call_id(self, call: Mapping[str, Any], at: str) -> str:
        call_id = call.get("id")
        if isinstance(call_id, str):
            return call_id
        self._build.report.note("id-made", at, "invented")
        return at

    def _result(self, record: Record) -> None:
        message = record.value
        call_id, error = message.get("tool_call_id"), message.get("error")
        if not isinstance(call_id, str):
            self._build.note("missing-field")
            return
        result = message.get("content")
        if error and result in ("", None, []):
            result = member(error, "message") or error
        kept = self._envelope(message, "tool_call_id", "function")
        if error:
            kept["is_error"] = True
        if time := self._times.get(call_id):
            kept["timestamp"] = time
        name = text_in(message, "function") or None
        self._build.result(call_id, result, kept, name)

    def _envelope(self, message: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        time = self._times.get(str(message.get("id")))
        return {
            **({"timestamp": time} if time else {}),
            **rest_of(message, "role", "content", *keys),
        }

    def _event(self, record: Record) -> tuple[Fate, str]:
        event = record.value
        self._build.see_time(event.get("timestamp"))
        self._build.see_time(event.get("completed"))
        self._tokens.see(event)
        if event.get("event") == "compaction":
            self._build.note("compacted", "dropped")
        if self._build.keeps_all:
            record = self._attachments.put_back(record)
        kind = text_in(event, "event") or "event"
        return self._build.skip(record, f"event.{kind}")

    def _end_of_sample(self, record: Record) -> None:
        sample, report = record.value, self._build.report
        usage = self._tokens.agent
        if not self._tokens.has_calls:
            for each in object_in(sample, "model_usage").values():
                _add_tokens(usage, each)
            if usage.as_object():
                report.note("usage-includes-scorer", record.at, "changed")
        working = sample.get("working_time")
        if isinstance(working, int | float):
            usage.duration_ms = round(working * 1000, 3)
        time = sample.get("completed_at")
        self._build.see_time(time)
        kept = {"timestamp": time, "log": self._log, **sample}
        self._build.stop(usage, _error(sample), kept)


class _Tokens:
    """The tokens of the agent, told from those of the models that grade it."""

    def __init__(self) -> None:
        self.agent = RunUsage()
        self.has_calls = False  #: of any model
        self._scorers: set[str] = set()  # ids of spans
        self._steps: list[object] = []  # the types of open ones, as until 2025

    def see(self, event: Mapping[str, Any]) -> None:
        """Take in the next event."""
        kind, type_ = event.get("event"), event.get("type")
        if kind == "span_begin":
            is_scorer = type_ in ("scorer", "scorers")
            if is_scorer or str(event.get("parent_id")) in self._scorers:
                self._scorers.add(str(event.get("id")))
        elif kind == "step" and event.get("action") == "begin":
            self._steps.append(type_)
        elif kind == "step" and self._steps:
            self._steps.pop()
        elif kind == "model":
            self.has_calls = True
            is_scorer = (
                "scorer" in self._steps or str(event.get("span_id")) in self._scorers
            )
            if not (is_scorer or event.get("pending")):
                self.agent.responses += 1
                _add_tokens(self.agent, member(event.get("output"), "usage"))


def _add_tokens(usage: RunUsage, recorded: object) -> None:
    known = recorded if isinstance(recorded, dict) else {}
    usage.add_tokens("total_input_tokens", sum_in(known, *_INPUT_TOKENS))
    usage.add_tokens("total_output_tokens", known.get("output_tokens"))


def _error(sample: Mapping[str, Any]) -> str | None:
    """Return why a sample failed; None: it didn't."""
    if error := sample.get("error"):
        return str(member(error, "message") or error)
    if limit := sample.get("limit"):
        return f"limit: {member(limit, 'type') or limit}"
    return None
