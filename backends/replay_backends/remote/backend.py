"""Backends for object stores and zip files."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, starmap
from pathlib import Path
from typing import Any, BinaryIO, Final, Never, NoReturn

import attrs

from replay import Portion, Session, SessionSummary, Stored, dump
from replay.authoring import FilesWithoutSession, os_errors_of, session_id_of
from replay.errors import (
    BackendError,
    DecodeError,
    SessionNotFoundError,
    UnsupportedError,
)
from replay_backends.files.directory_scan import has_part_file, is_ignored
from replay_backends.files.file_access import is_zip_file, open_regular
from replay_backends.files.file_portions import no_portion, stored_in_all
from replay_backends.files.read_options import FileReader
from replay_backends.files.session_file import (
    SessionFile,
    check_replaceable,
    is_called_for,
    is_uncertain,
    prepare_to_write,
    stem_of,
)
from replay_backends.files.session_index import Listed, SessionIndex
from replay_backends.ordered_fetch import in_order
from replay_backends.remote.archives import Archive
from replay_backends.remote.filesystems import file_system, secrets_in
from replay_backends.remote.locations import Item, Location, Opener, parse
from replay_backends.remote.objects import Objects

_LOGGER: Final = logging.getLogger("replay")
_AHEAD: Final = 1 << 20  # bytes of the largest file to fetch ahead
_NOT_HIDDEN: Final = (".", "..")  # refused, not skipped


@attrs.define(eq=False)
class StoreBackend(FileReader):
    """Sessions from the files of a store.

    Args:
        location: A URL, the path of a zip file, or ``zip://INSIDE::THAT``.
        pattern: Pattern for file names, such as ``*.json``; None: as in a directory.
        strict: Refuse unknown or malformed events.
        limits: Size limits.
        nan: ``"null"`` reads NaN and Infinity as null; None: they are refused.
        format: The format of what isn't a session of the service's, such as
            ``claude-code``; None: the content tells.
        keep: ``"all"`` keeps the bookkeeping of other formats as unknown events; None:
            it is only counted.
        branches: Of a conversation that went back and on elsewhere, ``"last"`` reads
            the last branch, ``"all"`` all of them in the file's order, ``"separate"``
            each as a session.
        endpoint_url: URL of an S3-compatible service; None: the value of
            ``AWS_ENDPOINT_URL``, or else Amazon's.
        anon: Read public data on S3, without a key.
        storage_options: Further options for fsspec's file system.

    Raises:
        BackendError: It isn't there, cannot be reached, or a package is missing.
        DecodeError: It is a broken zip file.
    """

    location: str
    pattern: str | None = attrs.field(default=None, kw_only=True)
    endpoint_url: str | None = attrs.field(default=None, kw_only=True, repr=False)
    anon: bool = attrs.field(default=False, kw_only=True)
    storage_options: Mapping[str, Any] = attrs.field(
        factory=dict, kw_only=True, repr=False
    )
    _store: Archive | Objects = attrs.field(init=False)
    _index: SessionIndex[Item] = attrs.field(init=False)
    _is_noted: bool = attrs.field(default=False, init=False)  #: whether it was logged

    def __attrs_post_init__(self) -> None:
        options: dict[str, object] = dict(self.storage_options)
        if self.endpoint_url is not None:
            options["endpoint_url"] = self.endpoint_url
        if self.anon:
            options["anon"] = True
        self._store = _open_store(self.location, options, create=self._may_be_missing())
        self._index = SessionIndex(self._listing, self._sessions_at)

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session; this reads every file."""
        return map(Session.summary, self.sessions())

    def session(self, session_id: str) -> Session:
        """Return the first session with that id, wherever it is."""
        if session := self._index.session(session_id):
            return session
        reason = f"there is no session {session_id!a}"
        raise SessionNotFoundError(self._store.source, reason)

    def sessions(self) -> Iterator[Session]:
        """Yield every session; small files are fetched a few at once."""
        without = FilesWithoutSession()
        read = partial(self._recognized, without)
        found = chain.from_iterable(starmap(read, self._fetched()))
        return chain(found, self._noted(without))

    def portions(self) -> Iterator[Portion]:
        """Yield a portion for each file; none is fetched."""
        return (Portion((item.path,), item.size) for item in self._items())

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a file, which is fetched once."""
        match portion.key:
            case (str(path),) if self._is_one_of_ours(path):
                file = self._fetch(Item(path, portion.size))
                return stored_in_all(file, is_one_of_many=not self._store.is_single)
        raise no_portion(self._store.source, portion)

    def close(self) -> None:
        """Close the zip file; fetched data stays as long as a session needs it."""
        if isinstance(self._store, Archive):
            self._store.close()

    def _may_be_missing(self) -> bool:
        """Tell whether a missing location is a directory yet to be written."""
        return False

    def _items(self) -> list[Item]:
        """Return the files of sessions, ordered by the bytes of their paths."""
        items = self._store.items()
        if self._store.is_single:
            return items
        there = {item.path for item in items if item.path.endswith(".part")}
        accepts = self._accepts
        return [
            item
            for item in items
            if (accepts(item.path) and not has_part_file(item.path, there, accepts))
            or self._is_misnamed(item)
        ]

    def _accepts(self, path: str) -> bool:
        """Tell from its path whether a file is one of sessions and isn't hidden."""
        *_, name = parts = path.split("/")
        return is_called_for(name, self.pattern) and not any(
            part not in _NOT_HIDDEN and is_ignored(part) for part in parts
        )

    def _is_misnamed(self, item: Item) -> bool:
        """Tell whether a file's name is damaged, so that it may be one of ours."""
        return isinstance(self._store, Archive) and self._store.is_misnamed(item)

    def _is_one_of_ours(self, path: str) -> bool:
        if self._store.is_single:
            return not path
        return self._accepts(path) or self._is_misnamed(Item(path, 0))

    def _file(self, item: Item, opener: Opener) -> SessionFile:
        source = self._store.source_of(item.path)
        name = source.rpartition("/")[2]
        stem = stem_of(name)
        session_id = stem if self._store.is_single else session_id_of(stem)
        return SessionFile(
            opener,
            name,
            session_id,
            source,
            self.read_options,
            folder=item.path.rpartition("/")[0].rpartition("/")[2],
            is_uncertain=not self._store.is_single and is_uncertain(name, self.pattern),
        )

    def _recognized(
        self, without: FilesWithoutSession, item: Item, opener: Opener
    ) -> Iterator[Session]:
        found = self._file(item, opener).sessions()
        return found if self._store.is_single else without.noted(found, item.path)

    def _noted(self, without: FilesWithoutSession) -> Iterator[Never]:
        """Log once what holds no session, at the end of a walk; yield nothing."""
        if without and not self._is_noted:
            self._is_noted = True
            _LOGGER.info("%s: %s", self._store.source, without)
        yield from ()

    def _fetch(self, item: Item) -> SessionFile:
        return self._file(item, self._store.opener(item))

    def _sessions_at(self, item: Item) -> Iterator[Session]:
        return self._fetch(item).sessions()

    def _listing(self) -> Iterator[Listed[Item]]:
        for item, opener in self._fetched():
            file = self._file(item, opener).lenient()
            found = FilesWithoutSession().noted(file.sessions(), item.path)
            yield Listed.of(item, found)

    def _fetched(self) -> Iterator[tuple[Item, Opener]]:
        """Yield each file and its opener, which raises if it cannot be fetched."""
        if self._store.at_once == 1:
            for item in self._items():
                yield item, self._opener(item)
            return
        at_once = self._store.at_once
        for item, opener in in_order(self._ahead, self._items(), at_once):
            yield item, opener or self._opener(item)

    def _ahead(self, item: Item) -> tuple[Item, Opener | None]:
        return item, self._opener(item) if item.size <= _AHEAD else None

    def _opener(self, item: Item) -> Opener:
        try:
            return self._store.opener(item)
        except (BackendError, DecodeError) as error:
            return partial(_fail, error)


