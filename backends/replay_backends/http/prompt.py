"""A prompt, as it is sent."""

from collections.abc import Sequence
from typing import Final

import attrs

from replay.errors import InvalidRequestError

_LONGEST: Final = 1000  # characters
_MOST_INDEXES: Final = 10


@attrs.frozen
class Prompt:
    """What is asked, and of which indexes."""

    session_id: str
    text: str
    index_ids: Sequence[str]
    require_all_indexes: bool

    def check(self, source: str) -> None:
        """Refuse what the service would refuse.

        Args:
            source: What messages call the service.

        Raises:
            InvalidRequestError: It is too long, or asks no index or too many.

        Source: the service's OpenAPI document of 2026-08-20; that ten indexes can be
            asked, its guide.
        """
        if len(self.text) > _LONGEST:
            reason = f"a prompt has at most {_LONGEST} characters, not {len(self.text)}"
            raise InvalidRequestError(source, reason)
        if isinstance(self.index_ids, str):
            reason = "index_ids is a text, not a list of ids"
            raise InvalidRequestError(source, reason, f"[{self.index_ids!a}]")
        count = len(self.index_ids)
        if not 1 <= count <= _MOST_INDEXES:
            reason = f"a prompt asks 1 to {_MOST_INDEXES} indexes, not {count}"
            raise InvalidRequestError(source, reason)

    def body(self) -> dict[str, object]:
        """Return the JSON object that is sent."""
        body: dict[str, object] = {"prompt": self.text, "index_ids": [*self.index_ids]}
        if self.require_all_indexes:
            body["require_all_indexes"] = True
        return body
