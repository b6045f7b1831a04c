"""Diagnostics of unusual histories, and their codes, each with a sentence.

A diagnostic never stops a replay, unless ``strict=True`` asks for it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

DIAGNOSTIC_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bad-frame": "A frame of a live stream holds no JSON; it was left out.",
        "bad-line": "A line of JSON Lines isn't one record; nothing of it was lost.",
        "bad-utf-8": "A frame of a live stream holds bytes that aren't UTF-8.",
        "byte-order-mark": "The document begins with a byte order mark.",
        "delta-gap": "A full event holds more than the deltas before it.",
        "delta-mismatch": "A full event differs from the deltas before it.",
        "delta-surplus": "The deltas hold more than the full event after them.",
        "duplicate-key": "An object gives one key twice; the last one counts.",
        "error-flag-differs": "A stop's is_error and error contradict each other.",
        "frame-name-differs": "A frame is named a delta, but its event isn't one.",
        "invalid-event": "An event of a known type has a wrong field.",
        "late-full": "A full event repeats what was delivered from its deltas.",
        "late-full-differs": "A full event extends what was delivered from deltas.",
        "late-result": "A tool result answers a call of an earlier turn.",
        "missing-type": "An event has no type.",
        "nan-as-null": "NaN or Infinity was read as null, as was asked for.",
        "orphan-result": "A tool result answers no known call.",
        "repeated-full": "A full event comes twice in a row.",
        "repeated-session-id": "The source holds another session of the same id.",
        "repeated-stop": "A turn has more than one stop; the last one counts.",
        "replayed-deltas": "Deltas were sent again; they count once.",
        "result-name-differs": "A tool result names another tool than its call.",
        "torn-frame": "A live stream broke off within a frame; that was left out.",
        "torn-line": "A recording broke off within its last line.",
        "unknown-type": "An event has an unknown type.",
    }
)

#: The codes for deltas and full events that disagree.
DELTA_FAMILY: Final[frozenset[str]] = frozenset(
    code
    for code in DIAGNOSTIC_CODES
    if code.startswith(("delta-", "late-full", "repeated-full", "replayed-"))
)


@attrs.frozen
class Diagnostic:
    """A report of one unusual thing in a history, for programs and for people."""

    code: str  #: one of :data:`DIAGNOSTIC_CODES`
    index: int | None  #: the event where it was found; None: the document itself
    detail: str  #: what exactly; never holds an event index
