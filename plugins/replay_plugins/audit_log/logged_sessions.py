"""Which sessions of batches a log tells of to their end; on the disk, not in memory."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Final

from replay_plugins.audit_log.chain import kind_is
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.reading import records_of

# Within a JSON text, quotation marks are escaped: this is a key, and its value.
_KEY: Final = re.compile(rb'"batch_key":"([0-9a-f]+)"')
_TABLE: Final = "CREATE TABLE logged (key BLOB PRIMARY KEY, times INT) WITHOUT ROWID"
_ADD: Final = """INSERT INTO logged VALUES (?, 1)
    ON CONFLICT (key) DO UPDATE SET times = times + 1"""
_TAKE: Final = "UPDATE logged SET times = times - 1 WHERE key = ? AND times > 0"


class LoggedSessions:
    """Takes one log's sessions off, each as often as it is there.

    Args:
        files: The log's; it is read once.

    Raises:
        OSError, DecodeError: It cannot be read.
    """

    def __init__(self, files: LogFiles) -> None:
        self._connection = sqlite3.connect("")  # a file without a name
        try:
            self._connection.execute(_TABLE)
            self._connection.executemany(_ADD, ((key,) for key in _keys(files)))
        except BaseException:
            self.close()
            raise

    def take(self, batch_key: str) -> bool:
        """Tell whether a session is there; it is not the next time, if it was once.

        Args:
            batch_key: Hexadecimal digits.
        """
        key = batch_key.encode()
        return self._connection.execute(_TAKE, (key,)).rowcount > 0

    def close(self) -> None:
        """Forget them."""
        self._connection.close()


def _keys(files: LogFiles) -> Iterator[bytes]:
    for record in records_of(files):
        if kind_is(record, "session_end") and (found := _KEY.search(record)):
            yield found[1]
