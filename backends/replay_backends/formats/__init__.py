"""Formats of other recordings, told in the events of a session.

These are the names that a format of one's own is written with.
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
