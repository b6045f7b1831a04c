"""The tree of errors, and what the system refuses."""

import copy
import errno
import os
import pickle
from pathlib import Path

import attrs
import pytest

from replay import errors
from replay.errors import (
    AuditError,
    AuditFullError,
    AuditLockedError,
    AuditPoisonedError,
    AuditTamperedError,
    AuthError,
    BackendError,
    BackendUnavailableError,
    BadResponseError,
    BatchError,
    CheckpointError,
    DeadlineExceededError,
    DecodeError,
    EncodeError,
    InvalidRequestError,
    LimitExceededError,
    MustStopError,
    PermissionDeniedError,
    PluginError,
    RateLimitedError,
    ReplayError,
    SessionNotFoundError,
    StopReplay,
    StreamInterruptedError,
    TLSError,
    TruncatedResponseError,
    UnknownNameError,
    UnsafeRedirectError,
    UnsupportedError,
    WorkerError,
    os_errors_of,
)

EVERY = [
    DecodeError("$.events[3].content", "missing", "a.json", "read it again"),
    LimitExceededError("$[0]", "longer than 3 bytes", "a.json", "raise it"),
    EncodeError("it is a set", "use a list"),
    BackendError("a.json", "there is nothing", "look elsewhere"),
    SessionNotFoundError("a.json", "no session", "look elsewhere"),
    BackendUnavailableError("https://a", "no answer", "try again"),
    AuthError("https://a", "401: no", "see the key", 401, "no", "req-1"),
    PermissionDeniedError("https://a", "403 Forbidden: no", status=403, detail="no"),
    InvalidRequestError("https://a", "422", "", 422, [{}], "req-1", ({"msg": "x"},)),
    BadResponseError("https://a", "a sign-in page", "look"),
    UnsafeRedirectError("https://a", "it leads to https://b"),
    TLSError("https://a", "the certificate has expired", "renew it"),
    StreamInterruptedError("https://a", "it broke off", "see rest", received=3),
    RateLimitedError("https://a", "429", "wait", 429, None, "req-1", 1.5),
    TruncatedResponseError("https://a", "it broke off"),
    DeadlineExceededError("https://a", "too late", "wait longer"),
    UnknownNameError("no backend 'x'", "did you mean 'y'?"),
    UnsupportedError("a.json", "it cannot be written", "copy it"),
    WorkerError("no worker begins", "see why"),
    PluginError("usage", "no", "replay_text", 3, "mend it"),
    BatchError("s1", "decode-error", "a.json: $: empty", "go on"),
    CheckpointError("a.sqlite", "another run has it open", "wait"),
    MustStopError("no", "mend it"),
    AuditError("audit.jsonl", "no", "mend it"),
    AuditLockedError("audit.jsonl", "no", "wait"),
    AuditFullError("audit.jsonl", "no", "make room"),
    AuditPoisonedError("audit.jsonl", "no", "open it anew"),
    AuditTamperedError("audit.jsonl", "no", "look"),
]


def test_every_class_of_the_tree_is_tested_here() -> None:
    classes = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ReplayError)
    }
    assert classes == {ReplayError, *map(type, EVERY)}


def test_the_tree_that_the_docstring_draws_is_the_tree() -> None:
    drawn = Path(errors.__file__).read_text(encoding="utf-8").split('"""')[1]
    assert all(type(error).__name__ in drawn for error in EVERY)


def test_an_error_pickles_with_its_fields() -> None:
    for error in EVERY:
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert type(back) is type(error)
        assert vars(back) == vars(error)
        assert str(back) == str(error)


def test_a_copy_of_an_error_says_the_same() -> None:
    for error in EVERY:
        assert str(copy.copy(error)) == str(error)


def test_an_error_can_be_evolved() -> None:
    for error in EVERY:
        evolved = attrs.evolve(error, hint="new")  # type: ignore[misc]  # all but the root are attrs classes
        assert evolved.hint == "new"


def test_an_errors_text_holds_all_its_words() -> None:
    for error in EVERY:
        said = [word for word in vars(error).values() if isinstance(word, str)]
        assert not [word for word in said if word not in str(error)]


def test_an_errors_name_ends_in_error() -> None:
    assert all(type(error).__name__.endswith("Error") for error in EVERY)


def test_every_class_has_a_code_of_its_own() -> None:
    codes = {type(error).code for error in EVERY} | {ReplayError.code}
    assert len(codes) == len(EVERY) + 1


def test_only_an_unavailable_source_is_worth_another_try() -> None:
    retryable = {type(error) for error in EVERY if error.retryable}
    kinds = {type(error) for error in EVERY}
    assert retryable == {
        each for each in kinds if issubclass(each, BackendUnavailableError)
    }


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (DecodeError, ValueError),
        (LimitExceededError, DecodeError),
        (EncodeError, ValueError),
        (SessionNotFoundError, LookupError),
        (BackendUnavailableError, ConnectionError),
        (DeadlineExceededError, TimeoutError),
        (StreamInterruptedError, ConnectionError),
        (TLSError, ConnectionError),
        (InvalidRequestError, ValueError),
        (UnknownNameError, LookupError),
        (UnsupportedError, TypeError),
        (AuditError, MustStopError),
    ],
)
def test_an_error_is_also_what_a_caller_may_catch(
    error: type[ReplayError], builtin: type[Exception]
) -> None:
    assert issubclass(error, builtin)


def test_a_decode_error_names_its_file_and_the_place_in_it() -> None:
    error = DecodeError("$.events", "missing", source="a.json")
    assert str(error) == "a.json: $.events: missing"


def test_a_decode_error_of_a_value_names_the_place_alone() -> None:
    assert str(DecodeError("$.events", "missing")) == "$.events: missing"


def test_a_hint_stands_in_brackets() -> None:
    assert str(UnknownNameError("no x", "try y")) == "no x (try y)"


def test_a_plugin_error_names_plugin_hook_and_event() -> None:
    error = PluginError("usage", "no", "replay_text", 3)
    assert str(error) == "plugin 'usage', hook replay_text, event 3: no"


def test_a_plugin_error_before_any_hook_names_the_plugin_alone() -> None:
    assert str(PluginError("usage", "no")) == "plugin 'usage': no"


def test_a_request_to_stop_is_no_error_of_the_tree() -> None:
    assert not issubclass(StopReplay, ReplayError)


def test_what_the_system_refuses_names_the_source_and_the_reason() -> None:
    error = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with pytest.raises(BackendError) as caught, os_errors_of("a.json"):
        raise error
    assert str(caught.value) == "a.json: permission denied"
    assert caught.value.__cause__ is error


def test_an_error_without_a_number_tells_what_it_says() -> None:
    with pytest.raises(BackendError, match=r"a\.json: not seekable"):  # noqa: SIM117, PT012 - one block would hide which raises
        with os_errors_of("a.json"):
            message = "Not seekable"
            raise OSError(message)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(BackendError, match="embedded null"), os_errors_of("\0"):
        Path("\0").stat()


def test_errors_of_this_library_pass_as_they_are() -> None:
    error = DecodeError("$", "empty")
    with pytest.raises(DecodeError) as caught, os_errors_of("a.json"):
        raise error
    assert caught.value is error
