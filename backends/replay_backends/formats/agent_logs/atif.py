"""The Agent Trajectory Interchange Format: a document of numbered steps."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final

import attrs

from replay import ConversionReport
from replay.errors import UnrecognizedError
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.event_builder import EventBuilder, RunUsage, keep_with
from replay_backends.formats.head import Head
from replay_backends.formats.members import (
    dicts_in,
    left_of,
    object_in,
    parted,
    rest_of,
    text_in,
)
from replay_backends.formats.message_parts import add_prompt, keep_part, parts_of
from replay_backends.formats.recording import Fate, Record, Recording, records_in

_VERSION: Final = "ATIF-v"
_ESSENTIAL: Final = frozenset({"schema_version", "steps"})
_OUR_EXPORT: Final = "llamacloud-chat"  # the agent of what this library wrote
_SUBAGENTS: Final = "subagent_trajectories"
_SUBAGENT_REF: Final = "subagent_trajectory_ref"
_TRAJECTORY_KEYS: Final = frozenset(
    {
        "schema_version", "session_id", "trajectory_id", "agent", "steps", "notes",
        "final_metrics", "continued_trajectory_ref", _SUBAGENTS, "extra",
    }
)  # fmt: skip
_OURS_IN_RESULT: Final = ("result", "call_id", "name", "image_attachment")
_STEP_KEYS: Final = frozenset(
    {
        "source", "message", "reasoning_content", "tool_calls", "observation",
        "step_id", "timestamp", "extra", "is_copied_context", "llm_call_count",
        "model_name", "reasoning_effort", "metrics",
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
        if not isinstance(trajectory, dict) or _ESSENTIAL.isdisjoint(trajectory):
            raise UnrecognizedError(where="$", reason="isn't a trajectory")
        found = text_in(trajectory, "session_id")
        found = found or text_in(trajectory, "trajectory_id")
        yield from _conversions(trajectory, found or recording.session_id, "")


def _conversions(
    trajectory: dict[str, Any],
    session_id: str,
    at: str,
    parent: dict[str, object] | None = None,
) -> Iterator[Conversion]:
    steps, agents = trajectory.get("steps"), trajectory.get(_SUBAGENTS)
    own = left_of(trajectory, steps=object, **{_SUBAGENTS: list})
    yield Conversion(
        session_id,
        partial(_steps, steps, f"{at}/steps"),
        partial(Converter, own, at, parent),
    )
    starters = dict(_starters(dicts_in(trajectory, "steps")))
    taken: set[str] = set()
    for number, agent in enumerate(agents if isinstance(agents, list) else ()):
        each = agent if isinstance(agent, dict) else {"steps": agent}
        name = text_in(each, "trajectory_id")
        free = (str(n) for n in count(number + 1))
        if not name or name in taken:
            name = next(each for each in free if each not in taken)
        taken.add(name)
        named = text_in(each, "trajectory_id") or text_in(each, "session_id")
        link: dict[str, object] = {"session_id": session_id, "as": "subagent"}
        if call_id := starters.get(named):
            link["tool_call_id"] = call_id
        place = f"{at}/{_SUBAGENTS}/{number}"
        yield from _conversions(each, f"{session_id}/{name}", place, link)


def _starters(steps: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the id of each sub-agent that a result names, and that of the call."""
    for step in steps:
        calls = [text_in(each, "tool_call_id") for each in dicts_in(step, "tool_calls")]
        only = calls[0] if len(calls) == 1 else ""
        for result in dicts_in(object_in(step, "observation"), "results"):
            call_id = text_in(result, "source_call_id") or only
            for ref in dicts_in(result, _SUBAGENT_REF):
                for key in ("trajectory_id", "session_id"):
                    if name := text_in(ref, key):
                        yield name, call_id


def _steps(steps: object, at: str, _: ConversionReport) -> Iterator[Record]:
    if steps is not None and not isinstance(steps, list):
        steps = [steps]
    return records_in(steps, at)


