"""Signed texts, in the form that Go's module proxy began.

Source: C2SP, signed-note; byte for byte what Go's ``golang.org/x/mod/sumdb/note``
writes. The keys are in :mod:`replay_plugins.audit_log.format.keys`.
"""

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from replay.errors import DecodeError

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer, Verifier

#: What a note says of a key: it signed; somebody did in its name; nobody did.
Signed: TypeAlias = Literal["valid", "invalid", "absent"]

ID_BYTES: Final = 4  #: that name a key within a signature
_MOST_SIGNATURES: Final = 100
_SIGNATURE: Final = "\u2014 "  # an em dash
_CONTROLS: Final = re.compile("[\0-\x09\x0b-\x1f\ud800-\udfff]")  # and lone halves
_NAME: Final = re.compile(r"[^\s+\0-\x1f\ud800-\udfff]+")


@attrs.frozen
class Signature:
    """A signature as a note holds it, true or not."""

    name: str
    key_id: bytes  #: 4 bytes
    signature: bytes


@attrs.frozen
class Note:
    """A text, ended by a line feed, and who claims to have signed it."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def signed_by(self, verifier: "Verifier") -> Signed:
        """Return what the signatures say of a key.

        Only the first signature in a key's name and id counts, as it does for Go.
        """
        for each in self.signatures:
            if (each.name, each.key_id) == (verifier.name, verifier.key_id):
                is_valid = verifier.verify(self.text.encode(), each.signature)
                return "valid" if is_valid else "invalid"
        return "absent"


def write_note(text: str, signer: "Signer | None") -> str:
    """Return a text as a note.

    Args:
        text: Ended by a line feed, without other control characters.
        signer: Who signs it; None: nobody, and the note ends with its blank line.

    Raises:
        ValueError: That cannot be a note's text.
    """
    if not text.endswith("\n") or _CONTROLS.search(text):
        message = f"no text of a note: {text!a}"
        raise ValueError(message)
    if signer is None:
        return f"{text}\n"
    signed = signer.verifier().key_id + signer.sign(text.encode())
    return f"{text}\n{_SIGNATURE}{signer.name} {b64encode(signed).decode()}\n"


def read_note(note: str) -> Note:
    """Return the text and the signatures of a note; none of them is checked.

    Raises:
        DecodeError: It is no note, or has more than 100 signatures.
    """
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or _CONTROLS.search(note) or not note.endswith("\n"):
        raise _bad(reason="it is no text, blank line and signatures")
    lines = signatures.split("\n")[:-1]
    if len(lines) > _MOST_SIGNATURES:
        raise _bad(reason=f"more than {_MOST_SIGNATURES} signatures")
    return Note(f"{text}\n", tuple(map(_signature, lines)))


def is_name(text: str) -> bool:
    """Tell whether a key can be called so: no white space, no plus, not empty."""
    return _NAME.fullmatch(text) is not None


def decode_base64(text: str) -> bytes:
    """Return the bytes that *text* holds; none where it is not their only text."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_SIGNATURE).partition(" ")
    signed = decode_base64(encoded)
    if not (line.startswith(_SIGNATURE) and is_name(name) and signed[ID_BYTES:]):
        raise _bad(reason=f"no signature: {line!a}")
    return Signature(name, signed[:ID_BYTES], signed[ID_BYTES:])


def _bad(*, reason: str) -> DecodeError:
    return DecodeError("note", reason, hint="it may be cut or damaged")
