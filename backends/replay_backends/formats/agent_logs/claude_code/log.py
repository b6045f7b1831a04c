"""Claude Code's logs as a format: how they are known, and the sessions in them.

Besides its transcripts these are what it prints with ``--output-format stream-json``,
and the JSON documents of its web pages.

Read on with ``outline`` (what is gathered in a first pass, with the ``branches``), then
``converter`` (a second pass: ``run_events`` puts stops and tokens in place, ``blocks``
and ``stream_events`` add what is said). ``entries`` and ``bookkeeping`` tell what a
record is; ``stream_threads`` parts a printed stream into conversations.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from replay import ConversionReport
from replay.authoring import parse_json
from replay.errors import DecodeError, UnrecognizedError
from replay_backends.formats.agent_logs.claude_code.bookkeeping import is_bookkeeping
from replay_backends.formats.agent_logs.claude_code.converter import Converter
from replay_backends.formats.agent_logs.claude_code.entries import CHAIN
from replay_backends.formats.agent_logs.claude_code.outline import Outline, outline_of
from replay_backends.formats.agent_logs.claude_code.stream_threads import (
    conversions_of,
    is_stream,
)
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import rest_of, text_in
from replay_backends.formats.recording import Record, Recording, records_in

_LAST: Final = -1  # the branch that the user didn't leave

_Read: TypeAlias = Callable[[ConversionReport], Iterator[Record]]


class ClaudeCode:
    """Claude Code's transcripts, its printed stream and the form of its web pages."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""
        first = [*head.records, head.members]
        known = any(_is_of_tree(each) or _is_state(each) for each in first)
        return known or _is_web_form(head) or is_stream(head)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how its session is converted.

        There may be several: the branches, if they are to be separate, and a stream's
        sub-agents. The small file beside a sub-agent's log holds none.

        Raises:
            UnrecognizedError: None of its records is Claude Code's.
        """
        if _is_sidecar(recording.head):
            return iter(())
        if is_stream(recording.head):
            return conversions_of(partial(_records, recording))
        return _in_log(recording)


def _is_web_form(head: Head) -> bool:
    return isinstance(head.members.get("loglines"), list)


def _is_sidecar(head: Head) -> bool:
    return "agentType" in head.members and "type" not in head.members


def _is_of_tree(value: dict[str, Any]) -> bool:
    """Tell whether a record, of which the end may be cut off, is one of the tree."""
    if text_in(value, "type") not in CHAIN:
        return False
    has_place = isinstance(value.get("uuid"), str) or "parentUuid" in value
    has_session = isinstance(value.get("sessionId"), str)
    return (has_place and has_session) or {"parentUuid", "isSidechain"} <= value.keys()


def _is_state(value: dict[str, Any]) -> bool:
    """Tell whether a record is of a kind of state that no other program writes.

    Some logs hold nothing else.
    """
    match value:
        case {"type": "summary", "summary": str(), "leafUuid": str()}:
            return True
        case {"type": "file-history-snapshot", "snapshot": dict()}:
            return True
        case {"type": str(kind), "sessionId": str()} if "-" in kind:
            return is_bookkeeping(value)
    return False


def _records(
    recording: Recording,
    report: ConversionReport,
    is_wanted: Callable[[bytes], bool] | None = None,
) -> Iterator[Record]:
    if recording.head.layout == "list":
        return records_in(recording.document())
    if _is_web_form(recording.head):
        return records_in(recording.document()["loglines"], "/loglines")
    return recording.lines(report, is_wanted)


def _in_log(recording: Recording) -> Iterator[Conversion]:
    read: _Read = partial(_records, recording)
    main, side, lines = Outline(), Outline(), _SidesOfLines()
    for record in _records(recording, ConversionReport(""), lines.begin):
        is_side = _is_side(record)
        lines.see(is_side=is_side)
        (side if is_side else main).see(record)
    if not (main.is_known or side.is_known or _is_web_form(recording.head)):
        where, reason = "$", "none of its records is one of Claude Code's"
        raise UnrecognizedError(where, reason, source=recording.text.source)
    if side.is_known and main.has_said:
        session_id = _session_id(main, recording)
        of_main = partial(_on_side, recording, lines, is_side=False)
        yield from _of_main(recording, of_main, main, session_id)
        of_side = partial(Converter, side, parent={"session_id": session_id})
        side_id = f"{session_id}/sidechains"
        records = partial(_on_side, recording, lines, is_side=True)
        yield Conversion(side_id, records, of_side)
    elif side.is_known:
        yield _of_agent(recording, read)
    else:
        yield from _of_main(recording, read, main, _session_id(main, recording))


def _is_side(record: Record) -> bool:
    """Tell whether a record is of a sub-agent's conversation."""
    return isinstance(record.value, dict) and bool(record.value.get("isSidechain"))


