"""JSON with NaN and Infinity, as Python writes it, read as if they were null."""

import re
from typing import Final

import attrs

_LONGEST: Final = len(b"-Infinity")
#: A quote, an escaped character, a number that JSON does not have, or a line's end.
_TOKEN: Final = re.compile(rb'"|\\[^\n]|NaN|-?Infinity|\n')


@attrs.define(eq=False)
class NaNAsNull:
    """A converter of a text's blocks, in which NaN and Infinity become null."""

    count: int = attrs.field(default=0, init=False)  #: how many there were so far
    _is_in_string: bool = attrs.field(default=False, init=False)
    _kept: bytes = attrs.field(default=b"", init=False)

    def __call__(self, block: bytes) -> bytes:
        """Convert a block; the text's end is an empty one."""
        data = self._kept + block
        safe = len(data) - (_LONGEST if block else 0)
        pieces: list[bytes] = []
        done = 0
        for token in _TOKEN.finditer(data):
            if token.start() >= safe:
                break
            if token[0] == b"\n":  # where a string ends, even one that broke off
                self._is_in_string = False
            elif token[0] == b'"':
                self._is_in_string = not self._is_in_string
            elif not (self._is_in_string or token[0].startswith(b"\\")):
                pieces += (data[done : token.start()], b"null")
                done = token.end()
                self.count += 1
            safe = max(safe, token.end())
        safe = max(safe, 0)
        self._kept = data[safe:]
        return b"".join((*pieces, data[done:safe]))
