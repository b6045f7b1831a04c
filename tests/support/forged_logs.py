"""Real audit logs, and forgeries by an attacker with a text editor."""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from audit_logs import lines_of
from replay import ReplayEngine, Session, Stop, Text, ToolCall, ToolResult, UserInput
from replay import Usage as StopUsage
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.format.chain import Chain, json_bytes
from replay_plugins.audit_log.format.checkpoints import Checkpoint, write_note
from replay_plugins.audit_log.format.keys import Signer
from replay_plugins.audit_log.log.private_files import LogFiles
from replay_plugins.audit_log.verify.verifier import verify

SIGNER = Signer.generate("example.com/log")
KEYS = (SIGNER.verifier(),)
Attack: TypeAlias = Callable[["WrittenLog"], object]
NAME = "audit.jsonl"


@attrs.frozen
class WrittenLog:
    """A log that was really written, and an honest auditor's copy of its checkpoint."""

    folder: Path
    content: str = "full"

    @property
    def log(self) -> Path:
        return self.folder / NAME

    @property
    def files(self) -> LogFiles:
        return LogFiles(self.log)

    @property
    def kept(self) -> Path:
        """The last checkpoint, kept where the attacker cannot reach it."""
        return self.folder / "elsewhere" / "checkpoint"

    def keep(self) -> None:
        """Copy the newest checkpoint elsewhere."""
        self.kept.parent.mkdir(exist_ok=True)
        shutil.copy(self.files.checkpoint, self.kept)

    def replay(self, *names: str, signer: Signer | None = SIGNER, **more: Any) -> None:  # noqa: ANN401 - options
        """Write the sessions of these names to the log, and close it."""
        key = None
        if signer is not None:
            key = self.folder / "key"
            key.write_text(signer.private_text())
        plugin = AuditLog(self.log, content=self.content, key=key, actor="ann", **more)  # type: ignore[arg-type]  # any policy
        with ReplayEngine([plugin]) as engine:
            for name in names:
                engine.replay(session(name))


def session(name: str) -> Session:
    """Return a session in which money is transferred."""
    return Session(
        name,
        events=[
            UserInput("Pay the invoice."),
            ToolCall("c1", "pay", {"amount": 4200.0, "to": "Acme"}),
            ToolResult("c1", "pay", {"paid": True}),
            Text("I have paid 4200 euros to Acme."),
            Stop(StopUsage(duration_ms=940.0, total_input_tokens=812), is_error=False),
        ],
    )


def written(folder: Path, content: str = "full", **options: Any) -> WrittenLog:  # noqa: ANN401 - options
    """Return a log of two sessions whose last checkpoint was kept elsewhere."""
    folder.mkdir(exist_ok=True)
    log = WrittenLog(folder, content)
    log.replay("ses-1", "ses-2", **options)
    log.keep()
    return log


def edits(change: Callable[[list[bytes]], Iterable[bytes]]) -> Attack:
    """Return an attack that changes only the lines of a log's newest file."""

    def attack(log: WrittenLog) -> None:
        lines = [*change(log.log.read_bytes().splitlines())]
        log.log.write_bytes(b"".join(line + b"\n" for line in lines))

    return attack


def replaces(old: bytes, new: bytes, number: int = 4) -> Attack:
    """Return an attack that replaces a text within one line."""

    def change(lines: list[bytes]) -> list[bytes]:
        assert old in lines[number]
        lines[number] = lines[number].replace(old, new)
        return lines

    return edits(change)


def line_of(log: WrittenLog, kind: str) -> int:
    """Return the place of the first record of a kind, from 0."""
    kinds = [json.loads(line)["kind"] for line in lines_of(log.log)]
    return kinds.index(kind)


def rebuilds(
    change: Any,  # noqa: ANN401 - any change
    signer: Signer | None = None,
    *,
    says_it_is_signed: bool | None = None,
    keeps_notes: bool = False,
    copies_notes: bool = False,
) -> Attack:
    """Return an attack that rebuilds the chain, all checkpoints and their file.

    Args:
        change: Takes the records, and returns the forged ones.
        signer: The signer of the checkpoints; None: they are unsigned.
        says_it_is_signed: The records' claim to be signed; None: the truth.
        keeps_notes: Whether the checkpoints stay as they are, signatures and all.
        copies_notes: Whether the checkpoint beside the log is the last in a record, as
            in older logs.
    """
    is_signed = signer is not None if says_it_is_signed is None else says_it_is_signed

    def attack(log: WrittenLog) -> None:
        records = [*change([json.loads(line) for line in lines_of(log.log)])]
        chain, data, note = Chain(records[0]["log"]), b"", ""
        for record in records:
            record |= {"seq": chain.size, "prev": chain.head}
            if "signed" in record and not keeps_notes:
                record["signed"] = is_signed
            if "note" in record and not keeps_notes:
                time, root = record["time"], chain.frontier.root()
                checkpoint = Checkpoint(chain.origin, chain.size, root, time)
                note = record["note"] = signed_note(checkpoint.text(), signer)
            line = json_bytes(record) + b"\n"
            chain.advance(line)
            data += line
            if "note" in record and not (keeps_notes or copies_notes):
                note = signed_note(Checkpoint.of(chain, time).text(), signer)
        log.log.write_bytes(data)
        if not keeps_notes:
            log.files.checkpoint.write_text(note)

    return attack


def signed_note(text: str, signer: Signer | None) -> str:
    """Return a text as a note, signed if there is a signer."""
    return write_note(text, [signer.sign(text)] if signer else ())


def reasons(log: WrittenLog, **options: Any) -> list[str]:  # noqa: ANN401 - options
    """Return a log's problems, each with its question."""
    found = verify(log.log, **options)
    return [f"{each.question}: {each}" for each in found.problems]
