"""The writer of a log: whole records in one chain, synced by its policy."""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from replay.errors import AuditError, AuditPoisonedError, AuditTamperedError
from replay_plugins.audit_log.format.chain import Fields
from replay_plugins.audit_log.format.checkpoints import Checkpoint, write_note
from replay_plugins.audit_log.log.appender import AppendOnlyFile, Lock
from replay_plugins.audit_log.log.bounded_reads import LONGEST_LINE
from replay_plugins.audit_log.log.content import Opening, load_or_create_salt, salt_id
from replay_plugins.audit_log.log.private_files import (
    LogFiles,
    poisoned,
    refusals_of,
    sync_directory,
    write_private,
)
from replay_plugins.audit_log.log.recovery import (
    LogState,
    describe,
    end_of_openings,
    keep_torn_end,
    read_back,
)

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer

_LOGGER: Final = logging.getLogger("replay")
_LEFT: Final = "left by a crash, an older version or a forger"
_LONGEST_WAIT: Final = 1000 * int(threading.TIMEOUT_MAX)  # milliseconds
SyncWord: TypeAlias = Literal["record", "session"]
#: The time when records are on disk: at once, at a session's end, or within ms.
Sync: TypeAlias = int | SyncWord
#: What to do with records that no checkpoint covers when a log is opened.
Unsigned: TypeAlias = Literal["report", "refuse"]


@attrs.frozen(kw_only=True)
class Policy:
    """The options of a log's writer."""

    actor: str
    sync: Sync = "record"
    signer: "Signer | None" = None  #: None: checkpoints are not signed
    max_bytes: int | None = None  #: of the current file; None: no limit
    max_age: float | None = None  #: of the current file, in seconds; None: no limit
    keeps_openings: bool = False
    keeps_salt: bool = False
    longest_line: int = LONGEST_LINE  #: bytes of a record
    unsigned: Unsigned = "report"
    about: Mapping[str, object] = attrs.field(factory=dict)  #: for ``log_opened``


