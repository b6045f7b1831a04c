"""The conversations in a printed stream: the main ones, and those of sub-agents."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from replay import ConversionReport
from replay_backends.formats.agent_logs.claude_code.converter import Converter
from replay_backends.formats.agent_logs.claude_code.outline import Outline
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record

_Read: TypeAlias = Callable[[ConversionReport], Iterator[Record]]


class _Thread(NamedTuple):
    """A conversation."""

    session_id: str
    call_id: str  #: the call that started this sub-agent; empty: it is none


def is_stream(head: Head) -> bool:
    """Tell whether a recording that begins so is a printed stream."""
    return any(map(_is_start, [*head.records, head.members]))


def _is_start(value: dict[str, Any]) -> bool:
    match value:
        case {"type": "system", "subtype": "init", "session_id": str()}:
            return True
    return False


def conversions_of(read: _Read) -> Iterator[Conversion]:
    """Yield how each conversation is converted."""
    outlines: dict[_Thread, Outline] = {}
    for thread, record in _threads(read(ConversionReport(""))):
        outlines.setdefault(thread, Outline()).see(record)
    for thread, outline in outlines.items():
        session_id = thread.session_id
        parent: dict[str, object] | None = None
        if thread.call_id:
            parent = {"session_id": session_id, "call_id": thread.call_id}
            session_id += f"/agent-{thread.call_id}"
        convert = partial(Converter, outline, parent=parent)
        yield Conversion(session_id, partial(_of_thread, read, thread), convert)


def _of_thread(
    read: _Read, thread: _Thread, report: ConversionReport
) -> Iterator[Record]:
    return (record for found, record in _threads(read(report)) if found == thread)


def _threads(records: Iterator[Record]) -> Iterator[tuple[_Thread, Record]]:
    """Yield each record with its thread; one that names none is of the same session."""
    waiting: list[Record] = []  # until a session is named
    session_id = ""
    for record in records:
        value = record.value if isinstance(record.value, dict) else {}
        session_id = text_in(value, "session_id") or session_id
        if not session_id:
            waiting.append(record)
            continue
        for each in waiting:
            yield _Thread(session_id, ""), each
        waiting.clear()
        yield _Thread(session_id, text_in(value, "parent_tool_use_id")), record
