"""Formats of other recordings, told in the events of a session.

These are the names that a format of one's own is written with. To read how it works,
begin with ``recognition`` (which format a recording is of, by its ``head``), then
``recording`` (its records), ``conversion`` (records to the text of a session) and
``event_builder`` (what a converter adds events with). Formats share ``members`` and
``message_parts``.
"""

from replay_backends.formats.conversion import Conversion as Conversion
from replay_backends.formats.conversion import Converter as Converter
from replay_backends.formats.event_builder import EventBuilder as EventBuilder
from replay_backends.formats.event_builder import RunUsage as RunUsage
from replay_backends.formats.head import Head as Head
from replay_backends.formats.recognition import Format as Format
from replay_backends.formats.recording import Fate as Fate
from replay_backends.formats.recording import ImportOptions as ImportOptions
from replay_backends.formats.recording import Record as Record
from replay_backends.formats.recording import Recording as Recording
