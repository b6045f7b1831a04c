"""Sessions from object stores, as a backend."""

from functools import partial

import attrs

from replay.errors import BackendError, UnsupportedError
from replay.sessions import Session
from replay.writing import dump
from replay_backends.remote.archives import Archive
from replay_backends.remote.objects import Objects
from replay_backends.remote.store_backend import StoreBackend
from replay_backends.remote.stores import Item
from replay_backends.session_files import check_replaceable
from replay_backends.shaping import file_to_keep


@attrs.define(eq=False)
class RemoteBackend(StoreBackend):
    """Sessions from the objects below a URL, such as ``s3://bucket/directory``.

    The objects are files of sessions like those of a directory: they are called the
    same, come in the order of the bytes of their paths, and hidden ones are passed
    over. A URL may also name one object, or a zip file.

    Args:
        location: The URL, or ``zip://INSIDE::URL``.
        pattern: What the files are called, such as ``*.json``; None: as in a
            directory.
        strict: Refuse events that are not known or malformed.
        limits: How large things may be.
        endpoint_url: Where an S3-compatible service is; None: what
            ``AWS_ENDPOINT_URL`` says, or else Amazon's.
        anon: Read what is public on S3, without a key.
        storage_options: What else fsspec's file system takes.
        create: Take what is not there for a directory that will be.

    Raises:
        BackendError: There is nothing there, or it cannot be reached, or a package is
            missing.
        DecodeError: It is a broken zip file.
    """

    create: bool = attrs.field(default=False, kw_only=True)

    def write(self, session: Session) -> None:
        """Keep a session in an object that bears its id, as a directory would.

        Raises:
            UnsupportedError: The location is one file, or a zip file.
            BackendError: It could not be kept, or the object holds another session;
                what was kept before is as it was.
            DecodeError: The object holds something else.
            EncodeError: It holds, built by hand, what JSON cannot.
        """
        if isinstance(self._store, Archive) or self._store.is_single:
            reason = "sessions cannot be written into a file that is there"
            hint = "name a directory for them"
            raise UnsupportedError(self._store.source, reason, hint)
        name, kept = file_to_keep(session)
        self._check_place(self._store, name, session.session_id)
        self._store.write(name, partial(dump, kept))

    def _may_be_missing(self) -> bool:
        return self.create

    def _check_place(self, store: Objects, name: str, session_id: str) -> None:
        if not self._shelf.accepts(name):
            reason = f"the pattern {self.pattern!r} leaves {name!r} out"
            raise BackendError(store.source, reason)
        size = store.size(name)
        if size is not None:
            item = Item(name, size)
            file = self._shelf.file(item, store.opener(item)).lenient()
            check_replaceable(file.sessions(), session_id, file.source)