class ZipBackend(StoreBackend):
    """Sessions from a zip file on this machine, or at a URL.

    Its members are files of sessions, as in a directory. Nothing is unpacked to disk,
    and it cannot be written to.

    Args:
        location: The zip file's path, or ``zip://INSIDE::THAT``.
    """

    @staticmethod
    def claims(path: str) -> bool:
        """Tell whether this backend reads an existing path."""
        return is_zip_file(path)


@attrs.define(eq=False)
class RemoteBackend(StoreBackend):
    """Sessions from the objects below a URL, such as ``s3://bucket/directory``.

    The objects are files of sessions like those of a directory: they have the same
    names, are ordered by the bytes of their paths, and hidden ones are skipped. A URL
    may also name one object, or a zip file.

    Args:
        location: The URL, or ``zip://INSIDE::URL``.
        create: Accept a missing location as a directory yet to be written.

    The other arguments are those of :class:`StoreBackend`.
    """

    create: bool = attrs.field(default=False, kw_only=True)

    def write(self, session: Session) -> None:
        """Write a session to an object named after its id, as in a directory.

        Raises:
            UnsupportedError: The location is one file, or a zip file.
            BackendError: It could not be written, or the object holds another session;
                the object is unchanged.
            DecodeError: The object holds something else.
            EncodeError: The session, built by hand, holds values that JSON cannot.
        """
        if isinstance(self._store, Archive) or self._store.is_single:
            reason = "sessions cannot be written into an existing file"
            hint = "name a directory for them"
            raise UnsupportedError(self._store.source, reason, hint)
        name, kept = prepare_to_write(session)
        self._check_place(self._store, name, session.session_id)
        self._store.write(name, partial(dump, kept))

    def _may_be_missing(self) -> bool:
        return self.create

    def _check_place(self, store: Objects, name: str, session_id: str) -> None:
        if not self._accepts(name):
            reason = f"the pattern {self.pattern!r} doesn't match {name!r}"
            raise BackendError(store.source, reason)
        size = store.size(name)
        if size is not None:
            check_replaceable(self._fetch(Item(name, size)), session_id)


def _fail(error: BackendError | DecodeError) -> NoReturn:
    raise error


def _open_store(
    location: str, options: Mapping[str, object], *, create: bool
) -> Archive | Objects:
    """Return the objects or members at a location.

    Raises:
        BackendError: It cannot be opened, or is not there.
        DecodeError: It is a broken zip file.
    """
    parsed = parse(location)
    if parsed.scheme is None:
        return _local_archive(parsed, options)
    files = file_system(parsed, options)
    objects = Objects(files, parsed.outer, tuple(secrets_in(options)))
    if parsed.inside is None:
        objects.probe(may_be_missing=create)
        return objects
    return _probed_archive(partial(objects.stream, ""), parsed)


def _local_archive(parsed: Location, options: Mapping[str, object]) -> Archive:
    for name in options:
        raise BackendError(parsed.outer, f"a local file takes no option {name}")
    with os_errors_of(parsed.outer):
        path = Path.cwd() / parsed.outer
        path.stat()
    return _probed_archive(partial(open_regular, path, parsed.outer), parsed)


def _probed_archive(open_file: Callable[[], BinaryIO], parsed: Location) -> Archive:
    archive = Archive(open_file, parsed.outer, str(parsed.inside))
    archive.probe()
    return archive
