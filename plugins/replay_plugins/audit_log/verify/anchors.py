"""What holds a log from outside: keys, and checkpoints kept elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from replay.errors import DecodeError
from replay_plugins.audit_log.format.checkpoints import Checkpoint
from replay_plugins.audit_log.format.notes import Note, read_note
from replay_plugins.audit_log.verify.log_reader import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_plugins.audit_log.format.keys import Verifier


@attrs.frozen
class Anchor:
    """A checkpoint that lies outside the records."""

    where: str  #: its file's name
    note: Note
    checkpoint: Checkpoint
    is_kept: bool  #: whether it was kept elsewhere; False: it lies beside the log


def read_checkpoint(text: str) -> tuple[Note, Checkpoint]:
    """Return the checkpoint that a note holds, and the note.

    Raises:
        DecodeError: It holds none.
    """
    note = read_note(text)
    return note, Checkpoint.from_text(note.text)


def read_anchor(path: Path, *, is_kept: bool) -> Anchor:
    """Return the checkpoint that a file holds.

    Raises:
        OSError: It cannot be read.
        DecodeError: It holds none.
    """
    try:
        note, checkpoint = read_checkpoint(read_text(path))
    except DecodeError as error:
        raise attrs.evolve(error, source=str(path)) from error
    return Anchor(path.name, note, checkpoint, is_kept)


def read_verifier(text: str) -> "Verifier":
    """Return a public key.

    Args:
        text: The key, such as ``name+c74f20a3+ARpc2Qc…``, or a file that holds it.

    Raises:
        OSError: There is such a file, and it cannot be read.
        DecodeError: It is no key.
        UnsupportedError: The extra ``audit`` is not installed.
    """
    from replay_plugins.audit_log.format.keys import Verifier  # noqa: PLC0415 - an extra

    if "\n" in text or ("+" in text and not Path(text).exists()):
        return Verifier.from_text(text)  # not named in an error: it may be a secret
    try:
        return Verifier.from_text(read_text(Path(text)))
    except DecodeError as error:
        raise attrs.evolve(error, source=text) from error


def signature_problem(note: Note, keys: "Sequence[Verifier]") -> str | None:
    """Return what is wrong with the signatures of a checkpoint; None: nothing is.

    Args:
        note: The checkpoint's.
        keys: Public keys, one of which must have signed; none: nothing is asked.
    """
    said = {note.signed_by(key) for key in keys}
    if "invalid" in said:
        return "a signature in the key's name is not the key's"
    if said and "valid" not in said:
        return "the checkpoint is not signed by the key"
    return None
