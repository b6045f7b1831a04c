"""The Agent Trajectory Interchange Format: a document of numbered steps."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import attrs

from replay import ConversionReport
from replay.errors import DecodeError
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder, RunUsage, keep_with
from replay_backends.formats.head import Head
from replay_backends.formats.members import dicts_in, rest_of, text_in
from replay_backends.formats.recording import Fate, Record, Recording

_VERSION: Final = "ATIF-v"
_OUR_EXPORT: Final = "llamacloud-chat"  # the agent of what this library wrote
_SUBAGENTS: Final = "subagent_trajectories"
_SUBAGENT_REF: Final = "subagent_trajectory_ref"
_TRAJECTORY_KEYS: Final = frozenset(
    {
        "schema_version", "session_id", "trajectory_id", "agent", "steps", "notes",
        "final_metrics", "continued_trajectory_ref", _SUBAGENTS, "extra",
    }
)  # fmt: skip
_SAID_BY_RESULT: Final = ("source_call_id", "content")
_OURS_IN_RESULT: Final = ("result", "call_id", "name", "image_attachment")
_SAID_BY_EVENTS: Final = (
    "source", "message", "reasoning_content", "tool_calls", "observation",
)  # fmt: skip
_STEP_KEYS: Final = frozenset(
    {
        *_SAID_BY_EVENTS, "step_id", "timestamp", "extra", "is_copied_context",
        "llm_call_count", "model_name", "reasoning_effort", "metrics",
    }
)  # fmt: skip


class Atif:
    """Trajectories, and those of their sub-agents."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        return text_in(head.members, "schema_version").startswith(_VERSION)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted, then those of the sub-agents."""
        trajectory = recording.document()
        if not isinstance(trajectory, dict):
            raise DecodeError(where="$", reason="a trajectory must be a JSON object")
        session_id = text_in(trajectory, "session_id") or text_in(
            trajectory, "trajectory_id"
        )
        yield from _conversions(trajectory, session_id or recording.session_id, "")


def _conversions(
    trajectory: dict[str, Any], session_id: str, at: str
) -> Iterator[Conversion]:
    own = rest_of(trajectory, "steps", _SUBAGENTS)
    steps = trajectory.get("steps")
    yield Conversion(
        session_id,
        partial(_steps, steps if isinstance(steps, list) else [], f"{at}/steps"),
        partial(Converter, own, at),
    )
    taken: set[str] = set()
    for number, each in enumerate(dicts_in(trajectory, _SUBAGENTS)):
        name = text_in(each, "trajectory_id")
        if not name or name in taken:
            name = str(number + 1)
        taken.add(name)
        place = f"{at}/{_SUBAGENTS}/{number}"
        yield from _conversions(each, f"{session_id}/{name}", place)


def _steps(steps: list[Any], at: str, _: ConversionReport) -> Iterator[Record]:
    for number, step in enumerate(steps):
        yield Record(f"{at}/{number}", step)


