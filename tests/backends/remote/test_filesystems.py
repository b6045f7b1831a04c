"""Locations of stores, and fsspec's file systems for them."""

import errno
import sys
import traceback
from importlib import import_module

import pytest

from replay.authoring import masked
from replay.errors import (
    AuthError,
    BackendError,
    BackendUnavailableError,
    DecodeError,
    PermissionDeniedError,
)
from replay_backends.remote.filesystems import (
    remote_errors_of,
    remote_failure,
    secrets_in,
)
from replay_backends.remote.locations import Location, parse
from replay_command import Run


def test_a_location_is_taken_apart() -> None:
    parts = {
        "s3://b": ("s3://b", "s3", None),
        "S3://b/A": ("s3://b/A", "s3", None),
        "memory://": ("memory://", "memory", None),
        "gs://b/a.json": ("gs://b/a.json", "gs", None),
        "s3://b/a.ZIP": ("s3://b/a.ZIP", "s3", ""),
        "a.zip": ("a.zip", None, ""),
        "a": ("a", None, ""),
        "zip://a.zip": ("a.zip", None, ""),
        "zip:///a/b": ("/a/b", None, ""),
        "zip://*::a.zip": ("a.zip", None, ""),
        "zip://::s3://b/a": ("s3://b/a", "s3", ""),
        "zip:///sub/::s3://b/a.zip": ("s3://b/a.zip", "s3", "sub"),
        "ZIP://sub/x.json::a.zip": ("a.zip", None, "sub/x.json"),
    }
    for location, (outer, scheme, inside) in parts.items():
        assert parse(location) == Location(outer, scheme, inside)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("zip://", "zip://: the zip file is not named (write zip://"),
        ("zip://sub::", "zip://sub::: the zip file is not named (write zip://"),
        ("zip://*.json::a.zip", "only * by itself stands for all of a zip file (name"),
        (
            "zip://a::ftp://b/a.zip",
            "ftp://b/a.zip: that isn't the URL of a store (use abfs",
        ),
        (
            "zip://a::file:///a.zip",
            "file:///a.zip: that isn't the URL of a store (use abfs",
        ),
        ("s3://b/a::c", "s3://b/a::c: that isn't the URL of a store (use abfs"),
        ("s3://", "s3://: a bucket or container is needed after the scheme"),
    ],
)
def test_what_names_nothing_is_refused(location: str, told: str) -> None:
    with pytest.raises(BackendError) as caught:
        parse(location)
    assert told in str(caught.value)


def test_a_location_with_a_secret_is_refused_without_it() -> None:
    with pytest.raises(BackendError) as caught:
        parse("zip://a::s3://me:word@b/a.zip?Signature=1f")
    assert str(caught.value) == (
        "zip://a::s3://***@b/a.zip?***: a password or signature must not be part of a "
        "location (put keys where the store's own tools look for them)"
    )
    assert parse("what?key=1.zip").scheme is None  # a path of this machine


@pytest.mark.parametrize(
    ("url", "name", "package"),
    [
        ("memory://a", "fsspec", "chat-replay[remote]"),
        ("s3://b/a", "s3fs", "chat-replay[remote]"),
        ("gs://b/a", "gcsfs", "gcsfs"),
        ("abfs://b/a", "adlfs", "adlfs"),
    ],
)
def test_where_a_package_is_missing_one_line_tells(
    monkeypatch: pytest.MonkeyPatch, run: Run, url: str, name: str, package: str
) -> None:
    for each in (name, f"{name}.core"):  # as if it were not installed
        monkeypatch.setitem(sys.modules, each, None)
    done = run("ls", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: {url}: {name} is needed, and cannot be imported "
        f'(pip install "{package}")\n'
    )


botocore = import_module("botocore.exceptions")
WORD = "s3cr3t"


def refused(code: str, error: OSError) -> OSError:
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
    error = OSError(f"{'x' * 190} longer-than-ten-characters")  # cut, but not in part
    told = str(remote_failure("it", error, ["longer-than-ten-characters"]))
    assert "***" in told
    assert "longer" not in told


def test_errors_of_ours_and_of_memory_pass() -> None:
    for error in (DecodeError("$", "no"), MemoryError()):
        with pytest.raises(type(error)) as caught, remote_errors_of("it"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("text", [WORD, "http://me:word@b/a", "public"])
def test_the_cause_is_kept_unless_a_traceback_would_show_a_secret(text: str) -> None:
    error = OSError("no")
    error.__cause__ = ValueError(text)
    with pytest.raises(BackendError) as caught, remote_errors_of("it", [WORD]):
        raise error
    assert caught.value.__cause__ is (error if text == "public" else None)
    told = "".join(traceback.format_exception(caught.value))
    assert (text in told) is (text == "public")


def test_all_that_options_hold_may_be_secret() -> None:
    more = {"word": ("secret", None)}
    options = {"key": "AKIA", "n": 7, "b": True, "s": "abc", "more": more}
    secrets = [*secrets_in(options)]
    assert secrets == ["AKIA", "secret"]
    assert masked("AKIA: secret abc", secrets) == "***: *** abc"
