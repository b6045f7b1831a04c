"""What a batch came to, in numbers."""

import sqlite3
from typing import Final

import attrs

from replay.batch.tasks import Counts

_DONE: Final = """SELECT count(*), total(is_known), total(turns), total(events),
    total(messages), total(diagnostics) FROM places JOIN results ON id = result"""
_FAILED: Final = """SELECT count(*), total(is_quarantined) FROM (
    SELECT max(is_quarantined) AS is_quarantined FROM problems
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE result IS NOT NULL
        AND places.portion = problems.portion AND places.number = problems.number)
    GROUP BY portion, number)"""


@attrs.frozen
class Totals:
    """What all places of a run came to; *sessions* is the sum of the next four."""

    sessions: int = 0
    known: int = 0  #: whose results an earlier run had
    done: int = 0  #: that were replayed now
    failed: int = 0  #: that have no result, and are not quarantined
    quarantined: int = 0
    counts: Counts = attrs.field(factory=Counts)  #: of those known and done


def totals_of(connection: sqlite3.Connection) -> Totals:
    """Return what a checkpoint's places come to."""
    placed, known, *counts = map(int, connection.execute(_DONE).fetchone())
    failed, quarantined = map(int, connection.execute(_FAILED).fetchone())
    return Totals(
        sessions=placed + failed,
        known=known,
        done=placed - known,
        failed=failed - quarantined,
        quarantined=quarantined,
        counts=Counts(*counts),
    )
