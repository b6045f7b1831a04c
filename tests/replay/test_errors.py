"""The tree of errors, and refusals by the system."""

import copy
import errno
import os
import pickle
from pathlib import Path

import attrs
import pytest

from replay import errors
from replay.errors import os_errors_of

EVERY = [
    errors.DecodeError("$.events[3].content", "missing", "a.json", "read it again"),
    errors.LimitExceededError("$[0]", "longer than 3 bytes", "a.json", "raise it"),
    errors.UnrecognizedError("", "it looks like HTML", "a.json", "name its format"),
    errors.EncodeError("it is a set", "use a list"),
    errors.BackendError("a.json", "there is nothing", "look elsewhere"),
    errors.SessionNotFoundError("a.json", "no session", "look elsewhere"),
    errors.BackendUnavailableError("https://a", "no answer", "try again"),
    errors.AuthError("https://a", "401: no", "see the key", 401, "no", "req-1"),
    errors.PermissionDeniedError(
        "https://a", "403 Forbidden: no", status=403, detail="no"
    ),
    errors.InvalidRequestError(
        "https://a", "422", "", 422, [{}], "req-1", ({"msg": "x"},)
    ),
    errors.BadResponseError("https://a", "a sign-in page", "look"),
    errors.UnsafeRedirectError("https://a", "it leads to https://b"),
    errors.TLSError("https://a", "the certificate has expired", "renew it"),
    errors.StreamInterruptedError("https://a", "it broke off", "see rest", received=3),
    errors.RateLimitedError("https://a", "429", "wait", 429, None, "req-1", 1.5),
    errors.TruncatedResponseError("https://a", "it broke off"),
    errors.DeadlineExceededError("https://a", "too late", "wait longer"),
    errors.UnknownNameError("no backend 'x'", "did you mean 'y'?"),
    errors.UnsupportedError("a.json", "it cannot be written", "copy it"),
    errors.WorkerError("no worker begins", "see why"),
    errors.PluginError("usage", "no", "replay_text", 3, "mend it"),
    errors.BatchError("s1", "decode-error", "a.json: $: empty", "go on"),
    errors.CheckpointError("a.sqlite", "another run has it open", "wait"),
    errors.MustStopError("no", "mend it"),
    errors.AuditError("audit.jsonl", "no", "mend it"),
    errors.AuditLockedError("audit.jsonl", "no", "wait"),
    errors.AuditFullError("audit.jsonl", "no", "make room"),
    errors.AuditPoisonedError("audit.jsonl", "no", "open it anew"),
    errors.AuditTamperedError("audit.jsonl", "no", "look"),
]


def test_every_class_of_the_tree_is_tested_here() -> None:
    classes = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.ReplayError)
    }
    assert classes == {errors.ReplayError, *map(type, EVERY)}


def test_the_tree_that_the_docstring_draws_is_the_tree() -> None:
    drawn = Path(errors.__file__).read_text(encoding="utf-8").split('"""')[1]
    assert all(type(error).__name__ in drawn for error in EVERY)


def test_an_error_pickles_and_copies_with_its_fields() -> None:
    for error in EVERY:
        for back in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
            assert type(back) is type(error)
            assert vars(back) == vars(error)
            assert str(back) == str(error)


def test_an_error_can_be_evolved() -> None:
    for error in EVERY:
        evolved = attrs.evolve(error, hint="new")  # type: ignore[misc]  # all but the root are attrs classes
        assert evolved.hint == "new"


def test_an_errors_text_holds_all_its_words() -> None:
    for error in EVERY:
        said = [word for word in vars(error).values() if isinstance(word, str)]
        assert all(word in str(error) for word in said)


def test_only_an_unavailable_source_is_worth_another_try() -> None:
    for error in EVERY:
        unavailable = isinstance(error, errors.BackendUnavailableError)
        assert error.retryable is unavailable


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.DecodeError, ValueError),
        (errors.LimitExceededError, errors.DecodeError),
        (errors.UnrecognizedError, errors.DecodeError),
        (errors.EncodeError, ValueError),
        (errors.SessionNotFoundError, LookupError),
        (errors.BackendUnavailableError, ConnectionError),
        (errors.DeadlineExceededError, TimeoutError),
        (errors.StreamInterruptedError, ConnectionError),
        (errors.TLSError, ConnectionError),
        (errors.InvalidRequestError, ValueError),
        (errors.UnknownNameError, LookupError),
        (errors.UnsupportedError, TypeError),
        (errors.AuditError, errors.MustStopError),
    ],
)
def test_an_error_is_also_what_a_caller_may_catch(
    error: type[errors.ReplayError], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.DecodeError("$.a", "no", source="a.json"), "a.json: $.a: no"),
        (errors.DecodeError("$.a", "no"), "$.a: no"),
        (errors.UnknownNameError("no x", "try y"), "no x (try y)"),
        (
            errors.PluginError("usage", "no", "replay_text", 3),
            "plugin 'usage', hook replay_text, event 3: no",
        ),
        (
            errors.PluginError("usage", "no", "replay_text", 3, session="ses-1"),
            "session 'ses-1', plugin 'usage', hook replay_text, event 3: no",
        ),
        (errors.PluginError("usage", "no"), "plugin 'usage': no"),
    ],
)
def test_an_error_names_the_place_then_the_reason_then_a_hint(
    error: errors.ReplayError, told: str
) -> None:
    assert str(error) == told


def test_a_request_to_stop_is_no_error_of_the_tree() -> None:
    assert not issubclass(errors.StopReplay, errors.ReplayError)


def test_what_the_system_refuses_names_the_source_and_the_reason() -> None:
    error = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with pytest.raises(errors.BackendError) as caught, os_errors_of("a.json"):
        raise error
    assert str(caught.value) == "a.json: permission denied"
    assert caught.value.__cause__ is error


def test_an_error_without_a_number_tells_what_it_says() -> None:
    with pytest.raises(errors.BackendError, match=r"a\.json: not seekable"):  # noqa: SIM117, PT012 - one block would hide which raises
        with os_errors_of("a.json"):
            message = "Not seekable"
            raise OSError(message)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(errors.BackendError, match="embedded null"), os_errors_of("\0"):
        Path("\0").stat()


def test_errors_of_this_library_pass_as_they_are() -> None:
    error = errors.DecodeError("$", "empty")
    with pytest.raises(errors.DecodeError) as caught, os_errors_of("a.json"):
        raise error
    assert caught.value is error
