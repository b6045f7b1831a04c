"""Sessions and headers read in spite of others that cannot be."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    DecodeError,
    TLSError,
    UnsafeRedirectError,
)

_MOST: Final = 1_000  # times in a row that the same error is passed on
_Item = TypeVar("_Item")
ReadError: TypeAlias = DecodeError | BackendError

#: What the next session would meet, too.
_OF_ALL: Final = (AuthError, BackendUnavailableError, TLSError, UnsafeRedirectError)


def readable(
    items: Iterable[_Item], unreadable: Callable[[ReadError], object]
) -> Iterator[_Item]:
    """Yield what can be read, and pass on the error of anything else.

    Args:
        items: An iterator that raises such an error may be asked for the next item; a
            generator that did has none.
        unreadable: Called with each error; it may raise it.

    Raises:
        BackendError: The whole source cannot be used, such as without a key.
        DecodeError, BackendError: The same error came a thousand times in a row.
    """
    waiting = iter(items)
    latest, times = "", 0
    while True:
        try:
            item = next(waiting)
        except StopIteration:
            return
        except _OF_ALL:
            raise
        except (DecodeError, BackendError) as error:
            text = str(error)
            times = times + 1 if text == latest else 1
            if times > _MOST:
                raise
            latest = text
            unreadable(error)
        else:
            times = 0
            yield item
