"""The plugin ``audit_log``, which records replays in an append-only log."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import attrs

from replay import BatchResults, ReplayReport, Session
from replay.errors import AuditError, DecodeError
from replay_plugins.audit_log.batch_records import AuditLogWorker, append_sessions
from replay_plugins.audit_log.log.bounded_reads import read_small
from replay_plugins.audit_log.log.content import content_filter
from replay_plugins.audit_log.log.log_writer import LogWriter, Policy
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    read_private,
    refusals_of,
)
from replay_plugins.audit_log.session_records import RecordingHooks

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer

_BEGINNINGS: Final = ("PRIVATE+KEY+", "-----BEGIN ")  # of a private key's text


def signer_at(path: Path) -> "Signer":
    """Return the private key in a file.

    Raises:
        UnsupportedError: The extra ``audit`` is not installed.
        AuditError: The file cannot be read or holds no private key, or the path is one.
    """
    if str(path).lstrip().startswith(_BEGINNINGS):
        hint = "name the file that holds it; whoever saw the command has the key"
        raise AuditError(path="key", reason="it is a private key itself", hint=hint)
    from replay_plugins.audit_log.format import keys  # noqa: PLC0415 - an extra

    try:
        with read_private(path) as file:
            text = read_small(file, path)
        return keys.Signer.from_text(text.decode(), keys.PEM_NAME)
    except (DecodeError, UnicodeDecodeError) as error:
        hint = "replay audit keygen makes a pair of keys"
        raise AuditError(str(path), "it holds no private key", hint) from error


@attrs.define(eq=False, slots=False, repr=False)
class AuditLog(RecordingHooks):
    """A plugin that records replays in an append-only log, one record a line.

    Records are chained by their hashes; a checkpoint at each session's end, and when
    the engine is closed, has the hash of all of them. If a record cannot be written,
    the replay stops, even if plugins' failures are isolated.

    Args:
        path: The log, which is continued if it exists. Its other files lie beside it.
        actor: The name of the user who runs the replay; by default the login name.
        content: The part of what was said that records show: ``full``; ``digest``, its
            length and a salted digest; ``redacted``, all but secrets; ``committed``, a
            commitment whose opening can be removed later.
        deltas: Record every delta too.
        sync: The time when records are on disk: ``record``, each before its hook
            returns; ``session``, a session's at its end; a number, at most that many
            milliseconds after they were written.
        key: The file of the private key that checkpoints are signed with; None: they
            aren't signed.
        max_bytes: Start a new file at this size of the current one; None: never.
        max_age: Start a new file when the first record of the current one is older
            than this many seconds; None: never.
        unsigned: With records that no checkpoint covers when the log is opened:
            ``report``, go on, warn, and count them in the log; ``refuse``, stop.

    Raises:
        UnknownNameError: There is no such policy.
        ValueError: A number isn't above zero, or ``deltas`` are to be ``redacted``.
        AuditError: The log cannot be opened, was changed by others, or has records
            that are refused.
    """

    #: Its class in batch workers: a log has one writer.
    batch_worker: ClassVar[type[AuditLogWorker]] = AuditLogWorker

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        with refusals_of(self.path):
            LogFiles(self.path)
        self._files = LogFiles(self.path.absolute())  # even after a chdir
        self._log = self._sink = LogWriter(self._files, self._policy())
        self._salt = self._log.salt
        self._filter_content = content_filter(self.content, self._salt)

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Record failures of other plugins and the session's end; add a checkpoint."""
        super().replay_session_end(session, report)
        self._log.checkpoint()

    def replay_batch_merge(self, results: BatchResults) -> None:
        """Append the records of a batch that the log does not have yet."""
        append_sessions(results, self._log, self._files, self.content)

    def replay_close(self) -> None:
        """Append a checkpoint, and close the log."""
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
            keeps_salt=self.content in {"digest", "redacted"},
            unsigned=self.unsigned,
            about=about,
        )