@attrs.define
class Converter:
    """A converter of a trajectory's steps, in order.

    Args:
        trajectory: The trajectory without its steps.
        at: Its place in the document.
        build: Takes the events.
    """

    trajectory: dict[str, Any]
    at: str
    _build: EventBuilder
    _is_ours: bool = attrs.field(init=False)  # this library wrote it
    _is_first: bool = True  # no event was added yet

    def __attrs_post_init__(self) -> None:
        build, trajectory = self._build, self.trajectory
        agent = _object_in(trajectory, "agent")
        self._is_ours = agent.get("name") == _OUR_EXPORT
        build.report.version = text_in(trajectory, "schema_version")
        _note_unknown_keys(build, trajectory, _TRAJECTORY_KEYS, self.at or "/")
        if "continued_trajectory_ref" in trajectory:
            place = f"{self.at}/continued_trajectory_ref"
            build.report.note("continued", place, "dropped")
        if self._is_ours:
            extra = _object_in(trajectory, "extra")
            build.title = text_in(extra, "generated_title") or None
            for each in dicts_in(extra, "unknown"):  # with their places
                self._build.events.append(_object_in(each, "event") or each)

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next step."""
        fate = self._convert(record)
        if self._is_first and self._build.events and not self._is_ours:
            self._is_first = False
            self._describe(self._build.events[0])
        return fate

    def end(self) -> None:
        """Add the end that the totals tell of."""
        totals = self.trajectory.get("final_metrics")
        if self._is_ours or not isinstance(totals, dict):
            return  # the stops that we wrote are in the steps
        usage = RunUsage()
        usage.add_tokens("total_input_tokens", totals.get("total_prompt_tokens"))
        usage.add_tokens("total_output_tokens", totals.get("total_completion_tokens"))
        self._build.stop(usage, imported={"final_metrics": totals})

    def _describe(self, first: dict[str, Any]) -> None:
        """Keep what holds for the whole trajectory with its first event."""
        left = rest_of(
            self.trajectory, "schema_version", "session_id", "agent", "final_metrics"
        )
        found = {"agent": self.trajectory.get("agent"), "trajectory": left or None}
        kept = {key: value for key, value in found.items() if value is not None}
        keep_with(first, kept)

    def _convert(self, record: Record) -> tuple[Fate, str]:
        step, build = record.value, self._build
        if not isinstance(step, dict):
            return build.keep_whole(record, "step")
        build.see_time(step.get("timestamp"))
        _note_unknown_keys(build, step, _STEP_KEYS, record.at)
        if step.get("is_copied_context") is True:
            build.report.note("copied", record.at, "dropped")
            return build.skip(record, "copied")
        source = text_in(step, "source")
        if source in ("user", "agent") and "message" not in step:
            build.report.note("missing-field", record.at, "changed", detail="message")
        match source:
            case "user" if "message" in step:
                self._user(step)
            case "agent":
                return self._agent(record)
            case _:
                return build.keep_whole(record, source or "step")
        return "mapped", source

    def _user(self, step: dict[str, Any]) -> None:
        parts = _parts(step["message"])
        texts = [each["text"] for each in parts if _is_text(each)]
        media = [each for each in parts if not _is_text(each)]
        kept = {
            **({} if self._is_ours else rest_of(step, "source", "message")),
            "blocks": len(texts) if len(texts) > 1 else None,
            "media": len(media) or None,
        }
        self._build.add("user_input", kept, content="\n\n".join(texts))
        self._keep_parts(media)
        self._add_ours(step)

    def _agent(self, record: Record) -> tuple[Fate, str]:
        step, build = record.value, self._build
        begin, time = len(build.events), {"timestamp": step.get("timestamp")}
        match step.get("reasoning_content"):
            case str(reasoning):
                build.say("thinking", reasoning, time)
        for part in _parts(step.get("message", "")):
            if _is_text(part):
                build.say("text", part["text"], time | rest_of(part, "type", "text"))
            else:
                self._keep_parts([part])
        ids = [
            self._call(call, f"{record.at}/tool_calls/{number}", time)
            for number, call in enumerate(dicts_in(step, "tool_calls"))
        ]
        for result in dicts_in(_object_in(step, "observation"), "results"):
            self._result(result, ids[0] if len(ids) == 1 else "", time)
        self._add_ours(step)
        if len(build.events) == begin:
            return build.keep_whole(record, "agent")
        if not self._is_ours:
            keep_with(build.events[begin], rest_of(step, *_SAID_BY_EVENTS))
        return "mapped", "agent"

    def _call(self, call: dict[str, Any], at: str, time: dict[str, object]) -> str:
        """Add a call; return its id."""
        kept = time | rest_of(call, "tool_call_id", "function_name", "arguments")
        call_id = text_in(call, "tool_call_id")
        if not call_id:
            call_id, kept["id"] = f"call-{len(self._build.tools) + 1}", "made"
            self._build.report.note("id-made", at, "invented")
        name = text_in(call, "function_name")
        self._build.call(call_id, name, call.get("arguments"), kept)
        return call_id

    def _result(
        self, result: dict[str, Any], only_call: str, time: dict[str, object]
    ) -> None:
        """Add a result, which may not say which call it belongs to."""
        extra = _object_in(result, "extra")
        call_id, name = text_in(result, "source_call_id"), None
        value, kept = result.get("content"), rest_of(result, *_SAID_BY_RESULT)
        if self._is_ours:
            value, kept = extra.get("result", value), rest_of(extra, *_OURS_IN_RESULT)
            if not call_id:
                call_id, name = text_in(extra, "call_id"), text_in(extra, "name")
        call_id = call_id or only_call
        if not call_id:
            self._build.keep("observation", result)
            return
        if value is None and _SUBAGENT_REF in result:
            value = {_SUBAGENT_REF: kept.pop(_SUBAGENT_REF)}
        event = self._build.result(call_id, value, time | kept, name)
        if self._is_ours and "image_attachment" in extra:
            event["image_attachment"] = extra["image_attachment"]

    def _add_ours(self, step: dict[str, Any]) -> None:
        """Add the events of ours for which a step has no place."""
        if not self._is_ours:
            return
        extra = _object_in(step, "extra")
        self._build.events += dicts_in(extra, "unknown")
        match extra.get("stop"):
            case dict(stop):
                self._build.events.append(stop)

    def _keep_parts(self, parts: list[dict[str, Any]]) -> None:
        for part in parts:
            self._build.keep(text_in(part, "type") or "part", part)


def _parts(message: object) -> list[dict[str, Any]]:
    """Return the parts of a message; a text is one."""
    if isinstance(message, str):
        return [{"type": "text", "text": message}]
    parts = message if isinstance(message, list) else [message] if message else []
    return [each if isinstance(each, dict) else {"value": each} for each in parts]


def _is_text(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "text" and isinstance(part.get("text"), str)


def _object_in(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _note_unknown_keys(
    build: EventBuilder, value: Mapping[str, Any], known: frozenset[str], at: str
) -> None:
    if unknown := [key for key in value if key not in known]:
        detail = ", ".join(unknown)
        build.report.note("extra-keys", at, "moved", detail=detail)
