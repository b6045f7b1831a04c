"""Results of another checkpoint, copied into this one."""

import sqlite3
from pathlib import Path
from typing import Final

from replay.batch.checkpoint_file import check, is_checkpoint, uri_of
from replay.batch.sqlite_errors import checkpoint_errors, transaction
from replay.errors import CheckpointError

_COPY: Final = """INSERT INTO main.results
    SELECT NULL, :here, key, session_id, turns, events, messages, diagnostics,
        plugin_values, checksum_of(:here, key, session_id, turns, events, messages,
            diagnostics, plugin_values), 1
    FROM other.results AS theirs
    WHERE plugins = (SELECT id FROM other.plugin_sets WHERE key = :everywhere)
        AND is_final AND NOT EXISTS (SELECT 1 FROM known WHERE known.key = theirs.key)
    ORDER BY id"""
_KNOW: Final = """INSERT OR IGNORE INTO known SELECT key, id FROM main.results
    WHERE id > ? ORDER BY key"""


def copy_results(
    connection: sqlite3.Connection,
    plugins: int,
    plugins_key: bytes,
    other: Path,
    source: str,
) -> int:
    """Copy what another checkpoint has for some plugins, and is not known here.

    Args:
        connection: To the checkpoint that takes it.
        plugins: What the plugins are numbered there.
        plugins_key: What they are known by everywhere.
        other: The other checkpoint's file.
        source: The file that takes it, for errors.

    Raises:
        CheckpointError: The other one cannot be read, or this one not written.
    """
    with checkpoint_errors(str(other)):
        connection.execute("ATTACH ? AS other", (uri_of(other, "ro"),))
        try:
            if not is_checkpoint(connection, "other", str(other)):
                reason = "it is no checkpoint: it is empty"
                raise CheckpointError(str(other), reason, "name another file")
            check(connection, "other", str(other))
            with checkpoint_errors(f"{other}, copied to {source}"):
                return _copy(connection, plugins, plugins_key)
        finally:
            connection.execute("DETACH other")


def _copy(connection: sqlite3.Connection, plugins: int, plugins_key: bytes) -> int:
    with transaction(connection):
        last = connection.execute("SELECT max(id) FROM results").fetchone()[0] or 0
        names = {"here": plugins, "everywhere": plugins_key}
        copied = connection.execute(_COPY, names).rowcount
        connection.execute(_KNOW, (last,))
    return copied
