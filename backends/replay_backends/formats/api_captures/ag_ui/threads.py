"""AG-UI's event streams: what an agent's back end sends to its front end.

Read on with ``ag_ui_events`` (runs and states), ``open_messages`` (what arrives in
pieces), ``repeated_history`` (what a run's input adds) and ``ag_ui_conversation``, to
which all of them add.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from replay import ConversionReport
from replay.authoring import BrokenText
from replay_backends.formats.api_captures.ag_ui.ag_ui_events import TYPES, AGUIConverter
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record, Recording, records_in

#: Reads the records; of JSON Lines, only those for which the argument returns True.
_Read: TypeAlias = Callable[[Callable[[bytes], bool]], Iterator[Record]]


class AGUI:
    """AG-UI's events: as a stream, as JSON Lines or in a list; one session a thread."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so holds AG-UI's events."""
        records = head.records or [head.members]
        kinds = {text_in(each, "type") for each in records}
        return not TYPES.isdisjoint(kinds)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how the session of each thread is converted."""
        read: _Read = partial(recording.lines, ConversionReport(""))
        if recording.head.layout == "list":
            read = partial(_items_of, recording.document())
        starts = map(_thread_started_by, read(_may_start_a_run))
        threads = [*dict.fromkeys(filter(None, starts))] or [""]
        for thread in threads:
            records = partial(_records_of, read, thread, threads[0])
            yield Conversion(thread or recording.session_id, records, AGUIConverter)


def _records_of(
    read: _Read, thread: str, first: str, report: ConversionReport
) -> Iterator[Record]:
    """Yield the records of a thread; what is before all runs is the *first* one's."""
    current = first

    def may_be_its(line: bytes) -> bool:
        return current == thread or _may_start_a_run(line)

    for record in read(may_be_its):
        current = _thread_started_by(record) or current
        if current == thread:
            if isinstance(record.value, BrokenText):
                report.note(record.value.code, record.at, "changed")
            yield record


def _items_of(items: list[Any], _: object) -> Iterator[Record]:
    return records_in(items)


def _may_start_a_run(line: bytes) -> bool:
    return b"RUN_STARTED" in line


def _thread_started_by(record: Record) -> str:
    """Return the thread of the run that starts here; empty: none does."""
    match record.value:
        case {"type": "RUN_STARTED", "threadId": str(thread)}:
            return thread
    return ""
