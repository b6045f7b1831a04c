"""What file systems raise, as errors of this library."""

import errno
import traceback
from importlib import import_module

import pytest

from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    DecodeError,
    PermissionDeniedError,
)
from replay_backends.remote.filesystems import remote_errors_of, remote_failure

botocore = import_module("botocore.exceptions")
WORD = "s3cr3t"


def refused(code: str, error: OSError) -> OSError:
    """Return what s3fs raises where S3 refuses something."""
    response = {"Error": {"Code": code, "Message": "Refused"}}
    error.__cause__ = botocore.ClientError(response, "GetObject")
    return error


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (FileNotFoundError("b/a"), BackendError, "it: there is nothing there"),
        (
            refused("NoSuchBucket", FileNotFoundError("No.")),
            BackendError,
            "it: there is no such bucket",
        ),
        (
            refused("AccessDenied", PermissionError("Access Denied")),
            PermissionDeniedError,
            "it: access Denied (the key may not do that here, or is not the right one)",
        ),
        (
            refused("SignatureDoesNotMatch", PermissionError("No.")),
            AuthError,
            "it: no (put keys where the store's own tools look for them)",
        ),
        (
            botocore.NoCredentialsError(),
            AuthError,
            "it: NoCredentialsError: Unable to locate credentials (put",
        ),
        (
            botocore.EndpointConnectionError(endpoint_url="http://a:1/b?X-Token=1"),
            BackendUnavailableError,
            'URL: "http://a:1/b?***" (try again later, and check the endpoint)',
        ),
        (TimeoutError(), BackendUnavailableError, "it: TimeoutError (try"),
        (
            refused("SlowDown", OSError(errno.EBUSY, "Slow down.")),
            BackendUnavailableError,
            "it: slow down (try again later",
        ),
        (OSError(errno.EINVAL, "Odd\nthing."), BackendError, "it: odd thing"),
        (KeyError(), BackendError, "it: KeyError"),
        (OSError(), BackendError, "it: OSError"),
    ],
)
def test_an_error_says_what_to_do(
    error: Exception, kind: type[BackendError], told: str
) -> None:
    failure = remote_failure("it", error)
    assert type(failure) is kind
    assert told in str(failure)


def test_what_is_said_is_short_and_holds_no_secret() -> None:
    error = OSError(f"s3cr3t at s3://me:word@b/a {'x' * 1000}")
    told = str(remote_failure("it", error, ["s3cr3t"]))
    assert told.startswith("it: *** at s3://***@b/a xxx")
    assert len(told) < 250


def test_a_secret_at_the_end_of_what_is_said_is_not_shown_in_part() -> None:
    error = OSError(f"{'x' * 190} longer-than-ten-characters")
    told = str(remote_failure("it", error, ["longer-than-ten-characters"]))
    assert "***" in told
    assert "longer" not in told


def test_errors_of_ours_and_of_memory_pass() -> None:
    for error in (DecodeError("$", "no"), MemoryError()):
        with pytest.raises(type(error)) as caught, remote_errors_of("it"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("text", [WORD, "http://me:word@b/a"])
def test_no_traceback_shows_a_secret(text: str) -> None:
    error = OSError("no")
    error.__cause__ = ValueError(text)
    with pytest.raises(BackendError) as caught, remote_errors_of("it", [WORD]):
        raise error
    assert text not in "".join(traceback.format_exception(caught.value))


def test_the_cause_is_kept() -> None:
    error = OSError("no")
    with pytest.raises(BackendError) as caught, remote_errors_of("it"):
        raise error
    assert caught.value.__cause__ is error
