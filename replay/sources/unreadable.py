"""Sessions and headers read in spite of others that cannot be, or aren't there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

import attrs

from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    DecodeError,
    TLSError,
    UnrecognizedError,
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


_NAMED: Final = 4  # files in a message


@attrs.define(eq=False)
class FilesWithoutSession:
    """The files among others that turned out to hold no session."""

    _count: int = attrs.field(default=0, init=False)
    _names: list[str] = attrs.field(factory=list, init=False)  # of the first

    def add(self, name: str) -> None:
        """Count a file."""
        self._count += 1
        if len(self._names) < _NAMED:
            self._names.append(name)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __str__(self) -> str:
        """Return a sentence about them, with the first names."""
        more = self._count - len(self._names)
        names = ", ".join(self._names) + (f" and {more:,} more" if more else "")
        what = "file holds" if self._count == 1 else "files hold"
        return f"{self._count:,} {what} no session: {names}"

    def noted(self, items: Iterator[_Item], name: str) -> Iterator[_Item]:
        """Return what is read from a file, which is counted if there is nothing.

        Args:
            items: It may be asked for the next one after an error.
            name: The file's name.
        """
        return _Noted(self, items, name)


@attrs.define(eq=False)
class _Noted(Iterator[_Item]):
    _files: FilesWithoutSession
    _items: Iterator[_Item]
    _name: str | None  # None: it holds something, or was counted

    def __next__(self) -> _Item:
        try:
            item = next(self._items)
        except (StopIteration, UnrecognizedError):
            if self._name is not None:
                self._files.add(self._name)
            self._name = None
            raise StopIteration from None
        except Exception:
            self._name = None
            raise
        self._name = None
        return item
