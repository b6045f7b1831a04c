"""The sessions of a batch, appended to the log: each once, however often that is tried.

A record can be appended again as long as its session is not in the log to its end. So
the disk is waited for at the end only.
"""

from contextlib import closing

from replay.batch_results import Results
from replay.errors import AuditError
from replay_plugins.audit_log.drafts import of_value, salt_id
from replay_plugins.audit_log.log import Log
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.logged_sessions import LoggedSessions


def append_sessions(
    results: Results, log: Log, files: LogFiles, salt: bytes | None
) -> None:
    """Append the records of sessions that are not in the log to their end.

    Args:
        results: What workers gave.
        log: Gets the records.
        files: The log's.
        salt: The key of its digests; None: it has none.

    Raises:
        AuditError: Digests were made with another salt, or as from the log.
    """
    with closing(LoggedSessions(files)) as logged, log.hurrying():
        for result in results:
            used, drafts = of_value(result.value)
            if used != salt_id(salt):
                raise _of_another_salt(files)
            first = next(drafts, None)
            if first is None or logged.take(result.key):
                continue
            for draft in (first, *drafts):
                identified = draft.identified(result.key)
                log.append(identified.kind, identified.fields)
            log.checkpoint()


def _of_another_salt(files: LogFiles) -> AuditError:
    reason = "digests of the batch were made with another salt"
    hint = (
        "put back the salt that the log had then, and let all machines of a batch have "
        "the same; or begin another checkpoint"
    )
    return AuditError(str(files.salt), reason, hint)
