"""The plugin: writes what happens in replays to a log."""

from importlib.metadata import version
from typing import ClassVar

import attrs

from replay import ReplayReport, Session
from replay.batch_results import Results
from replay_plugins.audit_log.batch_worker import AuditLogWorker
from replay_plugins.audit_log.content import (
    Hide,
    committed,
    digested,
    in_full,
    redacted,
    salt_at,
)
from replay_plugins.audit_log.log import Log
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.merging import append_sessions
from replay_plugins.audit_log.policy import Policy
from replay_plugins.audit_log.private_files import refusals_of
from replay_plugins.audit_log.recording import Recording
from replay_plugins.audit_log.signing import signer_at


@attrs.define(eq=False, slots=False, repr=False)
class AuditLog(Recording):
    """Writes what happens in replays to an append-only log, a record a line.

    Records are chained by their hashes; a checkpoint at each session's end, and when
    the engine is closed, says what all of them hash to. Whatever keeps a record from
    being written stops the replay, where plugins' failures are isolated too.

    Args:
        path: The log; it goes on where it ended. Other files of it lie beside.
        actor: Who runs the replay; at first the user's login name.
        content: What records show of what was said: ``full``; ``digest``, its length
            and a salted digest; ``redacted``, all but secrets; ``committed``, a
            commitment whose opening can be removed later.
        deltas: Record every delta too.
        sync: When records are on the disk: ``record``, each before its hook returns;
            ``session``, each session's at its end; a number, at most so many
            milliseconds after they were written.
        key: The file of the private key that checkpoints are signed with; None: they
            are not.
        max_bytes: Begin another file where the current one is so large; None: never.
        max_age: Begin another file where the first record of the current one is so
            many seconds old; None: never.

    Raises:
        UnknownNameError: There is no such policy.
        ValueError: A number is not above zero, or ``deltas`` are to be ``redacted``.
        AuditError: The log cannot be opened, or is not as it was left.
    """

    #: What workers of a batch use in its place: a log has one writer.
    batch_worker: ClassVar[type[AuditLogWorker]] = AuditLogWorker

    _salt: bytes | None = attrs.field(default=None, init=False)  # of digests

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        with refusals_of(self.path):
            LogFiles(self.path)
        self._files = LogFiles(self.path.absolute())  # wherever the program goes
        self._log = self._sink = Log(self._files, self._policy())
        try:
            self._hide = self._hiding()
        except BaseException:
            self._log.close()
            raise

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Record which plugins failed, how the session ended, and a checkpoint."""
        super().replay_session_end(session, report)
        self._log.checkpoint()

    def replay_batch_merge(self, results: Results) -> None:
        """Append the records of a batch, but for those that the log has already."""
        append_sessions(results, self._log, self._files, self._salt)

    def replay_close(self) -> None:
        """End the log with a checkpoint, and let it go."""
        self._log.close()

    def _policy(self) -> Policy:
        signer = None if self.key is None else signer_at(self.key)
        about = {
            "sync": self.sync,
            "content_policy": self.content,
            "signed": signer is not None,
            "version": version("chat-replay"),
        }
        return Policy(
            actor=self.actor,
            sync=self.sync,
            signer=signer,
            max_bytes=self.max_bytes,
            max_age=self.max_age,
            keeps_openings=self.content == "committed",
            about=about,
        )

    def _hiding(self) -> Hide:
        if self.content == "digest":
            self._salt = salt_at(self._files.salt)
            return digested(self._salt)
        if self.content == "redacted":
            return redacted()
        return in_full if self.content == "full" else committed
