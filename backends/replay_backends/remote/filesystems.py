"""File systems of fsspec, with its errors turned into ours."""

import errno
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import attrs

from replay.authoring import masked
from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    PermissionDeniedError,
    ReplayError,
)
from replay_backends.remote.locations import SCHEMES, Location

_EXTRA: Final = "chat-replay[remote]"
_IN_THE_EXTRA: Final = ("", "s3fs")
_SHORTEST: Final = 4  # anything shorter isn't a secret, and is part of many words
_LONGEST: Final = 200  # characters of a service's message
_WRONG_KEY: Final = {
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_NO_KEY: Final = {
    "azure.core.exceptions.ClientAuthenticationError",
    "botocore.exceptions.CredentialRetrievalError",
    "botocore.exceptions.NoAuthTokenError",
    "botocore.exceptions.NoCredentialsError",
    "botocore.exceptions.PartialCredentialsError",
    "botocore.exceptions.ProfileNotFound",
    "botocore.exceptions.SSOError",
    "google.auth.exceptions.GoogleAuthError",
}
_BROKEN: Final = {
    "aiohttp.client_exceptions.ClientConnectionError",
    "aiohttp.client_exceptions.ClientPayloadError",
    "azure.core.exceptions.ServiceRequestError",
    "azure.core.exceptions.ServiceResponseError",
    "botocore.exceptions.ConnectionError",
    "botocore.exceptions.HTTPClientError",
}
_BUSY: Final = {errno.EBUSY, getattr(errno, "EREMOTEIO", errno.EIO)}
_HINTS: Final[Mapping[type[BackendError], str]] = {
    AuthError: "put keys where the store's own tools look for them",
    BackendUnavailableError: "try again later, and check the endpoint",
    PermissionDeniedError: "the key may not do that here, or is not the right one",
}


@attrs.frozen
class FileSystem:
    """A file system of fsspec, and a place in it."""

    calls: Any  #: fsspec's object, which has no types
    root: str  #: the place, as fsspec names it


def secrets_in(options: object) -> Iterator[str]:
    """Yield all strings in options, since any of them may be a secret."""
    if isinstance(options, str):
        if len(options) >= _SHORTEST:
            yield options
    elif isinstance(options, Mapping | list | tuple):
        values = options.values() if isinstance(options, Mapping) else options
        for each in values:
            yield from secrets_in(each)


def file_system(location: Location, options: Mapping[str, object]) -> FileSystem:
    """Return the file system that a URL leads to. Nothing is sent yet.

    Raises:
        BackendError: A package is missing, or the options are wrong.
    """
    core = _core(location)
    with remote_errors_of(location.outer, tuple(secrets_in(options))):
        # A cached listing would not show what others write meanwhile.
        calls, root = core.url_to_fs(
            location.outer, **{"use_listings_cache": False, **options}
        )
    return FileSystem(calls, root.rstrip("/"))


def _core(location: Location) -> Any:  # noqa: ANN401 - it has no types
    package = SCHEMES[str(location.scheme)]
    try:
        import fsspec.core  # noqa: PLC0415 - only with the extra

        if package:
            import_module(package)
    except ImportError as error:
        wanted = _EXTRA if package in _IN_THE_EXTRA else package
        reason = f"{package or 'fsspec'} is needed, and cannot be imported"
        hint = f'pip install "{wanted}"'
        raise BackendError(location.outer, reason, hint) from error
    return fsspec.core


@contextmanager
def remote_errors_of(source: str, secrets: Collection[str] = ()) -> Iterator[None]:
    """Turn a file system's exceptions within the block into our errors."""
    try:
        yield
    except (ReplayError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - others' code, as a plugin is
        failure = remote_failure(source, error, secrets)
        told = "".join(traceback.format_exception(error))
        raise failure from (error if masked(told, secrets) == told else None)


def remote_failure(
    source: str, error: Exception, secrets: Collection[str] = ()
) -> BackendError:
    """Return our error for an exception of a file system."""
    code = _code(error)
    if code == "NoSuchBucket":
        return BackendError(source, "there is no such bucket")
    if isinstance(error, FileNotFoundError):
        return BackendError(source, "there is nothing there")
    kind = _kind(error, code)
    return kind(source, _told(error, secrets), _HINTS.get(kind, ""))


def _kind(error: Exception, code: object) -> type[BackendError]:
    names = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__}
    if code in _WRONG_KEY or names & _NO_KEY:
        return AuthError
    if isinstance(error, PermissionError):
        return PermissionDeniedError
    is_broken = isinstance(error, ConnectionError | TimeoutError) or names & _BROKEN
    if is_broken or getattr(error, "errno", None) in _BUSY:
        return BackendUnavailableError
    return BackendError


def _code(error: BaseException) -> object:
    """Return S3's code for an error; None: it isn't from S3."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, Mapping):
            return response.get("Error", {}).get("Code")
    return None


def _told(error: Exception, secrets: Collection[str]) -> str:
    text = masked(str(getattr(error, "strerror", None) or error), secrets)
    line = " ".join(text.split())[:_LONGEST].rstrip(".")
    if not isinstance(error, OSError):
        return f"{type(error).__name__}: {line}" if line else type(error).__name__
    return line[:1].lower() + line[1:] or type(error).__name__