class LogWriter:
    """A writer of a log. Every failure is an AuditError; no record is torn.

    Args:
        files: The log's files.
        policy: The options of the writer.

    Raises:
        AuditLockedError: Another writer has it open.
        AuditTamperedError: It was changed by others; nothing is appended.
        AuditError: It cannot be opened.
    """

    def __init__(self, files: LogFiles, policy: Policy) -> None:
        self._files, self._policy = files, policy
        with refusals_of(files.lock):
            self._lock = Lock(files.lock)
        self._mutex = threading.RLock()
        self._timer: threading.Timer | None = None  # syncs later
        self._checkpointed: Checkpoint  # the last one, up to and with its record
        self._is_sync_deferred = False
        self._is_closed = False
        self._fault: str | None = None  # the reason why it was closed for good
        self.salt: bytes | None = None  #: the key of digests, if the policy has one
        self._openings: AppendOnlyFile | None = None
        self._file: AppendOnlyFile | None = None
        try:
            with refusals_of(files.current):
                self._open()
        except BaseException:
            self._release()
            raise

    def append(
        self, kind: str, fields: Fields, openings: Sequence[Opening] = ()
    ) -> None:
        """Append a record, and wait for the disk if the policy says so.

        Args:
            kind: The record's kind.
            fields: The record's fields.
            openings: The values that fields are committed to.

        Raises:
            AuditFullError: There is no room; the log ends with the previous record.
            AuditTamperedError: The log was changed by others; nothing is appended.
            AuditPoisonedError: The state of the disk is unknown; nothing more is
                written.
            AuditLockedError: This process is a child of the one that opened the log.
        """
        with self._guarded():
            if self._is_due():
                self._rotate()
            self._write(self._current(), kind, fields, openings)
            self._sync_by_policy()

    def checkpoint(self) -> None:
        """Append a checkpoint of all records, and wait until it is on disk.

        It fails as :meth:`append` does.
        """
        with self._guarded():
            self._checkpoint(self._current())

    @contextmanager
    def deferring_sync(self) -> Iterator[None]:
        """Wait for the disk only once, at the end of the block."""
        self._is_sync_deferred = True
        try:
            yield
        finally:
            self._is_sync_deferred = False
        with self._guarded():
            self._sync_and_write_checkpoint()

    def close(self) -> None:
        """Append a checkpoint, and close the log; the second time, do nothing.

        The log is closed even if the checkpoint fails, as :meth:`append` does.
        """
        if not self._is_closed:
            try:
                self.checkpoint()
            finally:
                self._is_closed = True
                self._release()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Admit one thread of one process, and none after a fatal fault."""
        self._lock.check()
        with self._mutex:
            if self._fault is not None:
                raise poisoned(self._files.current, self._fault)
            if self._is_closed:
                raise AuditError(str(self._files.current), "the log is closed")
            try:
                yield
            except AuditPoisonedError as error:
                self._fault = error.reason.partition(";")[0]
                raise
            except (AuditError, KeyboardInterrupt, MemoryError):
                raise
            except BaseException as error:  # such as SystemExit, from a signal
                raise AuditError(str(self._files.current), repr(error)) from error
            finally:
                if self._fault is not None:
                    self._release()

    def _open(self) -> None:
        signer, longest = self._policy.signer, self._policy.longest_line
        state = read_back(self._files, signer, longest)
        self._chain = state.chain
        self._tell_unsigned(state)
        if self._policy.keeps_openings or os.path.lexists(self._files.openings):
            self._openings = AppendOnlyFile(self._files.openings)
            size = state.chain.size
            end = end_of_openings(self._files.openings, size, longest)
        if self._policy.keeps_salt:  # a wrong one is refused before anything is cut
            self.salt = load_or_create_salt(self._files.salt, state.salt_id)
        if self._openings is not None:  # a kill may leave one without a record
            _set_aside(self._openings, end)
        file = AppendOnlyFile(self._files.current)
        if state.is_torn:
            _set_aside(file, state.end)
        file.check(state.end)
        self._begin(file, state.began, state.unsigned)
        for path in self._files.all_torn():
            if path.name not in state.recovered:
                self._write(file, "recovered", describe(path))
        self._opened_size = file.size
        self._checkpointed = Checkpoint.of(self._chain)
        self._sync_and_write_checkpoint()

    def _tell_unsigned(self, state: LogState) -> None:
        """Warn about records that no checkpoint covers, or refuse them."""
        if not state.unsigned:
            return
        by = " signed with this key" if self._policy.signer else ""
        first, last = state.covered, state.chain.size - 1
        records = f"record {last}" if first == last else f"records {first} to {last}"
        reason = f"no checkpoint{by} covers {records}"
        path = str(self._files.current)
        if self._policy.unsigned == "refuse":
            hint = f"{_LEFT}: see replay audit show; unsigned=report goes on after them"
            raise AuditTamperedError(path, reason, hint)
        told = "%s: %s, %s; log_opened counts them as unsigned"
        _LOGGER.warning(told, path, reason, _LEFT)

    def _begin(
        self, file: AppendOnlyFile, began: float | None = None, unsigned: int = 0
    ) -> AppendOnlyFile:
        """Write the first record to a new or reopened file."""
        about = {"log": self._chain.log_id, "pid": os.getpid(), "unsigned": unsigned}
        about |= self._policy.about
        if self.salt is not None:
            about["salt_id"] = salt_id(self.salt)
        self._write(file, "log_opened", about)
        self._file, self._opened_size = file, file.size
        self._began = time.time() if began is None else began
        self._sync()
        return file

    def _current(self) -> AppendOnlyFile:
        if self._file is None:
            file = AppendOnlyFile(self._files.current)
            file.check(0)
            return self._begin(file)
        return self._file

    def _is_due(self) -> bool:
        """Tell whether the current file must be rotated before the next record."""
        policy, file = self._policy, self._file
        if file is None or file.size <= self._opened_size:
            return False
        is_large = policy.max_bytes is not None and file.size >= policy.max_bytes
        age = time.time() - self._began
        return is_large or (policy.max_age is not None and age > policy.max_age)

    def _rotate(self) -> None:
        file = self._current()
        self._checkpoint(file)
        self._sync()
        with refusals_of(file.path):
            file.path.rename(self._files.next_part())
        self._file = None
        file.close()
        sync_directory(self._files.current)

    def _checkpoint(self, file: AppendOnlyFile) -> None:
        before, is_signed = Checkpoint.of(self._chain), self._policy.signer is not None
        note = self._note_of(before)
        self._write(file, "checkpoint", {"note": note, "signed": is_signed})
        self._checkpointed = Checkpoint.of(self._chain, before.time)
        if not self._is_sync_deferred:
            self._sync_and_write_checkpoint()

    def _sync_and_write_checkpoint(self) -> None:
        """Wait for the disk, and write the last checkpoint to its own file."""
        self._sync()
        note = self._note_of(self._checkpointed)
        write_private(self._files.checkpoint, note.encode())

    def _note_of(self, checkpoint: Checkpoint) -> str:
        signer, text = self._policy.signer, checkpoint.text()
        return write_note(text, [signer.sign(text)] if signer else ())

    def _write(
        self,
        file: AppendOnlyFile,
        kind: str,
        fields: Fields,
        openings: Sequence[Opening] = (),
    ) -> None:
        chain = self._chain
        try:
            line = chain.line(kind, self._policy.actor, fields)
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"a {kind} cannot be written as JSON: {error}"
            raise AuditError(str(file.path), reason) from error
        opening_lines = [each.line(chain.size) for each in openings]
        size, most = max(map(len, [line, *opening_lines])), self._policy.longest_line
        if size > most:  # nobody could read it
            reason = f"a {kind} has {size} bytes, and a line at most {most}"
            raise AuditError(str(file.path), reason)
        try:
            self._append(file, line, b"".join(opening_lines))
            chain.advance(line)
        except AuditError:
            raise
        except BaseException:
            self._fault = "it was interrupted within a record"
            raise

    def _append(self, file: AppendOnlyFile, line: bytes, openings: bytes) -> None:
        """Write a record after its openings, or neither."""
        kept = self._openings
        if kept is None:
            file.append(line)
            return
        before = kept.size
        try:
            if openings:
                kept.append(openings)
            file.append(line)
        except AuditError:
            kept.cut(before)
            raise

    def _sync_by_policy(self) -> None:
        policy = self._policy.sync
        if self._is_sync_deferred or policy == "session":
            return
        if policy == "record" or not self._sync_within(policy):
            self._sync()

    def _sync_within(self, milliseconds: int) -> bool:
        """Let a thread sync in time; return False if no thread can be started."""
        if self._timer is None:
            seconds = min(milliseconds, _LONGEST_WAIT) / 1000
            timer = threading.Timer(seconds, self._sync_later)
            timer.daemon = True
            try:
                timer.start()
            except RuntimeError:  # the system has no more threads
                return False
            self._timer = timer
        return True

    def _sync_later(self) -> None:
        with suppress(AuditError), self._guarded():
            self._timer = None
            self._sync()

    def _sync(self) -> None:
        for each in (self._openings, self._file):
            if each is not None:
                each.sync()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for each in (self._openings, self._file, self._lock):
            if each is not None:
                each.close()


def _set_aside(file: AppendOnlyFile, end: int) -> None:
    """Move everything after *end* to a file of its own."""
    if end < file.size:
        keep_torn_end(file.path, end)
        file.cut(end)
