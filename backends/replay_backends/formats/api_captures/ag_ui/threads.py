"""AG-UI's event streams: what an agent's back end sends to its front end."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from replay import ConversionReport
from replay.authoring import BrokenText, records_on
from replay.errors import DecodeError
from replay_backends.formats.api_captures.ag_ui.ag_ui_events import TYPES, AGUIConverter
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record, Recording


class AGUI:
    """AG-UI's events: as a stream, as JSON Lines or in a list; one session a thread."""

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so holds AG-UI's events."""
        records = head.records or [head.members]
        kinds = {text_in(each, "type") for each in records}
        return not TYPES.isdisjoint(kinds)

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how the session of each thread is converted."""
        threads = [*dict.fromkeys(_threads_of(recording))] or [""]
        for thread in threads:
            records = partial(_records_of, recording, threads, thread)
            yield Conversion(thread or recording.session_id, records, AGUIConverter)


def _threads_of(recording: Recording) -> Iterator[str]:
    """Yield the threads of the runs."""
    if recording.head.layout == "list":
        for value in _items_of(recording):
            yield from _thread_of(value)
        return
    longest = recording.limits.event_bytes
    with recording.text.opened() as file:
        for line in iter(partial(file.readline, longest + 1), b""):
            if b"RUN_STARTED" not in line:
                continue
            try:
                found = records_on(line, lambda value: isinstance(value, dict))
            except DecodeError:
                continue  # it is refused, or kept as a broken line, later
            for each in found:
                yield from _thread_of(each.value)


def _thread_of(value: object) -> Sequence[str]:
    """Return the thread of a run that starts here, if it has one."""
    match value:
        case {"type": "RUN_STARTED", "threadId": str(thread)} if thread:
            return (thread,)
    return ()


def _records_of(
    recording: Recording, threads: Sequence[str], thread: str, report: ConversionReport
) -> Iterator[Record]:
    """Yield the records of a thread; what is before all runs is the first one's."""
    known = frozenset(threads)
    current = threads[0]
    for record in _all_records(recording):
        for started in known.intersection(_thread_of(record.value)):
            current = started
        if current == thread:
            if isinstance(record.value, BrokenText):
                report.note(record.value.code, record.at, "changed")
            yield record


def _all_records(recording: Recording) -> Iterator[Record]:
    if recording.head.layout != "list":
        return recording.lines(ConversionReport(""))
    items = enumerate(_items_of(recording))
    return (Record(f"/{number}", value) for number, value in items)


def _items_of(recording: Recording) -> list[Any]:
    items: list[Any] = recording.document()
    return items
