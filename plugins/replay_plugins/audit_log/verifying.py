"""A log verified, in one pass and flat memory."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import DecodeError
from replay_plugins.audit_log.anchors import Anchor, read_anchor
from replay_plugins.audit_log.findings import Findings
from replay_plugins.audit_log.log_files import LogFiles
from replay_plugins.audit_log.reading import parts_of
from replay_plugins.audit_log.record_walk import Walk

if TYPE_CHECKING:
    from replay_plugins.audit_log.note_keys import Verifier

_STEP: Final = 1_000  # records


def verify(
    path: Path,
    *,
    keys: "Sequence[Verifier]" = (),
    kept: Sequence[Path] = (),
    must_be_anchored: bool = False,
) -> Findings:
    """Return what is known of a log: is it unaltered, complete, anchored.

    Args:
        path: The log; its other files lie beside.
        keys: Public keys; each checkpoint must be signed by one of them.
        kept: Files with checkpoints of this log that were kept elsewhere.
        must_be_anchored: Make it a problem where no kept checkpoint reaches the end.

    Raises:
        OSError: A file cannot be read.
        DecodeError: A kept checkpoint is none, or a part of the log is no file.
    """
    *_, findings = verify_in_steps(path, keys, kept)
    if must_be_anchored:
        require_anchor(findings, path)
    return findings


def verify_in_steps(
    path: Path, keys: "Sequence[Verifier]", kept: Sequence[Path]
) -> Generator[Findings]:
    """Yield what is known of a log so far, after each thousand records and at the end.

    It is one object, which grows. The arguments, and what is raised, are as for
    :func:`verify`.
    """
    files = LogFiles(path)
    findings = Findings(signers=tuple(each.name for each in keys))
    walk = Walk(files, keys, _anchors(files, kept, findings), findings)
    for name, lines in parts_of(files):
        findings.files += 1
        for number, line in enumerate(lines, 1):
            walk.take(line, name, number)
            if number % _STEP == 0:
                yield findings
    walk.end()
    yield findings


def require_anchor(findings: Findings, path: Path) -> None:
    """Make it a problem where no kept checkpoint reaches the end of a log."""
    if not findings.is_head_anchored:
        reason = "no checkpoint kept elsewhere reaches the end"
        findings.add("anchored", path.name, reason)


def _anchors(files: LogFiles, kept: Sequence[Path], findings: Findings) -> list[Anchor]:
    anchors = [read_anchor(each, is_kept=True) for each in kept]
    if files.checkpoint.is_file():
        try:
            anchors.append(read_anchor(files.checkpoint, is_kept=False))
        except DecodeError as error:
            findings.add("unaltered", files.checkpoint.name, error.reason)
    elif files.checkpoint.exists():  # a pipe would be waited for
        findings.add("unaltered", files.checkpoint.name, "it is no regular file")
    return anchors
