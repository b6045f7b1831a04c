"""What stands for the plugin in a worker of a batch: it gives records, and writes none.

The values that ``committed`` keeps beside the log can be removed there. In a batch they
would stay in its checkpoint, too, so this policy is refused.
"""

from collections.abc import Mapping, Sequence

import attrs

from replay import AuditError, Session
from replay_plugins.audit_log.chain import json_bytes
from replay_plugins.audit_log.content import (
    Hide,
    Opening,
    digested,
    in_full,
    read_salt,
    redacted,
)
from replay_plugins.audit_log.drafts import Draft, as_value
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.recording import Recording


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
