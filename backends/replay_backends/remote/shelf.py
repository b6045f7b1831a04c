"""The sessions in a store's files, one after the other and by id."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import BinaryIO, Final, NoReturn, Protocol, TypeAlias

import attrs

from replay.errors import BackendError, BackendUnavailableError, DecodeError
from replay.model.sessions import Session
from replay.security.file_names import session_id_of
from replay.sources.protocols import Portion, Stored
from replay_backends.files.directory_scan import is_continued, is_passed_over
from replay_backends.files.file_portions import no_portion, stored_in_all
from replay_backends.files.session_file import (
    Reading,
    SessionFile,
    is_called_for,
    stem_of,
)
from replay_backends.ordered_fetch import in_order

#: Opens a file at its beginning, seekable; it can be called again and again.
Opener: TypeAlias = Callable[[], BinaryIO]


@attrs.frozen
class Item:
    """A file, as its store lists it."""

    path: str  #: from the store's root, with slashes; empty: the root is this file
    size: int  #: in bytes; of what is packed in a zip file, unpacked


class Store(Protocol):
    """Files that can be listed, and read one by one."""

    @property
    def is_single(self) -> bool:
        """Whether the root is a file, the only one."""

    @property
    def at_once(self) -> int:
        """How many files are fetched at once; 1: none is waited for long."""

    def items(self) -> list[Item]:
        """Return all files, by the bytes of their paths.

        Raises:
            BackendError: They cannot be listed.
        """

    def opener(self, item: Item) -> Opener:
        """Fetch a file, and return what opens it.

        Raises:
            BackendError: It cannot be had.
            DecodeError: What it is packed in is malformed.
        """

    def source_of(self, path: str) -> str:
        """Return what messages call a file."""


def path_order(item: Item) -> bytes:
    """Return what files are sorted by."""
    return item.path.encode("utf-8", "surrogatepass")


_AHEAD: Final = 1 << 20  # bytes of the largest file that is fetched ahead
_NOT_HIDDEN: Final = (".", "..")  # they are refused, not passed over


@attrs.define(eq=False)
class Shelf:
    """A store's files of sessions.

    Args:
        store: Where they are.
        pattern: What they are called; None: as in a directory.
        reading: How they are read.
    """

    _store: Store
    _pattern: str | None
    _reading: Reading
    #: The first file of each id, where somebody has looked.
    _known: dict[str, Item] = attrs.field(factory=dict, init=False)

    def items(self) -> list[Item]:
        """Return the files of sessions, by the bytes of their paths.

        Raises:
            BackendError: They cannot be listed.
        """
        items = self._store.items()
        if self._store.is_single:
            return items
        there = {item.path for item in items if item.path.endswith(".part")}
        accepts = self.accepts
        return [
            item
            for item in items
            if accepts(item.path) and not is_continued(item.path, there, accepts)
        ]

    def accepts(self, path: str) -> bool:
        """Tell by its path whether a file is one of sessions, and not hidden."""
        *_, name = parts = path.split("/")
        return is_called_for(name, self._pattern) and not any(
            part not in _NOT_HIDDEN and is_passed_over(part) for part in parts
        )

    def sessions(self) -> Iterator[Session]:
        """Yield every session; small files are fetched a few at once.

        Raises:
            DecodeError: A file holds something else.
            BackendError: A file cannot be read.
        """
        for item, opener in self._fetched():
            yield from self.file(item, opener).sessions()

    def session(self, session_id: str) -> Session | None:
        """Return the first session of an id; None: there is none.

        Raises:
            DecodeError: There may be one in a file that holds something else.
            BackendError: There may be one in a file that cannot be read.
        """
        with suppress(BackendError, DecodeError):  # the file may have changed
            if session := self._where_known(session_id):
                return session
        fault = self._look_everywhere()
        session = self._where_known(session_id)
        if session is None and fault:
            raise fault
        return session

    def portions(self) -> Iterator[Portion]:
        """Yield a portion for each file; none is fetched.

        Raises:
            BackendError: They cannot be listed.
        """
        return (Portion((item.path,), item.size) for item in self.items())

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a file, which is fetched once.

        Raises:
            BackendError: There is no such file, or it cannot be had.
            DecodeError: It is packed, and what comes next is corrupt.
        """
        match portion.key:
            case (str(path),) if self._is_one_of_ours(path):
                item = Item(path, portion.size)
                return stored_in_all(self.file(item, self._store.opener(item)))
        raise no_portion(self._store.source_of(""), portion)

    def file(self, item: Item, opener: Opener) -> SessionFile:
        """Return a file as those who read sessions take it.

        Args:
            item: The file.
            opener: Opens it.
        """
        source = self._store.source_of(item.path)
        name = source.rpartition("/")[2]
        stem = stem_of(name)
        session_id = stem if self._store.is_single else session_id_of(stem)
        return SessionFile(opener, name, session_id, source, self._reading)

    def _is_one_of_ours(self, path: str) -> bool:
        return not path if self._store.is_single else self.accepts(path)

    def _where_known(self, session_id: str) -> Session | None:
        item = self._known.get(session_id)
        if item is not None:
            for session in self.file(item, self._store.opener(item)).sessions():
                if session.session_id == session_id:
                    return session
        return None

    def _look_everywhere(self) -> BackendError | DecodeError | None:
        """Find out where each session is; return why there may be more of them."""
        known: dict[str, Item] = {}
        fault: BackendError | DecodeError | None = None
        for item, opener in self._fetched():
            try:
                for session in self.file(item, opener).lenient().sessions():
                    known.setdefault(session.session_id, item)
            except BackendUnavailableError:
                raise
            except (BackendError, DecodeError) as error:
                fault = fault or error
        self._known = known
        return fault

    def _fetched(self) -> Iterator[tuple[Item, Opener]]:
        """Yield each file and what opens it, or what raises why it cannot be had."""
        if self._store.at_once == 1:
            for item in self.items():
                yield item, self._opener(item)
            return
        at_once = self._store.at_once
        for item, opener in in_order(self._ahead, self.items(), at_once, _nothing):
            yield item, opener or self._opener(item)

    def _ahead(self, item: Item) -> tuple[Item, Opener | None]:
        return item, self._opener(item) if item.size <= _AHEAD else None

    def _opener(self, item: Item) -> Opener:
        try:
            return self._store.opener(item)
        except (BackendError, DecodeError) as error:
            return partial(_fail, error)


def _fail(error: BackendError | DecodeError) -> NoReturn:
    raise error


def _nothing() -> None:
    """Let what is being fetched come to its end."""
