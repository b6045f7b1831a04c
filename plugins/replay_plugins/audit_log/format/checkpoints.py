"""Checkpoints: what a log's tree was, once it had so many records.

Source: C2SP, tlog-checkpoint; the time stands in an extension line.
"""

from base64 import b64encode
from typing import TYPE_CHECKING, Final

import attrs

from replay.errors import DecodeError
from replay_plugins.audit_log.format.chain import Chain, timestamp
from replay_plugins.audit_log.format.merkle import HASH_BYTES
from replay_plugins.audit_log.format.notes import decode_base64, write_note

if TYPE_CHECKING:
    from replay_plugins.audit_log.format.keys import Signer

_TIME: Final = "time "
_MOST_DIGITS: Final = 18
_HEAD: Final = 3  # lines: origin, size, root


@attrs.frozen
class Checkpoint:
    """A log's size and the root that all its records hash to."""

    origin: str  #: which log, such as ``chat-replay/<log id>``
    size: int  #: records
    root: bytes  #: 32 bytes
    time: str | None = None  #: RFC 3339, by the writer's clock; None: it does not say

    def text(self) -> str:
        """Return it as the text of a note."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode()]
        if self.time is not None:
            lines.append(f"{_TIME}{self.time}")
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> "Checkpoint":
        """Return the checkpoint that a note's text holds.

        Extension lines other than the time are passed over.

        Raises:
            DecodeError: It holds none.
        """
        *lines, end = text.split("\n")
        if end or len(lines) < _HEAD or not all(lines):
            raise _bad(reason="fewer than three lines, or an empty one")
        origin, size, encoded, *extensions = lines
        if not _is_size(size):
            raise _bad(reason=f"no number of records: {size!a}")
        root = decode_base64(encoded)
        if len(root) != HASH_BYTES:
            raise _bad(reason=f"no hash in base64: {encoded!a}")
        times = (each for each in extensions if each.startswith(_TIME))
        time = next(times, None)
        return cls(origin, int(size), root, time and time.removeprefix(_TIME))


def note_of(chain: Chain, signer: "Signer | None") -> str:
    """Return the note that says what a log is now.

    Args:
        chain: All its records.
        signer: Signs it; None: nobody does.
    """
    root, now = chain.frontier.root(), timestamp()
    text = Checkpoint(chain.origin, chain.size, root, now).text()
    return write_note(text, signer)


def _is_size(text: str) -> bool:
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return is_number and str(int(text)) == text


def _bad(*, reason: str) -> DecodeError:
    return DecodeError("checkpoint", reason, hint="it may be cut or damaged")
