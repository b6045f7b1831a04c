"""What is asked for, and what messages may show of the answer."""

from collections.abc import Mapping
from typing import Final, TypeVar

import attrs

from replay.errors import DecodeError
from replay.sanitizing import sanitize_line
from replay_backends.http.keys import Key

#: Characters of a message that others wrote.
SHOWN: Final = 200
_Decode = TypeVar("_Decode", bound=DecodeError)


@attrs.frozen
class Ask:
    """What is asked for."""

    method: str
    url: str = attrs.field(repr=False)  #: may be a secret
    source: str  #: what messages call it: no part of it is secret
    key: Key | None
    verify: bool | str
    accept: str = "application/json"
    params: Mapping[str, str] = attrs.field(factory=dict)
    body: object = None  #: JSON; None: there is none
    is_secret: bool = False  #: whether the URL is, so that an answer may hold it

    def masked(self, text: str) -> str:
        """Return what a server said, without the key: it may have sent that back."""
        return self.key.masked(text) if self.key else text

    def shown(self, text: str, most: int = SHOWN) -> str:
        """Return what a message may show of what a server said, on one line.

        Args:
            text: What it said.
            most: Characters.

        Returns:
            Nothing where the URL is a secret.
        """
        return "" if self.is_secret else sanitize_line(self.masked(text))[:most]

    def placed(self, error: _Decode) -> _Decode:
        """Return an error in what a server sent, with its place and without the key."""
        where, reason = self.masked(error.where), self.masked(error.reason)
        return attrs.evolve(error, source=self.source, where=where, reason=reason)
