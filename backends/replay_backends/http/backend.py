"""The service's sessions, as a backend."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar
from urllib.parse import urlsplit

import attrs

from replay import ImageAttachment, Limits, Portion, Session, SessionSummary, Stored
from replay.authoring import is_loopback
from replay.errors import AuthError
from replay_backends.files.read_options import ReadOptions, check_limits
from replay_backends.http.api_key import VARIABLES, find_key
from replay_backends.http.request import HOME, Prompt, base_url, session_path
from replay_backends.http.session_list import fetched, ids_in, portions_of, session_of
from replay_backends.ordered_fetch import in_order

if TYPE_CHECKING:
    from replay.authoring import Rewrite
    from replay_backends.http.attachments import Attachments
    from replay_backends.http.client import Client
    from replay_backends.http.live import LiveStream

_Found = TypeVar("_Found")
_KEPT: Final = 10  # connections for calls from the user's own threads
_WEEK: Final = 7 * 24 * 3600.0  # seconds


def _at_most_a_week(seconds: float) -> float:
    """Return a timeout that the system accepts: it doesn't accept infinity."""
    return min(seconds, _WEEK)


@attrs.define(eq=False)
class HTTPBackend:
    """Sessions from a server that speaks the service's HTTP API.

    Args:
        location: The server's URL, such as ``https://api.cloud.llamaindex.ai``.
        api_key: The key; None: the value of ``LLAMA_CLOUD_API_KEY``, or else of
            ``LLAMA_PARSE_API_KEY``. A server on this machine may need none.
        project_id: Only sessions of this project; None: the key's own project.
        organization_id: Like *project_id*, for an organization.
        timeout: Seconds for a call, including retries, and at most a week's worth
            counts. A live turn may take longer: it times out without a sign of life.
        retries: Maximum number of retries of a GET; a prompt is sent only once.
        page_size: Sessions per page of the list; None: the server's default.
        concurrency: Maximum number of sessions fetched at once.
        strict: Refuse unknown or malformed events.
        limits: Size limits.
        verify: The path of a file of certificates to trust; False: trust everyone.
        allow_plain_http: Allow unencrypted connections to other machines.
        allow_private_hosts: Allow page images from private addresses.

    Raises:
        BackendError: The location isn't a URL that may be used.
        AuthError: There is no key, or it cannot be a valid one.
    """

    location: str = ""
    api_key: str | None = attrs.field(default=None, kw_only=True, repr=False)
    project_id: str | None = attrs.field(default=None, kw_only=True)
    organization_id: str | None = attrs.field(default=None, kw_only=True)
    timeout: float = attrs.field(
        default=120.0,
        kw_only=True,
        converter=_at_most_a_week,
        validator=attrs.validators.gt(0),
    )
    retries: int = attrs.field(
        default=5, kw_only=True, validator=attrs.validators.ge(0)
    )
    page_size: int | None = attrs.field(default=None, kw_only=True)
    concurrency: int = attrs.field(
        default=8, kw_only=True, validator=attrs.validators.ge(1)
    )
    strict: bool = attrs.field(default=False, kw_only=True)
    limits: Limits = attrs.field(factory=Limits, kw_only=True, validator=check_limits)
    verify: bool | str = attrs.field(default=True, kw_only=True)
    allow_plain_http: bool = attrs.field(default=False, kw_only=True)
    allow_private_hosts: bool = attrs.field(default=False, kw_only=True)
    _client: "Client" = attrs.field(init=False, repr=False)
    _attachments: "Attachments" = attrs.field(init=False, repr=False)

    _home: ClassVar[str] = ""  #: the default location

    def __attrs_post_init__(self) -> None:
        # These import requests, which is slow; this module is imported to open files.
        from replay_backends.http.attachments import Attachments  # noqa: PLC0415
        from replay_backends.http.client import Client, new_session  # noqa: PLC0415
        from replay_backends.http.errors import without_frames  # noqa: PLC0415

        location = self.location or self._default_location()
        base = base_url(location, allow_plain_http=self.allow_plain_http)
        key = without_frames(find_key)(self.api_key, base)
        self.api_key = None  # from now on only the Key holds it
        if key is None and not is_loopback(str(urlsplit(base).hostname)):
            hint = f"set {VARIABLES[0]} or {VARIABLES[1]}; in Python, api_key= will do"
            raise AuthError(base, "there is no key", hint)
        scope = {"project_id": self.project_id, "organization_id": self.organization_id}
        self._client = Client(
            base,
            key,
            {name: each for name, each in scope.items() if each is not None},
            self.timeout,
            self.retries,
            self.limits.response_bytes,
            self.verify,
            new_session(_KEPT),
        )
        self._attachments = Attachments(
            self._client, allow_private_hosts=self.allow_private_hosts
        )

    def summaries(self) -> Iterator[SessionSummary]:
        """Yield the header of each session, page by page, as the server lists them."""
        from replay_backends.http.session_list import summaries  # noqa: PLC0415 - as above

        return summaries(self._client, self.page_size)

    def session(self, session_id: str) -> Session:
        """Return one session, its events oldest first."""
        return self._session(self._client, session_id)

    def sessions(self) -> Iterator[Session]:
        """Yield every session, in the order of :meth:`summaries`.

        Several are fetched at once; at most twice :attr:`concurrency` are in memory.
        """
        ids = (summary.session_id for summary in self.summaries())
        return self._each(ids, lambda session, session_id: session(session_id))

    def portions(self) -> Iterator[Portion]:
        """Yield the sessions in portions of a few dozen, as the server lists them."""
        return portions_of(self.summaries())

    def stored(self, portion: Portion) -> Iterator[Stored]:
        """Yield the sessions of a portion; several are fetched at once."""
        ids = ids_in(portion, self._client.base)
        return self._each(ids, fetched)

    def stream(  # noqa: PLR0913 - what a turn may be asked with
        self,
        session_id: str,
        prompt: str,
        index_ids: Sequence[str],
        *,
        require_all_indexes: bool = False,
        record_to: str | os.PathLike[str] | None = None,
        rewrite: "Rewrite | None" = None,
    ) -> "LiveStream":
        """Send a prompt once, and return a stream of its turn's events as they arrive.

        The arguments are those of :meth:`replay.Source.stream`; *rewrite* returns the
        session that the caller and the directory get instead of the one that arrives.
        """
        from replay_backends.http.live import LiveStream  # noqa: PLC0415 - as above

        stream = LiveStream(
            Prompt(session_id, prompt, index_ids, require_all_indexes),
            self._client.with_own_connections(1),
            lambda: self.session(session_id).events,
            self.limits,
            strict=self.strict,
        )
        stream.start(None if record_to is None else os.fspath(record_to), rewrite)
        return stream

    def attachment(self, image: ImageAttachment) -> bytes:
        """Return the page image that a tool result names.

        Raises:
            BackendError: There is none, or it cannot be fetched.
            LimitExceededError: It is too long.
        """
        return self._attachments.image(image)

    def close(self) -> None:
        """Close all connections."""
        self._client.hang_up()
        self._attachments.close()

    def _each(
        self,
        ids: Iterable[str],
        fetch: Callable[[Callable[[str], Session], str], _Found],
    ) -> Iterator[_Found]:
        client = self._client.with_own_connections(self.concurrency)
        one = partial(fetch, partial(self._session, client))
        return in_order(one, ids, self.concurrency, client.hang_up)

    def _session(self, client: "Client", session_id: str) -> Session:
        path = session_path(session_id, client.base)
        options = ReadOptions(self.strict, self.limits)
        return client.get(
            path,
            lambda body: session_of(body, client.base + path, session_id, options),
            session_id=session_id,
        )

    def _default_location(self) -> str:
        return self._home


_BASE_VARIABLE: Final = "LLAMA_CLOUD_BASE_URL"


class LlamaCloudBackend(HTTPBackend):
    """Sessions from LlamaCloud in North America, or from ``LLAMA_CLOUD_BASE_URL``."""

    _home = HOME

    def _default_location(self) -> str:
        return os.environ.get(_BASE_VARIABLE) or self._home


class LlamaCloudEUBackend(HTTPBackend):
    """Sessions from LlamaCloud in Europe."""

    _home = "https://api.cloud.eu.llamaindex.ai"
