"""Building blocks for authors of backends and plugins.

A backend or plugin needs only a few methods and the names in :mod:`replay`. These are
the tools that the built-in ones use to read sessions from bytes, decode events one by
one, rewrite a history, write files and show text safely. They are as stable from one
version to the next as the names in :mod:`replay`. The tools for commands are in
``replay.cli.output``.
"""

from replay.coalescing.coalescer import Composition as Composition
from replay.coalescing.surrogates import has_surrogates as has_surrogates
from replay.coalescing.surrogates import join_surrogates as join_surrogates
from replay.coalescing.surrogates import split_surrogates as split_surrogates
from replay.coalescing.walk import compositions_of as compositions_of
from replay.codec.documents import NO_SESSION_HINT as NO_SESSION_HINT
from replay.codec.history import DecodedEvents as DecodedEvents
from replay.codec.history import RecordedEvents as RecordedEvents
from replay.codec.history import parts_of as parts_of
from replay.codec.json_lines import records_on as records_on
from replay.codec.parts import Deltas as Deltas
from replay.codec.parts import Part as Part
from replay.codec.reader import read_sessions as read_sessions
from replay.codec.stored_history import KEPT_IN_MEMORY as KEPT_IN_MEMORY
from replay.codec.stored_history import SourceText as SourceText
from replay.codec.structure import BrokenText as BrokenText
from replay.codec.structure import check_event as check_event
from replay.codec.structure import decode_event as decode_event
from replay.codec.structure import decode_header as decode_header
from replay.codec.writer import hash_session as hash_session
from replay.errors import os_errors_of as os_errors_of
from replay.errors import os_failure as os_failure
from replay.model.events import EVENT_CLASSES as EVENT_CLASSES
from replay.model.events import tool_payload as tool_payload
from replay.model.json_object import documented_fields as documented_fields
from replay.model.json_text import Parsed as Parsed
from replay.model.json_text import is_deeper as is_deeper
from replay.model.json_text import parse_json as parse_json
from replay.model.json_text import write_decoded as write_decoded
from replay.model.json_text import write_json as write_json
from replay.model.sessions import Shape as Shape
from replay.registry import did_you_mean as did_you_mean
from replay.registry import guarded as guarded
from replay.registry import load_format as load_format
from replay.registry import load_formats as load_formats
from replay.registry import nearest as nearest
from replay.rendering import render_pieces as render_pieces
from replay.security.file_names import file_name as file_name
from replay.security.file_names import session_id_of as session_id_of
from replay.security.files import may_use_disk as may_use_disk
from replay.security.files import output_file as output_file
from replay.security.files import temporary_file as temporary_file
from replay.security.files import whole_file as whole_file
from replay.security.hosts import is_loopback as is_loopback
from replay.security.masking import excerpt as excerpt
from replay.security.masking import masked as masked
from replay.security.sanitization import escape_json as escape_json
from replay.security.sanitization import sanitize as sanitize
from replay.security.sanitization import sanitize_line as sanitize_line
from replay.sources.live_stream import ArrivingEvents as ArrivingEvents
from replay.sources.live_stream import Rewrite as Rewrite
from replay.sources.live_stream import without_details as without_details
from replay.sources.session_lines import LineRange as LineRange
from replay.sources.session_lines import SessionLines as SessionLines
from replay.sources.unreadable import FilesWithoutSession as FilesWithoutSession
from replay.sources.unreadable import readable as readable
