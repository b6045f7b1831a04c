"""Recordings that break off, or are still being written."""

import io
from collections.abc import Iterator, Mapping
from functools import partial

import foreign
import replay
from replay import Limits
from replay.authoring import SourceText
from replay_backends.files.event_stream import as_lines, is_event_stream
from replay_backends.formats.conversion import ConvertedText
from replay_backends.formats.head import Head
from replay_backends.formats.recognition import Format
from replay_backends.formats.recording import ImportOptions, Recording


def cut_sessions(data: bytes, name: str, form: Format) -> Iterator[replay.Session]:
    """Yield the sessions of a recording that was cut after each of its bytes.

    Args:
        data: The recording, uncut.
        name: The format's name.
        form: The format.
    """
    for size in range(len(data)):
        yield from sessions_of(data[:size], name, form)


def sessions_of(data: bytes, name: str, form: Format) -> Iterator[replay.Session]:
    """Yield the sessions of a recording, read as a file that holds it."""
    limits, file = Limits(), io.BytesIO(data)
    if is_event_stream(file):
        data = as_lines(file, limits.event_bytes).read()
    text = SourceText(partial(io.BytesIO, data), "cut")
    head = Head(data, is_whole=True)
    recording = Recording(text, head, "cut", limits, ImportOptions())
    for conversion in form.conversions(recording):
        prefix = getattr(form, "prefix", "")
        converted = ConvertedText(name, conversion, "cut", prefix=prefix)
        yield converted.session(strict=False, limits=limits)


def beginning_of(
    session: replay.Session, made: tuple[str, ...]
) -> list[Mapping[str, object]]:
    """Return a session's events but the last ones, if they are of a type in *made*."""
    events = foreign.plain(session)
    while events and events[-1]["type"] in made:
        events.pop()
    return events
