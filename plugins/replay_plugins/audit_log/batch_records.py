"""The records of a batch: workers make them, and the log's only writer appends them.

The values that ``committed`` keeps beside the log can be removed there. In a batch they
would stay in its checkpoint, so this policy is refused.
"""

import hmac
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final, TypeAlias

import attrs

from replay import AuditError, BatchResults, Session
from replay_plugins.audit_log.format.chain import json_bytes, kind_of
from replay_plugins.audit_log.log.content import (
    ContentPolicy,
    Opening,
    content_filter,
    read_salt,
    salt_id,
)
from replay_plugins.audit_log.log.log_writer import LogWriter
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.session_records import RecordingHooks
from replay_plugins.audit_log.verify.log_reader import records_of

#: A record without its place: its kind, and its fields as the JSON text they will be.
Draft: TypeAlias = tuple[str, bytes]

_ABOUT_SESSIONS: Final = ("session_start", "session_end")
# Within a JSON text, quotation marks are escaped: this is a key, and its value.
_KEY: Final = re.compile(rb'"batch_key":"([0-9a-f]+)"')
_TABLE: Final = "CREATE TABLE logged (key BLOB PRIMARY KEY, times INT) WITHOUT ROWID"
_ADD: Final = """INSERT INTO logged VALUES (?, 1)
    ON CONFLICT (key) DO UPDATE SET times = times + 1"""
_TAKE: Final = "UPDATE logged SET times = times - 1 WHERE key = ? AND times > 0"


@attrs.define(eq=False, slots=False, repr=False)
class AuditLogWorker(RecordingHooks):
    """The plugin in a batch worker, which collects each session's records.

    It has the plugin's options. Digests need the salt, which is beside the log.

    Raises:
        ValueError: ``content`` is ``committed``, or as from the plugin.
        UnknownNameError: There is no such policy.
        AuditError: The salt cannot be read.
    """

    _drafts: list[Draft] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._sink = self
        if self.content == "committed":
            message = (
                "in a batch, content cannot be committed: its checkpoint would keep "
                "what is removed beside the log; use digest or redacted"
            )
            raise ValueError(message)
        if self.content == "digest":
            self._salt = read_salt(LogFiles(self.path).salt)
        self._filter_content = content_filter(self.content, self._salt)

    def append(
        self, kind: str, fields: Mapping[str, object], _: Sequence[Opening]
    ) -> None:
        """Keep a record until the session has ended.

        Raises:
            AuditError: It cannot be written as JSON.
        """
        try:
            self._drafts.append((kind, json_bytes(fields)))
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"a {kind} cannot be written as JSON: {error}"
            raise AuditError(str(self.path), reason) from error

    def replay_session_start(self, session: Session) -> None:
        """Forget earlier records, and record the start."""
        self._drafts.clear()
        super().replay_session_start(session)

    def replay_batch_result(self) -> object:
        """Return the session's records, and forget them."""
        drafts, self._drafts = self._drafts, []
        return [salt_id(self._salt), *([kind, text.decode()] for kind, text in drafts)]


def append_sessions(
    results: BatchResults, log: LogWriter, files: LogFiles, policy: ContentPolicy
) -> None:
    """Append the records of sessions that the log doesn't have to their end.

    It waits for the disk only once: records lost in a power cut can be appended again.

    Raises:
        AuditError: Digests were made with another salt, or the log cannot be written.
    """
    salt = log.salt if policy == "digest" else None
    with logged_sessions(files) as is_logged, log.deferring_sync():
        for result in results:
            value: Any = result.value
            used, *drafts = value
            if used != salt_id(salt):
                raise _of_another_salt(files)
            key = _batch_key(result.key, log.salt)
            if drafts and not is_logged(key):
                for kind, text in drafts:
                    log.append(kind, identified(kind, text.encode(), key))
                log.checkpoint()


def _batch_key(key: str, salt: bytes | None) -> str:
    """Return the key of a session in the log: a digest, if what was said is hidden."""
    if salt is None:
        return key
    return hmac.digest(salt, key.encode(), "sha256").hex()[: len(key)]


def _of_another_salt(files: LogFiles) -> AuditError:
    reason = "digests of the batch were made with another salt"
    hint = (
        "put back the salt that the log had then, and let all machines of a batch have "
        "the same; or begin another checkpoint"
    )
    return AuditError(str(files.salt), reason, hint)


def identified(kind: str, fields: bytes, batch_key: str) -> bytes:
    """Return a record's JSON text, with its session's key if it is about a session."""
    if kind not in _ABOUT_SESSIONS:
        return fields
    return b'%b,"batch_key":"%b"}' % (fields[:-1], batch_key.encode())


@contextmanager
def logged_sessions(files: LogFiles) -> Iterator[Callable[[str], bool]]:
    """Give a function that tells whether a log holds a batch's session to its end.

    It returns True once for each time that the session is in the log.

    Raises:
        OSError, DecodeError: The log cannot be read.
    """
    with closing(sqlite3.connect("")) as connection:  # a file without a name
        connection.execute(_TABLE)
        connection.executemany(_ADD, ((key,) for key in _keys(files)))
        yield lambda key: connection.execute(_TAKE, (key.encode(),)).rowcount > 0


def _keys(files: LogFiles) -> Iterator[bytes]:
    for record in records_of(files):
        if kind_of(record) == b"session_end" and (found := _KEY.search(record)):
            yield found[1]