@attrs.define
class Converter:
    """A converter of a trajectory's steps, in order.

    Args:
        trajectory: The trajectory without its steps.
        at: Its place in the document.
        parent: What links it to the trajectory that it is in.
        build: Takes the events.
    """

    trajectory: dict[str, Any]
    at: str
    parent: dict[str, object] | None
    _build: EventBuilder
    _is_ours: bool = attrs.field(init=False)  # this library wrote it
    _is_first: bool = True  # no event was added yet

    def __attrs_post_init__(self) -> None:
        build, trajectory = self._build, self.trajectory
        self._is_ours = object_in(trajectory, "agent").get("name") == _OUR_EXPORT
        build.parent = self.parent
        build.report.version = text_in(trajectory, "schema_version")
        _note_unknown_keys(build, trajectory, _TRAJECTORY_KEYS, self.at or "/")
        if "continued_trajectory_ref" in trajectory:
            place = f"{self.at}/continued_trajectory_ref"
            build.report.note("continued", place, "dropped")
        if self._is_ours:
            extra = object_in(trajectory, "extra")
            build.title = text_in(extra, "generated_title") or None
            for each in dicts_in(extra, "unknown"):  # with their places
                self._build.events.append(object_in(each, "event") or each)

    def record(self, record: Record) -> tuple[Fate, str]:
        """Convert the next step."""
        fate = self._convert(record)
        self._describe()
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
        self._describe()

    def _describe(self) -> None:
        """Keep what holds for the whole trajectory with its first event."""
        if not self._is_first or not self._build.events or self._is_ours:
            return
        self._is_first = False
        left = left_of(
            self.trajectory,
            schema_version=str,
            session_id=str,
            agent=object,
            final_metrics=dict,
        )
        found = {"agent": self.trajectory.get("agent"), "trajectory": left or None}
        keep_with(self._build.events[0], found)

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
        kept = {} if self._is_ours else rest_of(step, "source", "message")
        add_prompt(self._build, step["message"], kept)
        self._add_ours(step)

    def _agent(self, record: Record) -> tuple[Fate, str]:
        step, build = record.value, self._build
        begin, time = len(build.events), {"timestamp": step.get("timestamp")}
        left = left_of(step, source=str, message=object, reasoning_content=str)
        build.say("thinking", text_in(step, "reasoning_content"), time)
        for part in parts_of(step.get("message")):
            match part:
                case {"type": "text", "text": str(text)}:
                    build.say("text", text, time | rest_of(part, "type", "text"))
                case _:
                    keep_part(build, part)
        calls, left["tool_calls"] = parted(step.get("tool_calls"))
        ids = [
            self._call(call, f"{record.at}/tool_calls/{number}", time)
            for number, call in enumerate(calls)
        ]
        found = step.get("observation")
        observation = found if isinstance(found, dict) else {"results": found}
        results, others = parted(observation.get("results"))
        for result in results:
            self._result(result, ids[0] if len(ids) == 1 else "", time)
        rest = {**observation, "results": others}
        left["observation"] = {k: v for k, v in rest.items() if v is not None} or None
        self._add_ours(step)
        if len(build.events) == begin:
            return build.keep_whole(record, "agent")
        if not self._is_ours:
            keep_with(build.events[begin], left)
        return "mapped", "agent"

    def _call(self, call: dict[str, Any], at: str, time: dict[str, object]) -> str:
        """Add a call; return its id."""
        kept = time | left_of(
            call, tool_call_id=str, function_name=str, arguments=object
        )
        call_id = text_in(call, "tool_call_id")
        if not call_id:
            call_id, kept["id"] = f"call-{len(self._build.tools) + 1}", "made"
            self._build.report.note("id-made", at, "invented")
        name = text_in(call, "function_name")
        if not name:
            self._build.report.note("missing-field", at, "invented")
        self._build.call(call_id, name, call.get("arguments"), kept)
        return call_id

    def _result(
        self, result: dict[str, Any], only_call: str, time: dict[str, object]
    ) -> None:
        """Add a result, which may not say which call it belongs to."""
        extra = object_in(result, "extra")
        call_id, name = text_in(result, "source_call_id"), None
        value, kept = (
            result.get("content"),
            left_of(result, source_call_id=str, content=object),
        )
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
        extra = object_in(step, "extra")
        self._build.events += dicts_in(extra, "unknown")
        match extra.get("stop"):
            case dict(stop):
                self._build.events.append(stop)


def _note_unknown_keys(
    build: EventBuilder, value: Mapping[str, Any], known: frozenset[str], at: str
) -> None:
    if unknown := [key for key in value if key not in known]:
        detail = ", ".join(unknown)
        build.report.note("extra-keys", at, "moved", detail=detail)
