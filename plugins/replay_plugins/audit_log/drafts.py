"""Records before they have a place in the log, as they come from workers of a batch."""

import hmac
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

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
