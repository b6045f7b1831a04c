"""Building blocks for authors of backends and plugins.

A backend or plugin needs only a few methods and the names in :mod:`replay`. These are
the tools that the built-in ones use to read sessions from bytes, decode events one by
one, rewrite a history, write files and show text safely. They are as stable from one
version to the next as the names in :mod:`replay`. The tools for commands are in
``replay.cli.output``.
"""

from replay.coalescing.coalescer import Composition as Composition
from replay.coalescing.texts import has_halves as has_halves
from replay.coalescing.texts import joined as joined
from replay.coalescing.texts import taken_apart as taken_apart
from replay.coalescing.transcripts import lazy_transcript as lazy_transcript
from replay.coalescing.walk import Walk as Walk
from replay.codec.history import DecodedEvents as DecodedEvents
from replay.codec.history import RecordedEvents as RecordedEvents
from replay.codec.history import parts as parts
from replay.codec.parts import Deltas as Deltas
from replay.codec.parts import Part as Part
from replay.codec.reader import read_sessions as read_sessions
from replay.codec.stored_history import KEPT as KEPT
from replay.codec.stored_history import SourceText as SourceText
from replay.codec.structure import check_event as check_event
from replay.codec.structure import decode_event as decode_event
from replay.codec.structure import decode_header as decode_header
from replay.codec.writer import hash_session as hash_session
from replay.engine.report import Results as Results
from replay.errors import os_errors_of as os_errors_of
from replay.errors import os_failure as os_failure
from replay.model.diagnostics import CODES as CODES
from replay.model.diagnostics import DELTA_FAMILY as DELTA_FAMILY
from replay.model.events import DELTAS as DELTAS
from replay.model.events import EVENT_CLASSES as EVENT_CLASSES
from replay.model.events import KINDS as KINDS
from replay.model.events import Boundary as Boundary
from replay.model.events import Delta as Delta
from replay.model.events import FullEvent as FullEvent
from replay.model.events import Kind as Kind
from replay.model.json_object import documented_fields as documented_fields
from replay.model.json_text import is_deeper as is_deeper
from replay.model.json_text import parse_json as parse_json
from replay.model.json_text import write_json as write_json
from replay.model.sessions import Shape as Shape
from replay.registry import did_you_mean as did_you_mean
from replay.rendering import FORMATS as FORMATS
from replay.rendering import Format as Format
from replay.rendering import pieces as pieces
from replay.security.file_names import file_name as file_name
from replay.security.file_names import session_id_of as session_id_of
from replay.security.files import memory_only as memory_only
from replay.security.files import output_file as output_file
from replay.security.files import temporary_file as temporary_file
from replay.security.files import whole_file as whole_file
from replay.security.hosts import is_loopback as is_loopback
from replay.security.masking import has_secret as has_secret
from replay.security.masking import masked as masked
from replay.security.masking import secrets_in as secrets_in
from replay.security.sanitization import escape_json as escape_json
from replay.security.sanitization import sanitize as sanitize
from replay.security.sanitization import sanitize_line as sanitize_line
from replay.sources.live_stream import ArrivingEvents as ArrivingEvents
from replay.sources.live_stream import Rewrite as Rewrite
from replay.sources.live_stream import hidden as hidden
from replay.sources.portions import GUESSED_SIZE as GUESSED_SIZE
from replay.sources.portions import digest_of as digest_of
from replay.sources.protocols import DIGEST_SIZE as DIGEST_SIZE
from replay.sources.session_lines import LineRange as LineRange
from replay.sources.session_lines import holds_session_lines as holds_session_lines
from replay.sources.session_lines import line_ranges as line_ranges
from replay.sources.session_lines import stored_lines as stored_lines
