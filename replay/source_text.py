"""A recording's text, wherever it is: it can be read again and again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

import attrs

from replay.errors import BackendError, DecodeError
from replay.os_errors import os_failure

KEPT: Final = 8 << 20  #: the largest text that is kept in memory, in bytes


@attrs.frozen
class SourceText:
    """A text that is opened anew each time it is read.

    Args:
        open_file: Opens it at its beginning.
        source: What messages call it; None: it was given as a value.
        kept: The largest text that is kept in memory, in bytes.
        block: How much of a larger one is held at once, in bytes.
    """

    _open_file: Callable[[], BinaryIO] = attrs.field(alias="open_file")
    source: str | None = None
    kept: int = KEPT
    block: int = 1 << 20

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the text while the block runs; errors within it name the text.

        Raises:
            DecodeError: The block raised it.
            BackendError: The text cannot be read.
        """
        with self.named(), self._open_file() as file:
            yield file

    @contextmanager
    def named(self) -> Iterator[None]:
        """Let errors within the block name the text."""
        try:
            yield
        except DecodeError as error:
            raise attrs.evolve(error, source=self.source) from error.__cause__
        except BackendError:
            raise
        except OSError as error:
            raise os_failure(str(self.source), error) from error