@attrs.frozen
class _SidesOfLines:
    """Which lines of a log hold records of sub-agents, and which hold others.

    A line that holds none of those that are wanted need not be decoded again.
    """

    _sides: bytearray = attrs.field(factory=bytearray)

    def begin(self, _: bytes) -> bool:
        """Begin the next line; return True."""
        self._sides.append(0)
        return True

    def see(self, *, is_side: bool) -> None:
        """Take in a record on the line, if the log has lines."""
        if self._sides:
            self._sides[-1] |= 1 << is_side

    def holding(self, *, is_side: bool) -> Callable[[bytes], bool]:
        """Return what tells of each line, in order, whether it holds such records."""
        sides = iter(self._sides)
        return lambda _: bool(next(sides) & 1 << is_side)


def _on_side(
    recording: Recording,
    lines: _SidesOfLines,
    report: ConversionReport,
    *,
    is_side: bool,
) -> Iterator[Record]:
    records = _records(recording, report, lines.holding(is_side=is_side))
    return (record for record in records if _is_side(record) is is_side)


def _session_id(outline: Outline, recording: Recording) -> str:
    """Return the id of a file's session: its name, if records have that id, too."""
    name, ids = recording.session_id, outline.session_ids
    return name if name in ids else next(iter(ids), name)


def _of_agent(recording: Recording, read: _Read) -> Conversion:
    """Return how a sub-agent's log is converted."""
    outline = outline_of(read(ConversionReport("")))
    session_id = _session_id(outline, recording)
    agent = f"agent-{outline.agent_id}" if outline.agent_id else recording.session_id
    if session_id == agent or not agent.startswith("agent-"):
        return Conversion(session_id, read, partial(Converter, outline))
    parent: dict[str, object] = {"session_id": session_id}
    parent |= {"agent_id": agent.removeprefix("agent-")}
    parent |= _link(session_id, _sidecar(recording))
    return Conversion(
        f"{session_id}/{agent}", read, partial(Converter, outline, parent=parent)
    )


def _of_main(
    recording: Recording, read: _Read, outline: Outline, session_id: str
) -> Iterator[Conversion]:
    """Yield how the conversation with the user is converted."""
    branches = recording.options.branches
    if branches == "separate":
        yield from _branches(read, outline, session_id)
    else:
        convert = partial(Converter, outline, has_branches=branches == "all")
        yield Conversion(session_id, read, convert)


def _branches(read: _Read, outline: Outline, session_id: str) -> Iterator[Conversion]:
    """Yield how the last branch and each of the others is converted by itself."""
    dead = outline.tree.dead
    firsts = dict.fromkeys(dead.values(), "")
    for number, record in enumerate(read(ConversionReport(""))):
        if number in firsts:
            firsts[number] = f"~{record.value['uuid']}"
    for branch, name in {_LAST: "", **firsts}.items():
        of_branch = partial(_of_branch, read, dead, branch)
        own = outline_of(of_branch(ConversionReport("")))
        own.tools = outline.tools
        convert = partial(Converter, own, has_branches=True)
        yield Conversion(session_id + name, of_branch, convert)


def _sidecar(recording: Recording) -> dict[str, Any]:
    """Return what the file beside a sub-agent's log holds."""
    data = recording.beside(".meta.json")
    try:
        value: object = parse_json(data).value if data else {}
    except DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _link(session_id: str, sidecar: dict[str, Any]) -> dict[str, object]:
    """Return what that file says of the parent: its call, and the rest.

    The parent may be another sub-agent of the session.
    """
    call_id, above = text_in(sidecar, "toolUseId"), text_in(sidecar, "parentAgentId")
    found = {
        "session_id": f"{session_id}/agent-{above}" if above else "",
        "call_id": call_id,
        "meta": rest_of(sidecar, "toolUseId"),
    }
    return {key: value for key, value in found.items() if value}


def _of_branch(
    read: _Read, dead: dict[int, int], branch: int, report: ConversionReport
) -> Iterator[Record]:
    """Yield the records of a branch."""
    for number, record in enumerate(read(report)):
        if dead.get(number, _LAST) == branch:
            yield record
