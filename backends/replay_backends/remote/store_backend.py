"""Sessions from files that no directory of this machine holds, as a backend."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from replay.errors import SessionNotFoundError
from replay.limits import Limits
from replay.portions import Portion, Stored
from replay.sessions import Session, SessionSummary
from replay_backends.remote.archives import Archive
from replay_backends.remote.objects import Objects
from replay_backends.remote.opening import open_store
from replay_backends.remote.shelf import Shelf
from replay_backends.session_files import Reading


@attrs.define(eq=False)
class StoreBackend:
    """Sessions from the files of a store.

    Args:
        location: A URL, the path of a zip file, or ``zip://INSIDE::THAT``.
        pattern: What the files are called, such as ``*.json``; None: as in a
            directory.
        strict: Refuse events that are not known or malformed.
        limits: How large things may be.
        endpoint_url: Where an S3-compatible service is; None: what
            ``AWS_ENDPOINT_URL`` says, or else Amazon's.
        anon: Read what is public on S3, without a key.
        storage_options: What else fsspec's file system takes.

    Raises:
        BackendError: There is nothing there, or it cannot be reached, or a package is
            missing.
        DecodeError: It is a broken zip file.
    """

    location: str
    pattern: str | None = attrs.field(default=None, kw_only=True)
    strict: bool = attrs.field(default=False, kw_only=True)
    limits: Limits = attrs.field(factory=Limits, kw_only=True)
    endpoint_url: str | None = attrs.field(default=None, kw_only=True, repr=False)
    anon: bool = attrs.field(default=False, kw_only=True)
    storage_options: Mapping[str, Any] = attrs.field(
        factory=dict, kw_only=True, repr=False
    )
    _store: Archive | Objects = attrs.field(init=False)
    _shelf: Shelf = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        options: dict[str, object] = dict(self.storage_options)
        if self.endpoint_url is not None:
            options["endpoint_url"] = self.endpoint_url
        if self.anon:
            options["anon"] = True
        self._store = open_store(self.location, options, create=self._may_be_missing())
        reading = Reading(self.strict, self.limits)
        self._shelf = Shelf(self._store, self.pattern, reading)

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session; every file is read for it.

        Raises:
            DecodeError: A file holds something else.
            BackendError: A file cannot be read.
        """
        return (session.summary() for session in self.sessions())

    def session(self, session_id: str) -> Session:
        """Return the first session of that id, wherever it is.

        Raises:
            SessionNotFoundError: There is none.
            DecodeError: There may be one in a file that holds something else.
            BackendError: There may be one in a file that cannot be read.
        """
        if session := self._shelf.session(session_id):
            return session
        reason = f"there is no session {session_id!a}"
        raise SessionNotFoundError(self._store.source, reason)

    def sessions(self) -> Iterator[Session]:
        """Yield every session; small files are fetched a few at once.

        Raises:
            DecodeError: A file holds something else.
            BackendError: A file cannot be read.
        """
        return self._shelf.sessions()

    def portions(self) -> Iterator[Portion]:
        """Yield a portion for each file; none is fetched.

        Raises:
            BackendError: They cannot be listed.
        """
        return self._shelf.portions()

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a file, which is fetched once.

        Raises:
            BackendError: There is no such file, or it cannot be had.
            DecodeError: It is packed, and what comes next is corrupt.
        """
        return self._shelf.stored(portion)

    def close(self) -> None:
        """Close the zip file; what was fetched stays as long as a session needs it."""
        if isinstance(self._store, Archive):
            self._store.close()

    def _may_be_missing(self) -> bool:
        """Tell whether what is not there is a directory that will be."""
        return False
