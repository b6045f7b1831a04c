"""What stands for the plugin in a worker of a batch: it gives records, and writes none.

The values that ``committed`` keeps beside the log can be removed there. In a batch they
would stay in its checkpoint, too, so this policy is refused.
"""

import hmac
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from replay import AuditError, Session
from replay_plugins.audit_log.format.chain import json_bytes, kind_is
from replay_plugins.audit_log.log.content import (
    Hide,
    Opening,
    digested,
    in_full,
    read_salt,
    redacted,
)
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.session_records import Recording
from replay_plugins.audit_log.verify.log_reader import records_of

_ABOUT_SESSIONS: Final = ("session_start", "session_end")
_SALT_ID: Final = b"chat-replay: which salt"


@attrs.frozen
class Draft:
    """A record without its place."""

    kind: str
    fields: bytes  #: JSON, as it will stand in the record

    def identified(self, batch_key: str) -> "Draft":
        """Return it with what identifies the session, where it is about that.

        Args:
            batch_key: Hexadecimal digits.
        """
        if self.kind not in _ABOUT_SESSIONS:
            return self
        fields = b'%b,"batch_key":"%b"}' % (self.fields[:-1], batch_key.encode())
        return Draft(self.kind, fields)


def as_value(drafts: Iterable[Draft], salt: bytes | None) -> list[object]:
    """Return the records of a session as a JSON value.

    Text within JSON text is as it was, whatever reads it: a half of a character, a
    large number, the order of keys.

    Args:
        drafts: The records.
        salt: The key of the digests in them; None: there are none.
    """
    return [salt_id(salt), *([each.kind, each.fields.decode()] for each in drafts)]


def of_value(value: Any) -> tuple[str, Iterator[Draft]]:  # noqa: ANN401 - what as_value returned
    """Return which salt was used, and the records."""
    used, *drafts = value
    return used, (Draft(kind, fields.encode()) for kind, fields in drafts)


def salt_id(salt: bytes | None) -> str:
    """Return what tells one salt from another, and nothing of it."""
    return "" if salt is None else hmac.digest(salt, _SALT_ID, "sha256").hex()[:16]


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


@attrs.define(eq=False, slots=False, repr=False)
class AuditLogWorker(Recording):
    """Gives the records of each session to whoever writes the log.

    Its options are those of the plugin. Digests need the salt, which is beside the log.

    Raises:
        ValueError: Values are to be ``committed``, or as from the plugin.
        UnknownNameError: There is no such policy.
        AuditError: The salt cannot be read.
    """

    _drafts: list[Draft] = attrs.field(factory=list, init=False)
    _salt: bytes | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._sink = self
        self._hide = self._hiding()

    def append(
        self, kind: str, fields: Mapping[str, object], _: Sequence[Opening]
    ) -> None:
        """Keep a record until the session has ended.

        Raises:
            AuditError: It is no JSON.
        """
        try:
            self._drafts.append(Draft(kind, json_bytes(fields)))
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"a {kind} cannot be written as JSON: {error}"
            raise AuditError(str(self.path), reason) from error

    def replay_session_start(self, session: Session) -> None:
        """Begin anew."""
        self._drafts.clear()
        super().replay_session_start(session)

    def replay_batch_result(self) -> object:
        """Return the session's records, and forget them."""
        drafts, self._drafts = self._drafts, []
        return as_value(drafts, self._salt)

    def _hiding(self) -> Hide:
        if self.content == "committed":
            message = (
                "in a batch, content cannot be committed: its checkpoint would keep "
                "what is removed beside the log; digest and redacted can be had"
            )
            raise ValueError(message)
        if self.content == "digest":
            self._salt = read_salt(LogFiles(self.path).salt)
            return digested(self._salt)
        return redacted() if self.content == "redacted" else in_full
