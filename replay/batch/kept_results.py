"""What a plugin gave for each session, read from a checkpoint as it is walked."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

import attrs
import msgspec

from replay.batch.sqlite_errors import checkpoint_errors, damaged
from replay.batch_results import BatchResult
from replay.errors import DecodeError
from replay.json_text import judge, parse

_COUNT: Final = "SELECT count(*) FROM places JOIN results ON id = result"
_SELECT: Final = """SELECT
    CAST(key AS BLOB), CAST(session_id AS BLOB), CAST(plugin_values AS BLOB)
    FROM places CROSS JOIN results ON id = result ORDER BY portion, number"""
_SPLIT: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


@attrs.frozen
class KeptResults:
    """The results of one plugin, in the order of the sessions."""

    select: Callable[[str], sqlite3.Cursor]  #: asks the checkpoint
    source: str  #: its file
    number: int  #: the plugin's, among those that give results

    def __len__(self) -> int:
        """Return how many sessions there are."""
        with checkpoint_errors(self.source):
            (count,) = self.select(_COUNT).fetchone()
            return int(count)

    def __iter__(self) -> Iterator[BatchResult]:
        """Yield the results, each time anew.

        Raises:
            CheckpointError: It cannot be read.
        """
        with checkpoint_errors(self.source):
            for key, session_id, values in self.select(_SELECT):
                value = self._value(values)
                yield BatchResult(key.hex(), read_text(session_id), value)

    def _value(self, values: bytes) -> object:
        try:
            return element(values, self.number)
        except (DecodeError, LookupError, TypeError) as error:
            raise damaged(self.source, str(error)) from error


def element(array: bytes, number: int) -> object:
    """Return one element of a JSON array, without decoding the others if it can be.

    Raises:
        DecodeError: It is not JSON.
        IndexError, TypeError: It has no such element, or is no array.
    """
    try:
        found = _SPLIT(array)[number]
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return judge(array).value[number]  # type: ignore[index]  # a TypeError then
    return parse(bytes(found)).value


def kept_text(text: str) -> bytes:
    """Return a text as it is kept, with lone halves and all."""
    return text.encode("utf-8", "surrogatepass")


def read_text(kept: bytes) -> str:
    """Return a text that was kept."""
    return kept.decode("utf-8", "surrogatepass")
