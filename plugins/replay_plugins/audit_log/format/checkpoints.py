"""Checkpoints of a log, as the texts of signed notes.

A checkpoint has the number of a log's records, and the root of their tree. A note is a
text and signatures, byte for byte as Go's ``golang.org/x/mod/sumdb/note`` writes it;
:mod:`replay_plugins.audit_log.format.keys` makes and checks signatures.

Source: C2SP, signed-note and tlog-checkpoint; the time is in an extension line.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

import attrs

from replay.errors import DecodeError
from replay_plugins.audit_log.format.chain import Chain, timestamp
from replay_plugins.audit_log.format.merkle import HASH_BYTES

ID_BYTES: Final = 4  #: size of a key's id in a signature
_MOST_SIGNATURES: Final = 100
_SIGNATURE: Final = "\u2014 "  # an em dash
_CONTROLS: Final = re.compile("[\0-\x09\x0b-\x1f\ud800-\udfff]")  # and lone halves
_NAME: Final = re.compile(r"[^\s+\0-\x1f\ud800-\udfff]+")
_TIME: Final = "time "
_MOST_DIGITS: Final = 18
_HEAD: Final = 3  # lines: origin, size, root


@attrs.frozen
class Signature:
    """A signature in a note, valid or not."""

    name: str
    key_id: bytes  #: 4 bytes
    signature: bytes

    def __str__(self) -> str:
        encoded = b64encode(self.key_id + self.signature).decode()
        return f"{_SIGNATURE}{self.name} {encoded}\n"


@attrs.frozen
class Note:
    """A text, ended by a line feed, and its signatures, which may be false."""

    text: str
    signatures: tuple[Signature, ...] = ()


def write_note(text: str, signatures: Iterable[Signature] = ()) -> str:
    """Return a text as a note.

    Args:
        text: Ends with a line feed, and has no other control characters.
        signatures: Signatures of the text; with none, a blank line ends the note.

    Raises:
        ValueError: It cannot be a note's text.
    """
    if not text.endswith("\n") or _CONTROLS.search(text):
        message = f"no text of a note: {text!a}"
        raise ValueError(message)
    return f"{text}\n{''.join(map(str, signatures))}"


def read_note(note: str) -> Note:
    """Return the text and the signatures of a note; none of them is checked.

    Raises:
        DecodeError: It isn't a note, or has more than 100 signatures.
    """
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or _CONTROLS.search(note) or not note.endswith("\n"):
        raise _bad(where="note", reason="it isn't a text, a blank line and signatures")
    lines = signatures.split("\n")[:-1]
    if len(lines) > _MOST_SIGNATURES:
        raise _bad(where="note", reason=f"more than {_MOST_SIGNATURES} signatures")
    return Note(f"{text}\n", tuple(map(_signature, lines)))


def is_name(text: str) -> bool:
    """Tell whether a text can be a key's name: no white space, no plus, not empty."""
    return _NAME.fullmatch(text) is not None


def decode_base64(text: str) -> bytes:
    """Return the bytes in Base64 *text*; empty if it isn't their canonical form."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""


@attrs.frozen
class Checkpoint:
    """A log's size, and the root of the tree of all its records."""

    origin: str  #: the log's name, such as ``chat-replay/<log id>``
    size: int  #: records
    root: bytes  #: 32 bytes
    time: str | None = None  #: RFC 3339, by the writer's clock; None: not given

    @classmethod
    def of(cls, chain: Chain, time: str | None = None) -> "Checkpoint":
        """Return the checkpoint of all records in a chain; by default, made now."""
        made = time or timestamp()
        return cls(chain.origin, chain.size, chain.frontier.root(), made)

    def text(self) -> str:
        """Return it as the text of a note."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode()]
        if self.time is not None:
            lines.append(f"{_TIME}{self.time}")
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> "Checkpoint":
        """Return the checkpoint in a note's text.

        Extension lines other than the time are ignored.

        Raises:
            DecodeError: There is none.
        """
        *lines, end = text.split("\n")
        if end or len(lines) < _HEAD or not all(lines):
            raise _bad(
                where="checkpoint", reason="fewer than three lines, or an empty one"
            )
        origin, size, encoded, *extensions = lines
        if not _is_size(size):
            raise _bad(where="checkpoint", reason=f"no number of records: {size!a}")
        root = decode_base64(encoded)
        if len(root) != HASH_BYTES:
            raise _bad(where="checkpoint", reason=f"no hash in base64: {encoded!a}")
        times = (each for each in extensions if each.startswith(_TIME))
        time = next(times, None)
        return cls(origin, int(size), root, time and time.removeprefix(_TIME))


def read_checkpoint(text: str) -> tuple[Note, Checkpoint]:
    """Return a note, and the checkpoint in it.

    Raises:
        DecodeError: It isn't a note, or its text isn't a checkpoint.
    """
    note = read_note(text)
    return note, Checkpoint.from_text(note.text)


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_SIGNATURE).partition(" ")
    signed = decode_base64(encoded)
    if not (line.startswith(_SIGNATURE) and is_name(name) and signed[ID_BYTES:]):
        raise _bad(where="note", reason=f"no signature: {line!a}")
    return Signature(name, signed[:ID_BYTES], signed[ID_BYTES:])


def _is_size(text: str) -> bool:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return is_number and str(int(text)) == text


def _bad(*, where: str, reason: str) -> DecodeError:
    return DecodeError(where, reason, hint="it may be cut or damaged")
