"""What stands for a secret: the same word for the same secret, and no way back."""

import hmac
from hashlib import sha256
from typing import Final

from replay_plugins.redact.found import Found

_DIGITS: Final = 12  # hexadecimal ones, of a keyed pseudonym


class Pseudonyms:
    """Gives each secret its pseudonym.

    Without a key, they are numbered in the order in which the secrets are found, and
    tell nothing of these. What they stand for is kept in memory only.

    Args:
        key: Makes pseudonyms that are the same wherever the key is; None: numbers.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._known: dict[str, str] = {}
        self._used: set[str] = set()
        self._counts: dict[str, int] = {}

    def of(self, found: Found) -> str:
        """Return what stands for a secret."""
        if found.value not in self._known:
            self.adopt(found.value, self._new(found))
        return self._known[found.value]

    def adopt(self, value: str, pseudonym: str) -> None:
        """Let a pseudonym that was given elsewhere stand for a secret here, too."""
        self._known[value] = pseudonym
        self._used.add(pseudonym)

    def _new(self, found: Found) -> str:
        label = found.rule.label
        if self._key is not None:
            value = found.value.encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, value, sha256).hex()
            return f"<{label}_{digest[:_DIGITS]}>"
        while True:
            number = self._counts[label] = self._counts.get(label, 0) + 1
            if (pseudonym := f"<{label}_{number}>") not in self._used:
                return pseudonym
