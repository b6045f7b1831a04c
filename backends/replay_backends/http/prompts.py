"""A prompt, as it is sent."""

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
    index_ids: tuple[str, ...]
    require_all_indexes: bool

    def check(self, source: str) -> None:
        """Refuse what the service would refuse.

        Args:
            source: What messages call the service.

        Raises:
            InvalidRequestError: It is empty or too long, or asks no index or too many.

        Source: the service's OpenAPI document of 2026-08-20.
        """
        if not 1 <= len(self.text) <= _LONGEST:
            reason = f"a prompt has 1 to {_LONGEST} characters, not {len(self.text)}"
            raise InvalidRequestError(source, reason)
        count = len(self.index_ids)
        if not 1 <= count <= _MOST_INDEXES:
            reason = f"a prompt asks 1 to {_MOST_INDEXES} indexes, not {count}"
            raise InvalidRequestError(source, reason)

    def body(self) -> dict[str, object]:
        """Return the JSON object that is sent."""
        body: dict[str, object] = {"prompt": self.text, "index_ids": self.index_ids}
        if self.require_all_indexes:
            body["require_all_indexes"] = True
        return body
