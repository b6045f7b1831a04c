"""The portions of a batch: numbered, counted, and the same whenever they are listed."""

from collections.abc import Iterator
from hashlib import blake2b

import attrs

from replay.backend import Source
from replay.errors import BackendError
from replay.json_text import write
from replay.portions import Portion


@attrs.define(eq=False)
class Listing:
    """A location's portions, or every n-th of them.

    Args:
        source: What yields them.
        shard: ``(i, n)``: only the i-th of each n, from 1; None: all.
    """

    _source: Source
    _shard: tuple[int, int] | None
    sessions: int = attrs.field(default=0, init=False)  #: about how many, at the end
    _digest: bytes | None = attrs.field(default=None, init=False)

    def portions(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions with their numbers, from 0.

        Raises:
            BackendError: They cannot be listed, or are not what they were before.
        """
        hashed = blake2b(digest_size=16)
        sessions = 0
        first, step = self._shard or (1, 1)
        for number, portion in enumerate(self._source.portions()):
            hashed.update(write(portion.key))
            if number % step == first - 1:
                sessions += portion.sessions
                yield number, portion
        self.sessions = sessions
        if self._digest not in (None, hashed.digest()):
            reason = "it has changed while it was replayed"
            raise BackendError(self._source.location, reason, hint="replay it again")
        self._digest = hashed.digest()
