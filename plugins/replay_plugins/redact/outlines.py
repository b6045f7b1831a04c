"""What a text must look like from afar to hold a secret: cheap to see, seldom there."""

from string import ascii_letters, ascii_uppercase, digits
from typing import Final

import attrs


@attrs.frozen(eq=False)
class Outline:
    """A number of characters of one sort in a row.

    Args:
        sort: The characters.
        count: How many there must be.
        between: Characters that may stand between them.
    """

    sort: str
    count: int
    between: str = ""
    _table: bytes = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        table = bytes(
            ord("x" if chr(code) in self.sort else " ") for code in range(256)
        )
        object.__setattr__(self, "_table", table)

    def is_in(self, text: bytes) -> bool:
        """Tell whether a text holds it; what is not ASCII is a question mark there."""
        seen = text.translate(self._table, self.between.encode())
        return b"x" * self.count in seen


#: What most keys and tokens look like.
TOKEN: Final = Outline(ascii_letters + digits + "_-+/", 16)
CARD: Final = Outline(digits, 12, " -")
ACCOUNT: Final = Outline(ascii_uppercase + digits, 15, " ")


class Afar:
    """A text, looked at from afar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes: bytes | None = None

    def shows(self, outline: Outline) -> bool:
        """Tell whether the text holds an outline."""
        if len(self._text) < outline.count:
            return False
        if self._bytes is None:
            self._bytes = self._text.encode("ascii", "replace")
        return outline.is_in(self._bytes)
